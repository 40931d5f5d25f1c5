//! Anchors, aliases, tags and directives.

use super::{Problem, Result, Scanner, TokenKind};

impl<'i> Scanner<'i> {
    /// `&name` or `*name`.
    pub(super) fn scan_anchor(&mut self) -> Result<&'i str> {
        self.cursor.skip();
        let name = self.cursor.take_word();
        let ends = self.cursor.ends_word(0)
            || matches!(self.cursor.byte(0), b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`');
        if name.is_empty() || !ends {
            return Err(self.problem("did not find expected alphabetic or numeric character"));
        }
        Ok(name)
    }

    /// `!<uri>`, `!handle!suffix`, `!suffix` or `!`.
    pub(super) fn scan_tag(&mut self) -> Result<TokenKind<'i>> {
        let (handle, suffix) = if self.cursor.byte(1) == b'<' {
            self.cursor.skip();
            self.cursor.skip();
            let uri = self.scan_tag_uri(b"", false)?;
            if self.cursor.byte(0) != b'>' {
                return Err(self.problem("did not find the expected '>'"));
            }
            self.cursor.skip();
            ("", uri)
        } else {
            let start = self.cursor.offset();
            let handle = self.scan_tag_handle(false)?;
            if handle.len() > 1 && handle.ends_with('!') {
                (handle, self.scan_tag_uri(b"", false)?)
            } else {
                let head = handle.as_bytes().get(1..).unwrap_or_default();
                match self.scan_tag_uri(head, true)? {
                    suffix if suffix.is_empty() => ("", b"!".to_vec()),
                    suffix => (self.cursor.slice(start, start + 1), suffix),
                }
            }
        };
        if !self.cursor.ends_word(0) {
            return Err(self.problem("did not find expected whitespace or line break"));
        }
        Ok(TokenKind::Tag { handle, suffix })
    }

    /// `%YAML 1.1` or `%TAG !handle! prefix`, with the end of its line.
    pub(super) fn scan_directive(&mut self) -> Result<TokenKind<'i>> {
        self.cursor.skip();
        let name = self.cursor.take_word();
        if name.is_empty() {
            return Err(self.problem("could not find expected directive name"));
        }
        if !self.cursor.ends_word(0) {
            return Err(self.problem("found unexpected non-alphabetical character"));
        }
        let kind = match name {
            "YAML" => self.scan_version()?,
            "TAG" => self.scan_tag_directive()?,
            _ => return Err(self.problem("found unknown directive name")),
        };
        self.cursor.skip_blanks();
        self.cursor.skip_comment();
        if !self.cursor.ends_line(0) {
            return Err(self.problem("did not find expected comment or line break"));
        }
        self.cursor.skip_break();
        Ok(kind)
    }

    fn scan_version(&mut self) -> Result<TokenKind<'i>> {
        self.cursor.skip_blanks();
        let major = self.scan_version_number()?;
        if self.cursor.byte(0) != b'.' {
            return Err(self.problem("did not find expected digit or '.' character"));
        }
        self.cursor.skip();
        let minor = self.scan_version_number()?;
        Ok(TokenKind::VersionDirective { supported: (major, minor) == (1, 1) })
    }

    fn scan_version_number(&mut self) -> Result<u8> {
        let mut number = None;
        let mut length = 0;
        while self.cursor.byte(0).is_ascii_digit() {
            length += 1;
            if length > 2 {
                return Err(self.problem("found extremely long version number"));
            }
            number = Some(number.unwrap_or(0) * 10 + (self.cursor.byte(0) - b'0'));
            self.cursor.skip();
        }
        number.ok_or_else(|| self.problem("did not find expected version number"))
    }

    fn scan_tag_directive(&mut self) -> Result<TokenKind<'i>> {
        self.cursor.skip_blanks();
        let handle = self.scan_tag_handle(true)?;
        if !self.cursor.is_blank() {
            return Err(self.problem("did not find expected whitespace"));
        }
        self.cursor.skip_blanks();
        let prefix = self.scan_tag_uri(b"", false)?;
        if !self.cursor.ends_word(0) {
            return Err(self.problem("did not find expected whitespace or line break"));
        }
        Ok(TokenKind::TagDirective { handle, prefix })
    }

    fn scan_tag_handle(&mut self, directive: bool) -> Result<&'i str> {
        let start = self.cursor.offset();
        if self.cursor.byte(0) != b'!' {
            return Err(self.problem("did not find expected '!'"));
        }
        self.cursor.skip();
        let word = self.cursor.take_word();
        if self.cursor.byte(0) == b'!' {
            self.cursor.skip();
        } else if directive && !word.is_empty() {
            return Err(self.problem("did not find expected '!'"));
        }
        Ok(self.cursor.since(start))
    }

    /// What follows a handle. A tag that is only `!` has nothing there, and may.
    fn scan_tag_uri(&mut self, head: &[u8], may_be_empty: bool) -> Result<Vec<u8>> {
        let mut uri = head.to_vec();
        let mut found = may_be_empty;
        loop {
            match self.cursor.byte(0) {
                b'%' => self.scan_uri_escape(&mut uri)?,
                byte if byte.is_ascii_alphanumeric() || b"_-;/?:@&=+$,.!~*'()[]".contains(&byte) => {
                    uri.push(byte);
                    self.cursor.skip();
                }
                _ if found => return Ok(uri),
                _ => return Err(self.problem("did not find expected tag URI")),
            }
            found = true;
        }
    }

    /// The `%xx` of all bytes of one character.
    fn scan_uri_escape(&mut self, uri: &mut Vec<u8>) -> Result<()> {
        let mut left = None;
        while left != Some(0) {
            let octet = self.scan_octet()?;
            left = Some(match left {
                None => match octet {
                    0..0x80 => 0,
                    0xC0..0xE0 => 1,
                    0xE0..0xF0 => 2,
                    0xF0..0xF8 => 3,
                    _ => return Err(self.problem("found an incorrect leading UTF-8 octet")),
                },
                Some(left) if octet & 0xC0 == 0x80 => left - 1,
                Some(_) => return Err(self.problem("found an incorrect trailing UTF-8 octet")),
            });
            uri.push(octet);
        }
        Ok(())
    }

    fn scan_octet(&mut self) -> Result<u8> {
        let digit = |ahead| char::from(self.cursor.byte(ahead)).to_digit(16);
        let (b'%', Some(high), Some(low)) = (self.cursor.byte(0), digit(1), digit(2)) else {
            return Err::<u8, Problem>(self.problem("did not find URI escaped octet"));
        };
        for _ in 0..3 {
            self.cursor.skip();
        }
        Ok((high * 16 + low) as u8)
    }
}
