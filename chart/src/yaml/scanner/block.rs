//! Literal (`|`) and folded (`>`) scalars.

use super::{Result, Scanner};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    pub(super) fn scan_block_scalar(&mut self, literal: bool) -> Result<String> {
        self.cursor.skip();
        let (chomping, increment) = self.scan_block_header()?;
        let mut indent = increment.map(|increment| self.indent.max(0) as usize + increment);

        let mut text = String::new();
        let mut leading_break = String::new();
        let mut trailing_breaks = String::new();
        let mut leading_blank = false;
        self.scan_block_breaks(&mut indent, &mut trailing_breaks)?;
        while Some(self.cursor.mark.column) == indent && !self.cursor.is_end() {
            let blank = self.cursor.is_blank();
            let folds = !literal && !leading_blank && !blank && leading_break == "\n";
            if !folds {
                text.push_str(&leading_break);
            } else if trailing_breaks.is_empty() {
                text.push(' ');
            }
            leading_break.clear();
            text.push_str(&trailing_breaks);
            trailing_breaks.clear();
            leading_blank = blank;

            let start = self.cursor.offset();
            self.cursor.skip_line();
            text.push_str(self.cursor.since(start));
            self.cursor.take_break(&mut leading_break);
            self.scan_block_breaks(&mut indent, &mut trailing_breaks)?;
        }
        if chomping != Chomping::Strip {
            text.push_str(&leading_break);
        }
        if chomping == Chomping::Keep {
            text.push_str(&trailing_breaks);
        }
        Ok(text)
    }

    /// The indicators behind `|` or `>`, in either order, and the end of their line.
    fn scan_block_header(&mut self) -> Result<(Chomping, Option<usize>)> {
        let mut chomping = None;
        let mut increment = None;
        loop {
            match self.cursor.byte(0) {
                b'+' if chomping.is_none() => chomping = Some(Chomping::Keep),
                b'-' if chomping.is_none() => chomping = Some(Chomping::Strip),
                b'0' if increment.is_none() => {
                    return Err(self.problem("found an indentation indicator equal to 0"));
                }
                digit @ b'1'..=b'9' if increment.is_none() => increment = Some(usize::from(digit - b'0')),
                _ => break,
            }
            self.cursor.skip();
        }
        self.cursor.skip_blanks();
        self.cursor.skip_comment();
        if !self.cursor.ends_line(0) {
            return Err(self.problem("did not find expected comment or line break"));
        }
        self.cursor.skip_break();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    /// Passes indentation and empty lines, and finds out the indentation if it is not known yet.
    fn scan_block_breaks(&mut self, indent: &mut Option<usize>, breaks: &mut String) -> Result<()> {
        let mut widest = 0;
        loop {
            while indent.is_none_or(|indent| self.cursor.mark.column < indent) && self.cursor.byte(0) == b' ' {
                self.cursor.skip();
            }
            widest = widest.max(self.cursor.mark.column);
            if indent.is_none_or(|indent| self.cursor.mark.column < indent) && self.cursor.byte(0) == b'\t' {
                return Err(self.problem("found a tab character where an indentation space is expected"));
            }
            if !self.cursor.is_break() {
                break;
            }
            self.cursor.take_break(breaks);
        }
        if indent.is_none() {
            *indent = Some(widest.max((self.indent + 1).max(1) as usize));
        }
        Ok(())
    }
}
