use std::fmt;
use std::time::Duration;

use super::duration;

/// One setting: its names, what it takes, and what it is if nobody says so.
///
/// The table of all of them ([`super::SETTINGS`]) is what the command line, the environment, the file,
/// `check-config` and the documentation are made from.
#[derive(Debug)]
pub struct Setting {
    /// The flag, without dashes. Also the setting's name in messages.
    pub name: &'static str,
    /// A one-letter flag.
    pub short: Option<char>,
    /// The key in a configuration file, in lower case; dots are levels. The flag's name is understood there too.
    pub key: Option<&'static str>,
    /// What it takes.
    pub kind: Kind,
    /// As text; empty for none.
    pub default: &'static str,
    /// One sentence for people.
    pub help: &'static str,
    /// Never shown.
    pub secret: bool,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`, in the spellings of Go.
    Boolean,
    /// A whole number within bounds, both included.
    Integer(u64, u64),
    /// Bytes, plain or with `Ki`, `Mi`, `Gi`.
    Size,
    /// A Go duration (`1h30m`).
    Duration,
    /// Whole seconds, or a Go duration.
    Seconds,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
    /// Any text; what is asked of it is checked where it is used.
    Text,
}

/// A value of a [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Of [`Kind::Boolean`].
    Boolean(bool),
    /// Of [`Kind::Integer`] and [`Kind::Size`].
    Integer(u64),
    /// Of [`Kind::Duration`] and [`Kind::Seconds`].
    Duration(Duration),
    /// Of [`Kind::Choice`] (in lower case) and [`Kind::Text`].
    Text(String),
}

impl Setting {
    /// A setting without a key, a default or a short flag.
    pub const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self { name, short: None, key: None, kind, default: "", help, secret: false }
    }

    /// With its key in a configuration file.
    pub const fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// With a default.
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    /// With a one-letter flag.
    pub const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    /// The environment variable: the flag in upper case.
    pub fn variable(&self) -> String {
        self.name.to_uppercase().replace('-', "_")
    }

    /// Reads a value of its kind.
    ///
    /// # Errors
    /// What was expected, and what was there instead.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        self.kind.parse(text).ok_or_else(|| {
            let found = match text {
                _ if self.secret => String::new(),
                "" => ", and it is empty".to_owned(),
                _ => format!(", not {text:?}"),
            };
            format!("expected {}{found}", self.kind)
        })
    }
}

impl Kind {
    fn parse(self, text: &str) -> Option<Value> {
        let integer = || text.parse::<u64>().ok();
        Some(match self {
            Self::Boolean => Value::Boolean(boolean(text)?),
            Self::Integer(smallest, largest) => {
                Value::Integer(integer().filter(|number| (smallest..=largest).contains(number))?)
            }
            Self::Size => Value::Integer(size(text)?),
            Self::Duration => Value::Duration(duration::parse(text)?),
            Self::Seconds => Value::Duration(integer().map(Duration::from_secs).or_else(|| duration::parse(text))?),
            Self::Choice(words) => Value::Text(words.iter().find(|word| word.eq_ignore_ascii_case(text))?.to_string()),
            Self::Text => Value::Text(text.to_owned()),
        })
    }

    /// How the command line's help names a value.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::Integer(..) => "NUMBER",
            Self::Size => "BYTES",
            Self::Duration => "DURATION",
            Self::Seconds => "SECONDS",
            Self::Choice(_) => "WORD",
            Self::Text => "TEXT",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("true or false"),
            Self::Integer(0, u64::MAX) => f.write_str("a whole number"),
            Self::Integer(smallest, u64::MAX) => write!(f, "a whole number from {smallest}"),
            Self::Integer(smallest, largest) => write!(f, "a whole number from {smallest} to {largest}"),
            Self::Size => f.write_str("a number of bytes such as 20971520 or 20Mi"),
            Self::Duration => f.write_str("a duration such as 5m or 1h30m"),
            Self::Seconds => f.write_str("a number of seconds, or a duration such as 1m30s"),
            Self::Choice([word]) => write!(f, "{word:?}"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Text => f.write_str("a text"),
        }
    }
}

/// Go's `strconv.ParseBool`; an empty text is false, as ChartMuseum reads its environment.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" | "" => Some(false),
        _ => None,
    }
}

fn size(text: &str) -> Option<u64> {
    let text = text.strip_suffix('B').unwrap_or(text);
    let (number, shift) = match text.as_bytes() {
        [.., b'K', b'i'] => (&text[..text.len() - 2], 10),
        [.., b'M', b'i'] => (&text[..text.len() - 2], 20),
        [.., b'G', b'i'] => (&text[..text.len() - 2], 30),
        _ => (text, 0),
    };
    number.trim_end().parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_takes_its_spellings_and_nothing_else() {
        let none = |kind: Kind, texts: &[&str]| {
            for text in texts {
                assert_eq!(kind.parse(text), None, "{kind:?} {text:?}");
            }
        };
        for text in ["1", "t", "T", "TRUE", "true", "True"] {
            assert_eq!(Kind::Boolean.parse(text), Some(Value::Boolean(true)), "{text}");
        }
        for text in ["0", "f", "F", "FALSE", "false", "False", ""] {
            assert_eq!(Kind::Boolean.parse(text), Some(Value::Boolean(false)), "{text}");
        }
        none(Kind::Boolean, &["yes", "on", "tRUE", " true"]);
        assert_eq!(Kind::Integer(0, 65535).parse("65535"), Some(Value::Integer(65535)));
        none(Kind::Integer(1, 65535), &["0", "65536", "-1", "", "abc", "1.0", "0x10"]);
        for (text, bytes) in
            [("0", 0), ("512", 512), ("1Ki", 1024), ("20Mi", 20 << 20), ("20MiB", 20 << 20), ("3Gi", 3 << 30)]
        {
            assert_eq!(Kind::Size.parse(text), Some(Value::Integer(bytes)), "{text}");
        }
        none(Kind::Size, &["", "Mi", "20M", "-1", "99999999999Gi", "1.5Gi"]);
        assert_eq!(Kind::Seconds.parse("30"), Some(Value::Duration(Duration::from_secs(30))));
        assert_eq!(Kind::Seconds.parse("1m30s"), Some(Value::Duration(Duration::from_secs(90))));
        none(Kind::Seconds, &["", "abc", "-1"]);
        assert_eq!(Kind::Choice(&["json", "yaml"]).parse("YAML"), Some(Value::Text("yaml".to_owned())));
        none(Kind::Choice(&["json", "yaml"]), &["", "toml"]);
    }

    #[test]
    fn a_bad_value_is_told_with_what_was_expected() {
        let port = Setting::new("port", Kind::Integer(0, 65535), "");
        assert_eq!(port.parse("abc").unwrap_err(), r#"expected a whole number from 0 to 65535, not "abc""#);
        assert_eq!(port.parse("").unwrap_err(), "expected a whole number from 0 to 65535, and it is empty");
        let secret = Setting { secret: true, ..Setting::new("pin", Kind::Integer(0, u64::MAX), "") };
        assert_eq!(secret.parse("hunter2").unwrap_err(), "expected a whole number");
    }
}
