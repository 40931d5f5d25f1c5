//! The settings as people read them.

use std::fmt::Write;

use super::{SETTINGS, Values};

/// What stands for a secret.
const MASK: &str = "********";

/// Every setting in force and where it came from, one a line.
pub fn in_force(values: &Values) -> String {
    let mut text = String::new();
    let width = SETTINGS.iter().map(|setting| setting.name.len()).max().unwrap_or(0);
    for setting in SETTINGS {
        let given = values.given(setting);
        let value = match given.text.as_str() {
            "" => "-",
            _ if setting.secret => MASK,
            text => text,
        };
        let _ = writeln!(text, "{:width$}  {value:24}  {}", setting.name, given.source);
    }
    text
}

/// The table of all settings for the documentation.
pub fn markdown() -> String {
    let mut text =
        String::from("| flag | variable | file key | default | what it does |\n| --- | --- | --- | --- | --- |\n");
    for setting in SETTINGS {
        let code = |text: &str| if text.is_empty() { "–".to_owned() } else { format!("`{text}`") };
        let short = setting.short.map(|short| format!(", `-{short}`")).unwrap_or_default();
        let _ = writeln!(
            text,
            "| `--{}`{short} | `{}` | {} | {} | {} |",
            setting.name,
            setting.variable(),
            code(setting.key.unwrap_or_default()),
            code(setting.default),
            setting.help,
        );
    }
    text
}
