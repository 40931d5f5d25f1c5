use std::collections::BTreeMap;
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
    /// An environment variable that is not the flag in upper case.
    pub own_variable: Option<&'static str>,
    /// Whether it has an effect.
    pub standing: Standing,
}

/// Whether a setting has an effect. One without is taken all the same: who comes from ChartMuseum has it somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has.
    InForce,
    /// It has none, and ChartMuseum warns of it too.
    Deprecated,
    /// It has none, for this reason.
    Unneeded(&'static str),
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
    /// One of these words, in any case. None of them if the setting has no default.
    Choice(&'static [&'static str]),
    /// `key=value`, or a value alone, whose key is empty. Several stand between commas; the flag may be repeated, and
    /// a file may have a mapping. Of several with one key the last counts.
    Pairs,
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
    /// Of [`Kind::Pairs`].
    Pairs(BTreeMap<String, String>),
}

impl Setting {
    /// A setting without a key, a default or a short flag.
    pub const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        let standing = Standing::InForce;
        Self { name, short: None, key: None, kind, default: "", help, secret: false, own_variable: None, standing }
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

    /// With a value that is never shown.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// With an environment variable that is not the flag in upper case.
    pub const fn variable_named(mut self, variable: &'static str) -> Self {
        self.own_variable = Some(variable);
        self
    }

    /// Without effect; ChartMuseum warns of it too.
    pub const fn deprecated(mut self) -> Self {
        self.standing = Standing::Deprecated;
        self
    }

    /// Without effect. The reason goes on after "is not needed: ".
    pub const fn unneeded(mut self, reason: &'static str) -> Self {
        self.standing = Standing::Unneeded(reason);
        self
    }

    /// The environment variable: the flag in upper case, but for one of ChartMuseum's.
    pub fn variable(&self) -> String {
        self.own_variable.map_or_else(|| self.name.to_uppercase().replace('-', "_"), str::to_owned)
    }

    /// Reads a value of its kind.
    ///
    /// # Errors
    /// What was expected, and what was there instead.
    pub fn parse(&self, text: &str) -> Result<Value, String> {
        if text.is_empty() && self.default.is_empty() && matches!(self.kind, Kind::Choice(_)) {
            return Ok(Value::Text(String::new()));
        }
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
            Self::Pairs => Value::Pairs(pairs(text)?),
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
            Self::Pairs => "KEY=VALUE",
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
            Self::Pairs => f.write_str("a value, or key=value"),
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

fn pairs(text: &str) -> Option<BTreeMap<String, String>> {
    let pairs = text.split(',').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or(("", pair));
            (!value.is_empty()).then(|| (key.to_owned(), value.to_owned()))
        })
        .collect()
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
        for (text, pairs) in [
            ("", &[][..]),
            ("id", &[("", "id")]),
            ("org/one=id=1, two=id2 ,id3,", &[("", "id3"), ("org/one", "id=1"), ("two", "id2")]),
            ("a=1,a=2", &[("a", "2")]),
        ] {
            let pairs = pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
            assert_eq!(Kind::Pairs.parse(text), Some(Value::Pairs(pairs)), "{text}");
        }
        none(Kind::Pairs, &["a=", "a=1,b="]);
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
