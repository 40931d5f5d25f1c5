//! One line of a log, as bytes.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Helps to find a fault.
    Debug,
    /// As it should be.
    Info,
    /// Somebody may want to look.
    Warn,
    /// Something failed.
    Error,
    /// The process ends for it.
    Fatal,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Self::Debug => "\x1b[35m",
            Self::Info => "\x1b[34m",
            Self::Warn => "\x1b[33m",
            Self::Error | Self::Fatal => "\x1b[31m",
        }
    }
}

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// One object: `L`, `T`, `M`, then the fields.
    Json,
    /// Time, level, message and an object of the fields, separated by tabs.
    Console { coloured: bool },
}

/// A line being built. Fields may be added between `begin` and `end`.
pub(super) struct Line {
    bytes: Vec<u8>,
    style: Style,
    fields: usize,
}

/// A line larger than this (a long cause) does not stay in memory.
const KEPT_CAPACITY: usize = 4096;

/// Lends a line to `work`. Each thread has its own, so that a line costs no allocation.
pub(super) fn build(style: Style, work: impl FnOnce(&mut Line)) {
    thread_local! {
        static BYTES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let mut line = Line { bytes: BYTES.take(), style, fields: 0 };
    work(&mut line);
    let mut bytes = line.bytes;
    bytes.clear();
    bytes.shrink_to(KEPT_CAPACITY);
    BYTES.set(bytes);
}

impl Line {
    /// Writes level, time and message; the message's variable parts go through the escape it is handed.
    pub(super) fn begin(&mut self, level: Level, message: impl FnOnce(&mut Vec<u8>, Escape)) {
        let out = &mut self.bytes;
        match self.style {
            Style::Json => {
                out.extend_from_slice(b"{\"L\":\"");
                out.extend_from_slice(level.name().as_bytes());
                out.extend_from_slice(b"\",\"T\":\"");
                timestamp(out);
                out.extend_from_slice(b"\",\"M\":\"");
                message(out, escape);
                out.push(b'"');
            }
            Style::Console { coloured } => {
                timestamp(out);
                out.push(b'\t');
                if coloured {
                    out.extend_from_slice(level.colour().as_bytes());
                }
                out.extend_from_slice(level.name().as_bytes());
                if coloured {
                    out.extend_from_slice(b"\x1b[0m");
                }
                out.push(b'\t');
                message(out, escape_controls);
            }
        }
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        self.quoted(name, |out| escape(out, text));
    }

    /// Adds what is written between the quotes, escaped already.
    pub(super) fn quoted(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.field(name, |out| {
            out.push(b'"');
            write(out);
            out.push(b'"');
        });
    }

    /// Adds a whole number.
    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.field(name, |out| digits(out, number));
    }

    /// Adds a value that is JSON as it stands.
    pub(super) fn raw(&mut self, name: &str, value: &str) {
        self.field(name, |out| out.extend_from_slice(value.as_bytes()));
    }

    fn field(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let out = &mut self.bytes;
        let before: &[u8] = match (self.style, self.fields) {
            (Style::Json, _) => b",\"",
            (Style::Console { .. }, 0) => b"\t{\"",
            (Style::Console { .. }, _) => b", \"",
        };
        out.extend_from_slice(before);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(if self.style == Style::Json { b"\":" } else { b"\": " });
        write(out);
        self.fields += 1;
    }

    /// The whole line.
    pub(super) fn end(&mut self) -> &[u8] {
        if self.style == Style::Json || self.fields > 0 {
            self.bytes.push(b'}');
        }
        self.bytes.push(b'\n');
        &self.bytes
    }
}

/// Writes a text so that it can be read back and cannot end its place.
pub(super) type Escape = fn(&mut Vec<u8>, &str);

/// Writes a text so that it stays on its line and leaves a terminal alone.
fn escape_controls(out: &mut Vec<u8>, text: &str) {
    for part in text.split_inclusive(char::is_control) {
        match part.chars().next_back() {
            Some(last) if last.is_control() => {
                out.extend_from_slice(&part.as_bytes()[..part.len() - last.len_utf8()]);
                out.push(b' ');
            }
            _ => out.extend_from_slice(part.as_bytes()),
        }
    }
}

/// A text that stays on its line and leaves a terminal alone, for what a command prints: anybody who can put a file into
/// the storage chooses its name.
pub fn on_one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escaped).collect())
}

