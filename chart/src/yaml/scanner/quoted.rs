//! Quoted scalars.

use std::borrow::Cow;

use super::plain::Gap;
use super::{Result, Scanner};

impl<'i> Scanner<'i> {
    pub(super) fn scan_quoted_scalar(&mut self, single: bool) -> Result<Cow<'i, str>> {
        let quote = if single { b'\'' } else { b'"' };
        self.cursor.skip();
        if let Some(text) = self.scan_simple_quoted(quote) {
            return Ok(Cow::Borrowed(text));
        }
        let mut text = String::new();
        loop {
            if self.cursor.is_document_indicator() {
                return Err(self.problem("found unexpected document indicator"));
            }
            if self.cursor.is_end() {
                return Err(self.problem("found unexpected end of stream"));
            }
            let mut gap = Gap::default();
            while !self.cursor.ends_word(0) {
                match self.cursor.byte(0) {
                    b'\'' if single && self.cursor.byte(1) == b'\'' => {
                        text.push('\'');
                        self.cursor.skip();
                        self.cursor.skip();
                    }
                    byte if byte == quote => break,
                    b'\\' if !single && self.cursor.break_length(1) > 0 => {
                        self.cursor.skip();
                        self.cursor.skip_break();
                        gap.lines = true;
                        break;
                    }
                    b'\\' if !single => self.scan_escape(&mut text)?,
                    _ => self.cursor.take(&mut text),
                }
            }
            if self.cursor.byte(0) == quote {
                break;
            }
            while self.cursor.is_blank() || self.cursor.is_break() {
                gap.pass(&mut self.cursor);
            }
            gap.join(&mut text);
        }
        self.cursor.skip();
        Ok(Cow::Owned(text))
    }

    /// Passes a scalar on one line without escapes, and its end quote; stays where it is if it is not so simple.
    fn scan_simple_quoted(&mut self, quote: u8) -> Option<&'i str> {
        let mut length = 0;
        loop {
            match self.cursor.byte(length) {
                byte if byte == quote => break,
                0 | b'\\' | b'\r' | b'\n' | 0xC2 | 0xE2 => return None,
                _ => length += 1,
            }
        }
        if quote == b'\'' && self.cursor.byte(length + 1) == quote {
            return None;
        }
        let start = self.cursor.offset();
        while self.cursor.offset() < start + length {
            self.cursor.skip_ascii(|byte| byte != quote);
            if self.cursor.byte(0) != quote {
                self.cursor.skip();
            }
        }
        let text = self.cursor.since(start);
        self.cursor.skip();
        Some(text)
    }

    fn scan_escape(&mut self, text: &mut String) -> Result<()> {
        let escape = self.cursor.byte(1);
        let digits = match escape {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        let simple = match escape {
            b'0' => '\0',
            b'a' => '\x07',
            b'b' => '\x08',
            b't' | b'\t' => '\t',
            b'n' => '\n',
            b'v' => '\x0B',
            b'f' => '\x0C',
            b'r' => '\r',
            b'e' => '\x1B',
            b' ' | b'"' | b'\'' | b'\\' => char::from(escape),
            b'N' => '\u{85}',
            b'_' => '\u{A0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' | b'u' | b'U' => ' ',
            _ => return Err(self.problem("found unknown escape character")),
        };
        self.cursor.skip();
        self.cursor.skip();
        if digits == 0 {
            text.push(simple);
            return Ok(());
        }
        let mut code: u32 = 0;
        for _ in 0..digits {
            let Some(digit) = char::from(self.cursor.byte(0)).to_digit(16) else {
                return Err(self.problem("did not find expected hexdecimal number"));
            };
            code = code << 4 | digit;
            self.cursor.skip();
        }
        match char::from_u32(code) {
            Some(character) => text.push(character),
            None => return Err(self.problem("found invalid Unicode character escape code")),
        }
        Ok(())
    }
}
