//! Collections that indentation makes.

use super::{Event, Parser, Result, State, TokenKind};

impl<'i> Parser<'i> {
    pub(super) fn block_sequence_entry(&mut self) -> Result<Event<'i>> {
        match self.peek()? {
            TokenKind::BlockEntry => {
                self.skip()?;
                match self.peek()? {
                    TokenKind::BlockEntry | TokenKind::BlockEnd => Ok(self.empty(State::BlockSequenceEntry)),
                    _ => self.node_then(State::BlockSequenceEntry, true, false),
                }
            }
            TokenKind::BlockEnd => {
                self.skip()?;
                self.pop();
                Ok(Event::SequenceEnd)
            }
            _ => self.problem("did not find expected '-' indicator"),
        }
    }

    pub(super) fn indentless_sequence_entry(&mut self) -> Result<Event<'i>> {
        if !matches!(self.peek()?, TokenKind::BlockEntry) {
            self.pop();
            return Ok(Event::SequenceEnd);
        }
        self.skip()?;
        match self.peek()? {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                Ok(self.empty(State::IndentlessSequenceEntry))
            }
            _ => self.node_then(State::IndentlessSequenceEntry, true, false),
        }
    }

    pub(super) fn block_mapping_key(&mut self) -> Result<Event<'i>> {
        match self.peek()? {
            TokenKind::Key => {
                self.skip()?;
                match self.peek()? {
                    TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(self.empty(State::BlockMappingValue)),
                    _ => self.node_then(State::BlockMappingValue, true, true),
                }
            }
            TokenKind::BlockEnd => {
                self.skip()?;
                self.pop();
                Ok(Event::MappingEnd)
            }
            _ => self.problem("did not find expected key"),
        }
    }

    pub(super) fn block_mapping_value(&mut self) -> Result<Event<'i>> {
        if !matches!(self.peek()?, TokenKind::Value) {
            return Ok(self.empty(State::BlockMappingKey));
        }
        self.skip()?;
        match self.peek()? {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(self.empty(State::BlockMappingKey)),
            _ => self.node_then(State::BlockMappingKey, true, true),
        }
    }
}