/// Writes a text so that it can stand between quotes in JSON; without line breaks and control characters, whatever
/// a client sends.
pub(super) fn escape(out: &mut Vec<u8>, text: &str) {
    let is_plain = |byte: &u8| (b' '..0x7f).contains(byte) && *byte != b'"' && *byte != b'\\';
    if text.as_bytes().iter().all(is_plain) {
        return out.extend_from_slice(text.as_bytes());
    }
    for character in text.chars() {
        match character {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            c if c.is_control() => drop(write!(out, "\\u{:04x}", c as u32)),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Writes a number in decimal.
pub(super) fn digits(out: &mut Vec<u8>, mut number: u64) {
    let mut text = [0; 20]; // u64::MAX has twenty digits
    let mut start = text.len();
    loop {
        start -= 1;
        text[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&text[start..]);
        }
    }
}

/// Writes a duration as Go prints it: `41.698µs`, `1.5ms`, `2m3.5s`.
pub(super) fn latency(out: &mut Vec<u8>, duration: Duration) {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let (unit, places, name) = match nanoseconds {
        0 => return out.extend_from_slice(b"0s"),
        1..1_000 => (1, 0, "ns"),
        1_000..1_000_000 => (1_000, 3, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, 6, "ms"),
        _ => (1_000_000_000, 9, "s"),
    };
    let (mut whole, fraction) = (nanoseconds / unit, nanoseconds % unit);
    if unit == 1_000_000_000 && whole >= 60 {
        if whole >= 3600 {
            digits(out, whole / 3600);
            out.push(b'h');
        }
        digits(out, whole / 60 % 60);
        out.push(b'm');
        whole %= 60;
    }
    digits(out, whole);
    if fraction > 0 {
        out.push(b'.');
        let mut rest = fraction;
        let mut scale = 10u64.pow(places - 1);
        while rest > 0 {
            out.push(b'0' + (rest / scale) as u8);
            rest %= scale;
            scale /= 10;
        }
    }
    out.extend_from_slice(name.as_bytes());
}

/// Writes the time now: UTC, to the millisecond.
fn timestamp(out: &mut Vec<u8>) {
    thread_local! {
        /// The last second written by this thread, and its text: most lines are of the same one.
        static LAST: RefCell<(u64, Vec<u8>)> = const { RefCell::new((u64::MAX, Vec::new())) };
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (second, millisecond) = (now.as_secs(), now.subsec_millis());
    LAST.with_borrow_mut(|(last, text)| {
        if *last != second {
            *last = second;
            text.clear();
            let time = jiff::Timestamp::from_second(second as i64).unwrap_or_default();
            let _ = write!(text, "{}", time.strftime("%Y-%m-%dT%H:%M:%S"));
        }
        out.extend_from_slice(text);
    });
    let digit = |scale: u32| b'0' + (millisecond / scale % 10) as u8;
    out.extend_from_slice(&[b'.', digit(100), digit(10), digit(1), b'Z']);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn latencies_are_written_as_go_writes_them() {
        for (nanoseconds, expected) in [
            (0, "0s"),
            (1, "1ns"),
            (999, "999ns"),
            (1_000, "1µs"),
            (41_698, "41.698µs"),
            (1_500_000, "1.5ms"),
            (1_000_001, "1.000001ms"),
            (999_999_999, "999.999999ms"),
            (1_000_000_000, "1s"),
            (2_050_000_000, "2.05s"),
            (62_500_000_000, "1m2.5s"),
            (3_600_000_000_000, "1h0m0s"),
            (5_405_000_000_001, "1h30m5.000000001s"),
        ] {
            assert_eq!(text(|out| latency(out, Duration::from_nanos(nanoseconds))), expected);
        }
    }

    #[test]
    fn whatever_a_client_sends_stays_one_line_of_json() {
        for sent in ["plain/path", "a\"b", "a\\b", "line\nbreak\r", "\u{1b}[31mred", "\u{85}\u{7f}", "grün/日本", ""]
        {
            let written = format!("\"{}\"", text(|out| escape(out, sent)));
            assert!(!written.contains(|c: char| c.is_control()), "{written:?}");
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), sent);
        }
    }

    #[test]
    fn numbers_and_times_have_their_shape() {
        for number in [0, 7, 10, 1234567890, u64::MAX] {
            assert_eq!(text(|out| digits(out, number)), number.to_string());
        }
        let before = jiff::Timestamp::now().as_millisecond();
        let written = text(timestamp);
        let after = jiff::Timestamp::now().as_millisecond();
        assert_eq!(written.len(), "2026-11-23T02:59:58.536Z".len());
        let read = written.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert!((before..=after).contains(&read), "{written}");
    }
}
