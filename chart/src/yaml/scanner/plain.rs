//! Plain scalars, and the folding of lines that they share with quoted ones.

use std::borrow::Cow;

use super::{Cursor, Result, Scanner};

/// White space between two words of a scalar.
#[derive(Default)]
pub(super) struct Gap {
    /// It holds a line break.
    pub lines: bool,
    blanks: String,
    first_break: String,
    more_breaks: String,
}

impl Gap {
    /// Passes one blank or break.
    pub(super) fn pass(&mut self, cursor: &mut Cursor<'_>) {
        if cursor.is_blank() {
            if self.lines {
                cursor.skip();
            } else {
                cursor.take(&mut self.blanks);
            }
        } else if self.lines {
            cursor.take_break(&mut self.more_breaks);
        } else {
            self.blanks.clear();
            cursor.take_break(&mut self.first_break);
            self.lines = true;
        }
    }

    /// Adds what the gap means: one break is a space, more are one less; blanks stand for themselves.
    pub(super) fn join(self, text: &mut String) {
        if !self.lines {
            text.push_str(&self.blanks);
        } else if self.first_break != "\n" {
            text.push_str(&self.first_break);
            text.push_str(&self.more_breaks);
        } else if self.more_breaks.is_empty() {
            text.push(' ');
        } else {
            text.push_str(&self.more_breaks);
        }
    }
}

impl<'i> Scanner<'i> {
    pub(super) fn scan_plain_scalar(&mut self) -> Result<Cow<'i, str>> {
        let indent = (self.indent + 1) as usize;
        // as long as the scalar stays on its line it is a slice of the input
        let mut text = Cow::Borrowed("");
        let start = self.cursor.offset();
        let mut gap = Gap::default();
        loop {
            if self.cursor.is_document_indicator() || self.cursor.byte(0) == b'#' {
                break;
            }
            let word = self.cursor.offset();
            loop {
                self.cursor.skip_ascii(is_ordinary);
                if self.cursor.ends_word(0) || self.ends_plain_scalar() {
                    break;
                }
                self.cursor.skip();
            }
            let end = self.cursor.offset();
            if end > word {
                match &mut text {
                    Cow::Borrowed(text) if !gap.lines => *text = self.cursor.slice(start, end),
                    _ => {
                        let text = text.to_mut();
                        std::mem::take(&mut gap).join(text);
                        text.push_str(self.cursor.slice(word, end));
                    }
                }
                gap = Gap::default();
            }
            if !(self.cursor.is_blank() || self.cursor.is_break()) {
                break;
            }
            while self.cursor.is_blank() || self.cursor.is_break() {
                if gap.lines && self.cursor.mark.column < indent && self.cursor.byte(0) == b'\t' {
                    return Err(self.problem("found a tab character that violates indentation"));
                }
                gap.pass(&mut self.cursor);
            }
            if self.flow_level == 0 && self.cursor.mark.column < indent {
                break;
            }
        }
        if gap.lines {
            self.simple_key_allowed = true;
        }
        Ok(text)
    }

    /// An indicator that cannot stand within a plain scalar.
    fn ends_plain_scalar(&self) -> bool {
        match self.cursor.byte(0) {
            b':' => self.cursor.ends_word(1),
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => self.flow_level > 0,
            _ => false,
        }
    }
}

/// True if the character can stand anywhere in a plain scalar but at its start.
fn is_ordinary(byte: u8) -> bool {
    byte > b' ' && !matches!(byte, b':' | b',' | b'?' | b'[' | b']' | b'{' | b'}')
}
