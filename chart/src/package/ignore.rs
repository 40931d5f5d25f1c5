//! `.helmignore`: what of a chart's folder does not enter its package.

use super::FolderError;

/// The rules of a `.helmignore`, as Helm reads them. What Helm itself reads in a surprising way (`!`), or refuses (`**`),
/// is refused, and so are the patterns that nobody needs (`[`, `\`).
#[derive(Debug)]
pub(super) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    pattern: String,
    only_folders: bool,
    /// The pattern is of a path, not of a name.
    whole_path: bool,
}

/// Helm's own: editors leave such files among templates.
const ALWAYS: &str = "templates/.?*";

impl Ignore {
    /// Reads the file; an empty text has only Helm's own rule.
    pub(super) fn read(text: &str) -> Result<Self, FolderError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let rules = lines.chain([ALWAYS]).map(Rule::read).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// Whether the file at this path, or a folder that it lies in, is left out.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| (&path[..at], true));
        folders
            .chain([(path, false)])
            .any(|(path, is_folder)| self.rules.iter().any(|rule| (is_folder || !rule.only_folders) && rule.fits(path)))
    }
}

impl Rule {
    fn read(line: &str) -> Result<Self, FolderError> {
        if line.starts_with('!') || line.contains("**") || line.contains(['[', '\\']) {
            return Err(FolderError::Ignore(line.to_owned()));
        }
        let (pattern, only_folders) = line.strip_suffix('/').map_or((line, false), |pattern| (pattern, true));
        let whole_path = pattern.contains('/');
        let pattern = pattern.strip_prefix('/').unwrap_or(pattern).to_owned();
        Ok(Self { pattern, only_folders, whole_path })
    }

    fn fits(&self, path: &str) -> bool {
        let text = if self.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
        fits(self.pattern.as_bytes(), text.as_bytes())
    }
}

/// `*` is any run of bytes and `?` any one, but never a slash.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            let run = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=run).any(|taken| fits(&pattern[1..], &text[taken..]))
        }
        (Some(b'?'), Some(byte)) if *byte != b'/' => fits(&pattern[1..], &text[1..]),
        (Some(expected), Some(byte)) if expected == byte => fits(&pattern[1..], &text[1..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn rules_are_helms() {
        let ignore = Ignore::read("# comment\n\nci/\n*.orig\n/notes-?.md\nfiles/*.tmp\nChart.lock\n").unwrap();
        for path in [
            "ci/default-values.yaml",
            "files/ci/x",
            "a.orig",
            "templates/a.yaml.orig",
            "notes-1.md",
            "files/x.tmp",
            "Chart.lock",
            "templates/.swp",
        ] {
            assert!(ignore.leaves_out(path), "{path}");
        }
        for path in ["ci", "docs/notes-1.md", "notes-.md", "files/deep/x.tmp", "templates/_a.tpl", ".helmignore"] {
            assert!(!ignore.leaves_out(path), "{path}");
        }
    }

    #[test]
    fn what_would_surprise_is_refused() {
        for line in ["!keep", "a/**/b", "[ab]", "a\\*"] {
            assert!(matches!(Ignore::read(line), Err(FolderError::Ignore(bad)) if bad == line), "{line}");
        }
    }
}
