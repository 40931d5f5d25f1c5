//! A place in a document, and what stands there.

/// Where a token stands, counted from 0.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mark {
    /// Characters before it: the width of a simple key is limited in characters.
    pub index: usize,
    pub line: usize,
    pub column: usize,
}

/// Walks a text that holds no NUL, so that 0 stands for its end.
#[derive(Debug)]
pub(super) struct Cursor<'i> {
    text: &'i str,
    at: usize,
    pub mark: Mark,
}

impl<'i> Cursor<'i> {
    pub fn new(text: &'i str) -> Self {
        Self { text, at: 0, mark: Mark::default() }
    }

    /// The byte so many bytes ahead, 0 behind the end.
    pub fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    pub fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Bytes of the line break that stands so many bytes ahead, 0 if there is none. YAML 1.1 knows five breaks.
    pub fn break_length(&self, ahead: usize) -> usize {
        match self.byte(ahead) {
            b'\r' if self.byte(ahead + 1) == b'\n' => 2,
            b'\r' | b'\n' => 1,
            0xC2 if self.byte(ahead + 1) == 0x85 => 2,
            0xE2 if self.byte(ahead + 1) == 0x80 && matches!(self.byte(ahead + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    pub fn is_break(&self) -> bool {
        self.break_length(0) > 0
    }

    pub fn is_blank(&self) -> bool {
        matches!(self.byte(0), b' ' | b'\t')
    }

    /// A break or the end.
    pub fn ends_line(&self, ahead: usize) -> bool {
        self.byte(ahead) == 0 || self.break_length(ahead) > 0
    }

    /// A space, a tab, a break or the end.
    pub fn ends_word(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), 0 | b' ' | b'\t') || self.break_length(ahead) > 0
    }

    /// `---` or `...` at the start of a line.
    pub fn is_document_indicator(&self) -> bool {
        self.mark.column == 0 && (self.is_marker(b'-') || self.is_marker(b'.'))
    }

    /// Three of the byte, and then the end of a word.
    pub fn is_marker(&self, byte: u8) -> bool {
        (0..3).all(|ahead| self.byte(ahead) == byte) && self.ends_word(3)
    }

    /// Passes one character that is no break.
    pub fn skip(&mut self) {
        let width = match self.byte(0) {
            0..0x80 => 1,
            0x80..0xE0 => 2,
            0xE0..0xF0 => 3,
            _ => 4,
        };
        self.at += width;
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Passes a run of ASCII characters in one step.
    pub fn skip_ascii(&mut self, passes: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii() && passes(**byte)).count();
        self.at += count;
        self.mark.index += count;
        self.mark.column += count;
    }

    /// Passes what is left of a line.
    pub fn skip_line(&mut self) {
        loop {
            self.skip_ascii(|byte| !matches!(byte, b'\r' | b'\n'));
            if self.ends_line(0) {
                return;
            }
            self.skip();
        }
    }

    /// Passes one character and keeps it.
    pub fn take(&mut self, kept: &mut String) {
        let start = self.at;
        self.skip();
        kept.push_str(self.since(start));
    }

    /// Passes a break, if one stands here.
    pub fn skip_break(&mut self) {
        let length = self.break_length(0);
        if length > 0 {
            self.mark.index += if self.byte(0) == b'\r' { length } else { 1 };
            self.mark.column = 0;
            self.mark.line += 1;
            self.at += length;
        }
    }

    /// Passes a break, if one stands here, and keeps it: as a line feed, but for the two separators of Unicode.
    pub fn take_break(&mut self, kept: &mut String) {
        let start = self.at;
        match self.break_length(0) {
            0 => {}
            3 => {
                self.skip_break();
                kept.push_str(self.since(start));
            }
            _ => {
                self.skip_break();
                kept.push('\n');
            }
        }
    }

    pub fn skip_blanks(&mut self) {
        while self.is_blank() {
            self.skip();
        }
    }

    /// Passes a comment, if one stands here, up to its line's end.
    pub fn skip_comment(&mut self) {
        if self.byte(0) == b'#' {
            self.skip_line();
        }
    }

    /// Passes letters, digits, `_` and `-`, and returns them.
    pub fn take_word(&mut self) -> &'i str {
        let start = self.at;
        while self.byte(0).is_ascii_alphanumeric() || matches!(self.byte(0), b'_' | b'-') {
            self.skip();
        }
        self.since(start)
    }

    pub fn offset(&self) -> usize {
        self.at
    }

    /// The text between an earlier offset and here.
    pub fn since(&self, offset: usize) -> &'i str {
        self.slice(offset, self.at)
    }

    /// The text between two offsets that this cursor has had.
    pub fn slice(&self, from: usize, to: usize) -> &'i str {
        self.text.get(from..to).unwrap_or_default()
    }
}
