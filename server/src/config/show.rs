//! The settings as people read them.

use std::fmt::Write;

use super::{CONCERNS, SETTINGS, Setting, Standing, Values};

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

/// The tables of all settings for the documentation, one a concern; those without effect are lists.
pub fn markdown() -> String {
    let mut text = String::new();
    for (title, settings) in CONCERNS {
        let _ = writeln!(text, "### {title}\n");
        let (in_force, others): (Vec<&Setting>, Vec<&Setting>) =
            settings.iter().partition(|setting| setting.standing == Standing::InForce);
        if !in_force.is_empty() {
            text.push_str("| flag | variable | file key | default | what it does |\n| --- | --- | --- | --- | --- |\n");
        }
        in_force.iter().for_each(|setting| text.push_str(&row(setting)));
        if !in_force.is_empty() && !others.is_empty() {
            text.push('\n');
        }
        for same in others.chunk_by(|one, other| one.standing == other.standing) {
            let flags: Vec<_> = same.iter().map(|setting| format!("`--{}`", setting.name)).collect();
            let _ = writeln!(text, "- {}: {}.", flags.join(", "), reason(same[0].standing));
        }
        text.push('\n');
    }
    text
}

fn row(setting: &Setting) -> String {
    let code = |text: &str| if text.is_empty() { "–".to_owned() } else { format!("`{text}`") };
    format!(
        "| `--{}`{} | `{}` | {} | {} | {} |\n",
        setting.name,
        setting.short.map(|short| format!(", `-{short}`")).unwrap_or_default(),
        setting.variable(),
        code(setting.key.unwrap_or_default()),
        code(setting.default),
        setting.help,
    )
}

fn reason(standing: Standing) -> &'static str {
    match standing {
        Standing::InForce => "",
        Standing::Deprecated => "deprecated in ChartMuseum, where it does nothing either",
        Standing::Unneeded(reason) => reason,
    }
}
