//! The text that Prometheus reads, version 0.0.4.

use std::fmt::{Display, Write};
use std::time::Duration;

/// What a family's numbers are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Goes up only.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by bounds.
    Histogram,
    /// A sum and a count.
    Summary,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// The text as it grows, family by family.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// Begins a family; its samples follow.
    pub(super) fn family(&mut self, name: &str, kind: Kind, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {}", kind.name());
    }

    /// Adds a sample of the family that was begun last.
    pub(super) fn sample(&mut self, name: &str, labels: Labels, value: impl Display) {
        self.0.push_str(name);
        for (position, (label, text)) in labels.iter().enumerate() {
            self.0.push(if position == 0 { '{' } else { ',' });
            self.0.push_str(label);
            self.0.push_str("=\"");
            for character in text.chars() {
                match character {
                    '\\' => self.0.push_str("\\\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    character => self.0.push(character),
                }
            }
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    /// A family of one number.
    pub(super) fn single(&mut self, name: &str, kind: Kind, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// A duration in seconds, as exact as its nanoseconds.
pub(super) fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

/// As Prometheus writes it, which Rust's `inf` is not.
pub(super) fn number(number: f64) -> String {
    if number.is_infinite() { "+Inf".to_owned() } else { number.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_whatever_they_hold_stays_on_its_line() {
        let mut text = Text::default();
        text.family("n", Kind::Gauge, "What it is.");
        text.sample("n", &[("a", "x"), ("b", "q\"b\\s\nl")], 1.5);
        text.single("m_total", Kind::Counter, "Another.", 7);
        let expected = "# HELP n What it is.\n# TYPE n gauge\nn{a=\"x\",b=\"q\\\"b\\\\s\\nl\"} 1.5\n\
                        # HELP m_total Another.\n# TYPE m_total counter\nm_total 7\n";
        assert_eq!(text.into_string(), expected);
    }
}
