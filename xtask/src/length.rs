use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// A file beyond this many lines before its tests holds two ideas. The aim is 150.
const PRODUCTION_LINES: usize = 400;

/// Refuses long files.
pub fn check(workspace: &Workspace) -> Result<()> {
    eprintln!("==> file lengths");
    let mut long = Vec::new();
    for member in &workspace.members {
        let mut files = Vec::new();
        rust_files(&workspace.folder(workspace.package(member)?).join("src"), &mut files)?;
        for file in files {
            let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let lines = production_lines(&text);
            if lines > PRODUCTION_LINES {
                let file = file.strip_prefix(&workspace.root).unwrap_or(&file);
                long.push(format!("{} has {lines} lines before its tests", file.display()));
            }
        }
    }
    if !long.is_empty() {
        bail!("files may have {PRODUCTION_LINES} lines of production code:\n  {}", long.join("\n  "));
    }
    Ok(())
}

fn production_lines(text: &str) -> usize {
    text.lines().take_while(|line| *line != "#[cfg(test)]").count()
}

/// Sources below the folder, without files and folders of tests.
fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.file_stem().is_some_and(|stem| stem == "tests") {
            continue;
        }
        if path.is_dir() {
            rust_files(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::production_lines;

    #[test]
    fn lines_after_the_test_attribute_do_not_count() {
        assert_eq!(production_lines("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
    }

    #[test]
    fn an_indented_test_attribute_does_not_end_the_production_code() {
        assert_eq!(production_lines("mod a {\n    #[cfg(test)]\n    mod b;\n}\n"), 4);
    }
}
