//! What the scanner keeps in mind: indentation, flow levels, and keys that may have begun.

use super::{Mark, Problem, Result, SIMPLE_KEY_LENGTH, Scanner, SimpleKey, Token, TokenKind};

impl<'i> Scanner<'i> {
    /// Passes white space and comments.
    ///
    /// Tabs may stand within flow collections and between tokens, but not where a key might begin.
    pub(super) fn skip_to_token(&mut self) {
        loop {
            let tabs = self.flow_level > 0 || !self.simple_key_allowed;
            while self.cursor.byte(0) == b' ' || (tabs && self.cursor.byte(0) == b'\t') {
                self.cursor.skip();
            }
            self.cursor.skip_comment();
            if !self.cursor.is_break() {
                return;
            }
            self.cursor.skip_break();
            if self.flow_level == 0 {
                self.simple_key_allowed = true;
            }
        }
    }

    /// Opens a block collection if the column is right of the one that is open.
    pub(super) fn roll_indent(&mut self, mark: Mark, number: Option<usize>, kind: TokenKind<'i>) {
        let column = mark.column as isize;
        if self.flow_level == 0 && self.indent < column {
            self.indents.push(self.indent);
            self.indent = column;
            match number {
                Some(number) => self.insert(number, kind, mark),
                None => self.push(kind, mark),
            }
        }
    }

    /// Closes the block collections that began right of the column.
    pub(super) fn unroll_indent(&mut self, column: isize) {
        while self.flow_level == 0 && self.indent > column {
            self.push(TokenKind::BlockEnd, self.cursor.mark);
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    pub(super) fn enter_flow(&mut self) {
        let (number, mark) = (self.next_number(), self.cursor.mark);
        self.keys.push(SimpleKey { possible: false, required: false, awaited: false, number, mark });
        self.flow_level += 1;
    }

    pub(super) fn leave_flow(&mut self) {
        if self.flow_level == 0 {
            return;
        }
        self.flow_level -= 1;
        let closed = self.keys.pop();
        // Go files keys by their number, and an empty collection has that of the key which it may itself be:
        // closing it releases both, so `[]: a` is a document `[]` with rubbish behind it
        if let (Some(closed), Some(around)) = (closed, self.keys.last_mut())
            && around.number == closed.number
        {
            around.awaited = false;
        }
    }

    /// Notes that a key may begin here.
    pub(super) fn save_simple_key(&mut self) -> Result<()> {
        if self.simple_key_allowed {
            let required = self.flow_level == 0 && self.indent == self.cursor.mark.column as isize;
            self.remove_simple_key()?;
            let (number, mark) = (self.next_number(), self.cursor.mark);
            if let Some(key) = self.keys.last_mut() {
                *key = SimpleKey { possible: true, required, awaited: true, number, mark };
            }
        }
        Ok(())
    }

    /// Gives up the key that may have begun on this level.
    pub(super) fn remove_simple_key(&mut self) -> Result<()> {
        let level = self.keys.len() - 1;
        if self.keys[level].possible {
            if self.keys[level].required {
                return Err(self.problem("could not find expected ':'"));
            }
            self.keys[level].possible = false;
            self.keys[level].awaited = false;
        }
        Ok(())
    }

    /// True while what began there may still turn out to be a key.
    pub(super) fn is_valid_key(&mut self, level: usize) -> Result<bool> {
        let here = self.cursor.mark;
        let key = &mut self.keys[level];
        if key.possible && (key.mark.line < here.line || key.mark.index + SIMPLE_KEY_LENGTH < here.index) {
            if key.required {
                return Err(self.problem("could not find expected ':'"));
            }
            key.possible = false;
        }
        Ok(self.keys[level].possible)
    }

    /// Which number the next token to be pushed has.
    fn next_number(&self) -> usize {
        self.taken + self.tokens.len()
    }

    pub(super) fn push(&mut self, kind: TokenKind<'i>, mark: Mark) {
        self.tokens.push_back(Token { kind, line: mark.line });
    }

    /// Pushes a token of one character, and passes that.
    pub(super) fn push_indicator(&mut self, kind: TokenKind<'i>) {
        self.push(kind, self.cursor.mark);
        self.cursor.skip();
    }

    /// Puts a token before the one with the number, or last if that has been taken.
    pub(super) fn insert(&mut self, number: usize, kind: TokenKind<'i>, mark: Mark) {
        let token = Token { kind, line: mark.line };
        match number.checked_sub(self.taken) {
            Some(place) if place < self.tokens.len() => self.tokens.insert(place, token),
            _ => self.tokens.push_back(token),
        }
    }

    /// Go counts lines from 0, adds one for its scanner's problems, and gives none for the first line.
    pub(super) fn problem(&self, text: &'static str) -> Problem {
        let line = self.cursor.mark.line;
        Problem { line: if line == 0 { 0 } else { line + 1 }, text }
    }
}
