//! From text to tokens, by the grammar of YAML 1.1 as Go's reader has it.
//!
//! The grammar is Go's and not that of YAML 1.2, because what Helm refuses must be refused and what it reads must be
//! read alike: of some 20 000 damaged chart files a reader of YAML 1.2 judged one in ten otherwise.

mod block;
mod context;
mod plain;
mod quoted;
mod tag;

use std::borrow::Cow;
use std::collections::VecDeque;

use super::cursor::{Cursor, Mark};

/// A token, and the line it stands on, counted from 0.
#[derive(Debug)]
pub(super) struct Token<'i> {
    pub kind: TokenKind<'i>,
    pub line: usize,
}

#[derive(Debug)]
pub(super) enum TokenKind<'i> {
    StreamEnd,
    VersionDirective { supported: bool },
    TagDirective { handle: &'i str, prefix: Vec<u8> },
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'i str),
    Anchor(&'i str),
    Tag { handle: &'i str, suffix: Vec<u8> },
    Scalar { text: Cow<'i, str>, plain: bool },
}

/// What is wrong, in the words of Go's reader, and the line it gives, counted from 1; 0 if it gives none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Problem {
    pub line: usize,
    pub text: &'static str,
}

type Result<T> = std::result::Result<T, Problem>;

/// A place where a key may have begun without a `?` before it. Whether it has shows only when a `:` follows.
#[derive(Debug, Clone, Copy)]
struct SimpleKey {
    possible: bool,
    /// There must be a key here, since the place continues a block mapping.
    required: bool,
    /// The key holds back its token until it is known to be one or not.
    awaited: bool,
    /// Which token it is, counted from the start of the stream.
    number: usize,
    mark: Mark,
}

/// A key without `?` must end on its line and within so many characters (YAML 1.2, section 8.2.2, which Go applies).
/// This also bounds how many tokens wait.
const SIMPLE_KEY_LENGTH: usize = 1024;

#[derive(Debug)]
pub(super) struct Scanner<'i> {
    cursor: Cursor<'i>,
    tokens: VecDeque<Token<'i>>,
    /// How many tokens have been taken.
    taken: usize,
    /// The first token that waits is known to be the next one.
    ready: bool,
    ended: bool,
    /// Columns at which the open block collections began, -1 for none.
    indent: isize,
    indents: Vec<isize>,
    flow_level: usize,
    simple_key_allowed: bool,
    /// One for each flow level, and one for the block around them.
    keys: Vec<SimpleKey>,
}

impl<'i> Scanner<'i> {
    pub fn new(text: &'i str) -> Self {
        let key = SimpleKey { possible: false, required: false, awaited: false, number: 0, mark: Mark::default() };
        Self {
            cursor: Cursor::new(text),
            tokens: VecDeque::new(),
            taken: 0,
            ready: false,
            ended: false,
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            simple_key_allowed: true,
            keys: vec![key],
        }
    }

    /// The next token, left where it is.
    pub fn peek(&mut self) -> Result<&Token<'i>> {
        if !self.ready {
            self.fill()?;
            self.ready = true;
        }
        Ok(&self.tokens[0])
    }

    /// Takes the token that was peeked at.
    pub fn take(&mut self) -> Result<Token<'i>> {
        self.peek()?;
        self.ready = false;
        self.taken += 1;
        self.tokens.pop_front().ok_or_else(|| self.problem("did not find expected node content"))
    }

    /// Reads on until the first token that waits can no longer turn out to be a key.
    fn fill(&mut self) -> Result<()> {
        loop {
            if !self.tokens.is_empty() {
                let taken = self.taken;
                let awaited = self.keys.iter().position(|key| key.awaited && key.number == taken);
                match awaited {
                    Some(level) if self.is_valid_key(level)? => {}
                    _ => return Ok(()),
                }
            }
            self.fetch()?;
        }
    }

    fn fetch(&mut self) -> Result<()> {
        if self.ended {
            self.push(TokenKind::StreamEnd, self.cursor.mark);
            return Ok(());
        }
        self.skip_to_token();
        self.unroll_indent(self.cursor.mark.column as isize);
        if self.cursor.is_end() {
            return self.fetch_end();
        }
        let at_line_start = self.cursor.mark.column == 0;
        let in_flow = self.flow_level > 0;
        let separated = self.cursor.ends_word(1);
        match self.cursor.byte(0) {
            b'%' if at_line_start => self.fetch_directive(),
            b'-' if at_line_start && self.cursor.is_marker(b'-') => {
                self.fetch_document_indicator(TokenKind::DocumentStart)
            }
            b'.' if at_line_start && self.cursor.is_marker(b'.') => {
                self.fetch_document_indicator(TokenKind::DocumentEnd)
            }
            b'[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            b'{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            b']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if separated => self.fetch_block_entry(),
            b'?' if in_flow || separated => self.fetch_key(),
            b':' if in_flow || separated => self.fetch_value(),
            b'*' => self.fetch_anchor(TokenKind::Alias),
            b'&' => self.fetch_anchor(TokenKind::Anchor),
            b'!' => self.fetch_tag(),
            b'|' if !in_flow => self.fetch_block_scalar(true),
            b'>' if !in_flow => self.fetch_block_scalar(false),
            b'\'' => self.fetch_quoted_scalar(true),
            b'"' => self.fetch_quoted_scalar(false),
            b'\t' | b'#' | b'|' | b'>' | b'%' | b'@' | b'`' => {
                Err(self.problem("found character that cannot start any token"))
            }
            _ => self.fetch_plain_scalar(),
        }
    }

    fn fetch_end(&mut self) -> Result<()> {
        if self.cursor.mark.column != 0 {
            self.cursor.mark.column = 0;
            self.cursor.mark.line += 1;
        }
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        self.ended = true;
        self.push(TokenKind::StreamEnd, self.cursor.mark);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<()> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        let kind = self.scan_directive()?;
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, kind: TokenKind<'i>) -> Result<()> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        for _ in 0..3 {
            self.cursor.skip();
        }
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind<'i>) -> Result<()> {
        self.save_simple_key()?;
        self.enter_flow();
        self.simple_key_allowed = true;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind<'i>) -> Result<()> {
        self.remove_simple_key()?;
        self.leave_flow();
        self.simple_key_allowed = false;
        self.push_indicator(kind);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<()> {
        // within a flow collection the parser is in a better place to refuse it
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.problem("block sequence entries are not allowed in this context"));
            }
            self.roll_indent(self.cursor.mark, None, TokenKind::BlockSequenceStart);
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.problem("mapping keys are not allowed in this context"));
            }
            self.roll_indent(self.cursor.mark, None, TokenKind::BlockMappingStart);
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<()> {
        let level = self.keys.len() - 1;
        if self.is_valid_key(level)? {
            let SimpleKey { number, mark, .. } = self.keys[level];
            self.insert(number, TokenKind::Key, mark);
            self.roll_indent(mark, Some(number), TokenKind::BlockMappingStart);
            self.keys[level].possible = false;
            self.keys[level].awaited = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(self.problem("mapping values are not allowed in this context"));
                }
                self.roll_indent(self.cursor.mark, None, TokenKind::BlockMappingStart);
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(TokenKind::Value);
        Ok(())
    }

    fn fetch_anchor(&mut self, kind: fn(&'i str) -> TokenKind<'i>) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        let name = self.scan_anchor()?;
        self.push(kind(name), mark);
        Ok(())
    }

    fn fetch_tag(&mut self) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        let kind = self.scan_tag()?;
        self.push(kind, mark);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, literal: bool) -> Result<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let mark = self.cursor.mark;
        let text = self.scan_block_scalar(literal)?;
        self.push(TokenKind::Scalar { text: text.into(), plain: false }, mark);
        Ok(())
    }

    fn fetch_quoted_scalar(&mut self, single: bool) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        let text = self.scan_quoted_scalar(single)?;
        self.push(TokenKind::Scalar { text, plain: false }, mark);
        Ok(())
    }

    fn fetch_plain_scalar(&mut self) -> Result<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let mark = self.cursor.mark;
        let text = self.scan_plain_scalar()?;
        self.push(TokenKind::Scalar { text, plain: true }, mark);
        Ok(())
    }
}
