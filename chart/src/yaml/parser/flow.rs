//! Collections in brackets and braces.

use super::{Event, Parser, Result, State, TokenKind};

impl<'i> Parser<'i> {
    pub(super) fn flow_sequence_entry(&mut self, first: bool) -> Result<Event<'i>> {
        if !first {
            match self.peek()? {
                TokenKind::FlowSequenceEnd => {}
                TokenKind::FlowEntry => self.skip()?,
                _ => return self.problem("did not find expected ',' or ']'"),
            }
        }
        match self.peek()? {
            TokenKind::FlowSequenceEnd => {
                self.skip()?;
                self.pop();
                Ok(Event::SequenceEnd)
            }
            TokenKind::Key => {
                self.skip()?;
                self.state = State::FlowSequenceMappingKey;
                Ok(Event::MappingStart { anchor: None })
            }
            _ => self.node_then(State::FlowSequenceEntry { first: false }, false, false),
        }
    }

    pub(super) fn flow_sequence_mapping_key(&mut self) -> Result<Event<'i>> {
        match self.peek()? {
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                self.skip()?;
                Ok(self.empty(State::FlowSequenceMappingValue))
            }
            _ => self.node_then(State::FlowSequenceMappingValue, false, false),
        }
    }

    pub(super) fn flow_sequence_mapping_value(&mut self) -> Result<Event<'i>> {
        if matches!(self.peek()?, TokenKind::Value) {
            self.skip()?;
            if !matches!(self.peek()?, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd) {
                return self.node_then(State::FlowSequenceMappingEnd, false, false);
            }
        }
        Ok(self.empty(State::FlowSequenceMappingEnd))
    }

    pub(super) fn flow_mapping_key(&mut self, first: bool) -> Result<Event<'i>> {
        if !first {
            match self.peek()? {
                TokenKind::FlowMappingEnd => {}
                TokenKind::FlowEntry => self.skip()?,
                _ => return self.problem("did not find expected ',' or '}'"),
            }
        }
        match self.peek()? {
            TokenKind::FlowMappingEnd => {
                self.skip()?;
                self.pop();
                Ok(Event::MappingEnd)
            }
            TokenKind::Key => {
                self.skip()?;
                match self.peek()? {
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                        Ok(self.empty(State::FlowMappingValue))
                    }
                    _ => self.node_then(State::FlowMappingValue, false, false),
                }
            }
            _ => self.node_then(State::FlowMappingEmptyValue, false, false),
        }
    }

    pub(super) fn flow_mapping_value(&mut self) -> Result<Event<'i>> {
        if matches!(self.peek()?, TokenKind::Value) {
            self.skip()?;
            if !matches!(self.peek()?, TokenKind::FlowEntry | TokenKind::FlowMappingEnd) {
                return self.node_then(State::FlowMappingKey { first: false }, false, false);
            }
        }
        Ok(self.empty(State::FlowMappingKey { first: false }))
    }
}
