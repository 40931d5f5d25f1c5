//! From tokens to events, by the grammar of YAML 1.1 as Go's reader has it.

mod block;
mod flow;

use std::borrow::Cow;

use super::scanner::{Problem, Scanner, Token, TokenKind};

/// What a document consists of, in order.
#[derive(Debug)]
pub(super) enum Event<'i> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(&'i str),
    Scalar(ScalarEvent<'i>),
    SequenceStart { anchor: Option<&'i str> },
    SequenceEnd,
    MappingStart { anchor: Option<&'i str> },
    MappingEnd,
}

/// A scalar as it is written.
#[derive(Debug)]
pub(super) struct ScalarEvent<'i> {
    pub anchor: Option<&'i str>,
    /// Expanded; none if there is none.
    pub tag: Option<Vec<u8>>,
    pub text: Cow<'i, str>,
    /// Without quotes or block indicator.
    pub plain: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceEntry,
    IndentlessSequenceEntry,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceEntry { first: bool },
    FlowSequenceMappingKey,
    FlowSequenceMappingValue,
    FlowSequenceMappingEnd,
    FlowMappingKey { first: bool },
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

type Result<T> = std::result::Result<T, Problem>;

/// Handles of tags that hold without a directive.
const DEFAULT_HANDLES: [(&str, &[u8]); 2] = [("!", b"!"), ("!!", b"tag:yaml.org,2002:")];

#[derive(Debug)]
pub(super) struct Parser<'i> {
    scanner: Scanner<'i>,
    state: State,
    /// Where to go on behind the collections that are open.
    states: Vec<State>,
    handles: Vec<(&'i str, Vec<u8>)>,
    /// How many `%TAG` directives a document may have.
    handles_limit: usize,
}

impl<'i> Parser<'i> {
    pub fn new(text: &'i str, handles_limit: usize) -> Self {
        Self {
            scanner: Scanner::new(text),
            state: State::ImplicitDocumentStart,
            states: Vec::new(),
            handles: Vec::new(),
            handles_limit,
        }
    }

    pub fn next(&mut self) -> Result<Event<'i>> {
        match self.state {
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(true, false),
            State::BlockSequenceEntry => self.block_sequence_entry(),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingKey => self.block_mapping_key(),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceEntry { first } => self.flow_sequence_entry(first),
            State::FlowSequenceMappingKey => self.flow_sequence_mapping_key(),
            State::FlowSequenceMappingValue => self.flow_sequence_mapping_value(),
            State::FlowSequenceMappingEnd => {
                self.state = State::FlowSequenceEntry { first: false };
                Ok(Event::MappingEnd)
            }
            State::FlowMappingKey { first } => self.flow_mapping_key(first),
            State::FlowMappingValue => self.flow_mapping_value(),
            State::FlowMappingEmptyValue => Ok(self.empty(State::FlowMappingKey { first: false })),
            State::End => Ok(Event::StreamEnd),
        }
    }

    fn peek(&mut self) -> Result<&TokenKind<'i>> {
        Ok(&self.scanner.peek()?.kind)
    }

    fn skip(&mut self) -> Result<()> {
        self.scanner.take().map(drop)
    }

    /// An empty scalar, after which it goes on in the state.
    fn empty(&mut self, state: State) -> Event<'i> {
        self.state = state;
        Event::Scalar(ScalarEvent { anchor: None, tag: None, text: Cow::Borrowed(""), plain: true })
    }

    /// A node, after which it goes on in the state.
    fn node_then(&mut self, state: State, block: bool, indentless: bool) -> Result<Event<'i>> {
        self.states.push(state);
        self.node(block, indentless)
    }

    fn pop(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    /// Go counts the lines of its parser's problems from 0, and gives none for the first.
    fn problem<T>(&mut self, text: &'static str) -> Result<T> {
        let line = self.scanner.peek()?.line;
        Err(Problem { line, text })
    }

    fn document_start(&mut self, implicit: bool) -> Result<Event<'i>> {
        while !implicit && matches!(self.peek()?, TokenKind::DocumentEnd) {
            self.skip()?;
        }
        match self.peek()? {
            TokenKind::StreamEnd => {
                self.state = State::End;
                return Ok(Event::StreamEnd);
            }
            TokenKind::VersionDirective { .. } | TokenKind::TagDirective { .. } | TokenKind::DocumentStart => {}
            _ if implicit => {
                self.directives()?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                return Ok(Event::DocumentStart);
            }
            _ => {}
        }
        self.directives()?;
        if !matches!(self.peek()?, TokenKind::DocumentStart) {
            return self.problem("did not find expected <document start>");
        }
        self.skip()?;
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        Ok(Event::DocumentStart)
    }

    fn directives(&mut self) -> Result<()> {
        let mut version = false;
        loop {
            match *self.peek()? {
                TokenKind::VersionDirective { .. } if version => {
                    return self.problem("found duplicate %YAML directive");
                }
                TokenKind::VersionDirective { supported: false } => {
                    return self.problem("found incompatible YAML document");
                }
                TokenKind::VersionDirective { .. } => version = true,
                TokenKind::TagDirective { handle, .. } => {
                    if self.handles.iter().any(|(known, _)| *known == handle) {
                        return self.problem("found duplicate %TAG directive");
                    }
                    if self.handles.len() >= self.handles_limit {
                        return self.problem("found too many %TAG directives");
                    }
                }
                _ => break,
            }
            if let Token { kind: TokenKind::TagDirective { handle, prefix }, .. } = self.scanner.take()? {
                self.handles.push((handle, prefix));
            }
        }
        for (handle, prefix) in DEFAULT_HANDLES {
            if !self.handles.iter().any(|(known, _)| *known == handle) {
                self.handles.push((handle, prefix.to_vec()));
            }
        }
        Ok(())
    }

    fn document_content(&mut self) -> Result<Event<'i>> {
        match self.peek()? {
            TokenKind::VersionDirective { .. }
            | TokenKind::TagDirective { .. }
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                self.pop();
                let state = self.state;
                Ok(self.empty(state))
            }
            _ => self.node(true, false),
        }
    }

    /// Whatever follows ends the document: what it is shows only if somebody asks for another one.
    fn document_end(&mut self) -> Result<Event<'i>> {
        if matches!(self.peek()?, TokenKind::DocumentEnd) {
            self.skip()?;
        }
        self.handles.clear();
        self.state = State::DocumentStart;
        Ok(Event::DocumentEnd)
    }

    fn node(&mut self, block: bool, indentless: bool) -> Result<Event<'i>> {
        if let TokenKind::Alias(name) = *self.peek()? {
            self.skip()?;
            self.pop();
            return Ok(Event::Alias(name));
        }
        let (anchor, tag) = self.properties()?;
        let state = match self.peek()? {
            TokenKind::BlockEntry if indentless => State::IndentlessSequenceEntry,
            TokenKind::FlowSequenceStart => State::FlowSequenceEntry { first: true },
            TokenKind::FlowMappingStart => State::FlowMappingKey { first: true },
            TokenKind::BlockSequenceStart if block => State::BlockSequenceEntry,
            TokenKind::BlockMappingStart if block => State::BlockMappingKey,
            TokenKind::Scalar { .. } => {
                self.pop();
                let Token { kind: TokenKind::Scalar { text, plain }, .. } = self.scanner.take()? else {
                    return self.problem("did not find expected node content");
                };
                return Ok(Event::Scalar(ScalarEvent { anchor, tag, text, plain }));
            }
            _ if anchor.is_some() || tag.is_some() => {
                self.pop();
                return Ok(Event::Scalar(ScalarEvent { anchor, tag, text: Cow::Borrowed(""), plain: true }));
            }
            _ => return self.problem("did not find expected node content"),
        };
        self.state = state;
        if !matches!(state, State::IndentlessSequenceEntry) {
            self.skip()?;
        }
        Ok(match state {
            State::BlockMappingKey | State::FlowMappingKey { .. } => Event::MappingStart { anchor },
            _ => Event::SequenceStart { anchor },
        })
    }

    /// An anchor and a tag, in either order.
    fn properties(&mut self) -> Result<(Option<&'i str>, Option<Vec<u8>>)> {
        let mut anchor = None;
        let mut tag = None;
        loop {
            match self.peek()? {
                TokenKind::Anchor(name) if anchor.is_none() => {
                    anchor = Some(*name);
                    self.skip()?;
                }
                TokenKind::Tag { .. } if tag.is_none() => {
                    let taken = self.scanner.take()?;
                    tag = Some(taken);
                }
                _ => break,
            }
        }
        let Some(Token { kind: TokenKind::Tag { handle, suffix }, line }) = tag else { return Ok((anchor, None)) };
        let mut expanded = if handle.is_empty() {
            Vec::new()
        } else {
            self.handles
                .iter()
                .find(|(known, _)| *known == handle)
                .map(|(_, prefix)| prefix.clone())
                .ok_or(Problem { line, text: "found undefined tag handle" })?
        };
        expanded.extend(suffix);
        Ok((anchor, Some(expanded).filter(|tag| !tag.is_empty())))
    }
}
