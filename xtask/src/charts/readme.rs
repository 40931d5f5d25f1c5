use std::fmt::Write;

use anyhow::{Context, Result};

use super::values::Values;

const BEGIN: &str = "<!-- values -->\n";
const END: &str = "<!-- /values -->";
/// Longer defaults would make a column of their own unreadable.
const LONGEST_DEFAULT: usize = 60;

/// The README with the table of its values between the marks.
pub fn render(readme: &str, values: &Values) -> Result<String> {
    let (before, rest) = readme.split_once(BEGIN).context("README.md has no <!-- values -->")?;
    let (_, after) = rest.split_once(END).context("README.md has no <!-- /values -->")?;
    Ok([before, BEGIN, &tables(values), END, after].concat())
}

fn tables(values: &Values) -> String {
    let mut text = String::new();
    for section in values.sections.iter().filter(|section| !section.keys.is_empty()) {
        write!(text, "\n### {}\n\n| value | default | meaning |\n| --- | --- | --- |\n", section.title).ok();
        for key in &section.keys {
            let description = values.note(key).map_or("", |note| note.description.as_str());
            let default = values.default(key).map(ToString::to_string).unwrap_or_default();
            let default = match default.as_str() {
                "" | "\"\"" | "null" => "–".to_owned(),
                long if long.len() > LONGEST_DEFAULT => "see values.yaml".to_owned(),
                short => format!("`{}`", short.replace('|', "\\|")),
            };
            writeln!(text, "| `{key}` | {default} | {} |", description.replace('|', "\\|")).ok();
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::charts::values::Values;

    #[test]
    fn the_table_stands_between_the_marks() {
        let values = Values::parse("# @section One\n# -- Either | or.\na: \"\"\n").unwrap();
        let readme = render("before\n<!-- values -->\nold\n<!-- /values -->\nafter\n", &values).unwrap();
        let table = "\n### One\n\n| value | default | meaning |\n| --- | --- | --- |\n| `a` | – | Either \\| or. |\n\n";
        assert_eq!(readme, format!("before\n<!-- values -->\n{table}<!-- /values -->\nafter\n"));
    }
}
