use super::ArchiveError;

/// The path of a file within its chart, by Helm's rules and a few more, and the folder that the chart lies in.
///
/// What stands before the first separator is the folder. If there is a backslash, that is the separator.
pub(super) fn locate(name: &[u8], limit: usize) -> Result<(&[u8], String), ArchiveError> {
    if name.len() > limit {
        return Err(ArchiveError::LongPath { limit });
    }
    if name.contains(&0) {
        return Err(ArchiveError::Nul(name.to_vec()));
    }
    let separator = if name.contains(&b'\\') { b'\\' } else { b'/' };
    let (folder, rest) = match name.iter().position(|byte| *byte == separator) {
        Some(at) => (&name[..at], &name[at + 1..]),
        None => (name, &b""[..]),
    };
    if folder.is_empty() && !name.is_empty() || rest.starts_with(&[separator]) || rest.starts_with(b"/") {
        return Err(ArchiveError::Absolute);
    }
    if name.split(|byte| matches!(byte, b'/' | b'\\')).any(|part| part == b"..") {
        return Err(ArchiveError::Parent);
    }
    let parts: Vec<&[u8]> = rest
        .split(|byte| *byte == b'/' || *byte == separator)
        .filter(|part| !part.is_empty() && *part != b".")
        .collect();
    let path = String::from_utf8_lossy(&parts.join(&b'/')).into_owned();
    if path.is_empty() {
        return Err(ArchiveError::OutsideBase(name.to_vec()));
    }
    // Helm looks only at the start of the path, so a file called `..x` at the top is refused as well
    if path.starts_with("..") {
        return Err(ArchiveError::Parent);
    }
    if let [letter, b':', b'/', ..] = path.as_bytes()
        && letter.is_ascii_alphabetic()
    {
        return Err(ArchiveError::Drive);
    }
    if folder == b"Chart.yaml" {
        return Err(ArchiveError::ChartYamlAsFolder);
    }
    Ok((folder, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> Result<String, String> {
        locate(name.as_bytes(), 100).map(|(_, path)| path).map_err(|error| error.to_string())
    }

    #[test]
    fn paths_are_those_of_helm() {
        for (name, expected) in [
            ("a/Chart.yaml", "Chart.yaml"),
            ("a/templates/b.yaml", "templates/b.yaml"),
            ("./a/Chart.yaml", "a/Chart.yaml"),
            ("a/./b//c/", "b/c"),
            ("a\\Chart.yaml", "Chart.yaml"),
            ("a\\templates\\b.yaml", "templates/b.yaml"),
            ("a\\b/c", "b/c"),
            ("a/b\\c", "c"),
        ] {
            assert_eq!(path(name).as_deref(), Ok(expected), "{name}");
        }
        assert_eq!(locate(b"a/b", 100).unwrap().0, b"a");
        assert_eq!(locate(b"a/b\\c", 100).unwrap().0, b"a/b");
        assert_eq!(path("a/\u{e9}").as_deref(), Ok("\u{e9}"));
        assert_eq!(locate(b"a/\xFF", 100).unwrap().1, "\u{FFFD}");
    }

    #[test]
    fn each_lie_has_its_sentence() {
        for (name, sentence) in [
            ("Chart.yaml", r#"chart illegally contains content outside the base directory: "Chart.yaml""#),
            ("a/", r#"chart illegally contains content outside the base directory: "a/""#),
            ("a/.", r#"chart illegally contains content outside the base directory: "a/.""#),
            ("", r#"chart illegally contains content outside the base directory: """#),
            ("/Chart.yaml", "chart illegally contains absolute paths"),
            ("/a/Chart.yaml", "chart illegally contains absolute paths"),
            ("a//etc/passwd", "chart illegally contains absolute paths"),
            ("a\\/etc/passwd", "chart illegally contains absolute paths"),
            ("a\\\\host\\x", "chart illegally contains absolute paths"),
            ("a/../x", "chart illegally references parent directory"),
            ("a/b/../../../x", "chart illegally references parent directory"),
            ("../a/x", "chart illegally references parent directory"),
            ("a\\..\\x", "chart illegally references parent directory"),
            ("a/..b/c", "chart illegally references parent directory"),
            ("a/b/..", "chart illegally references parent directory"),
            ("a/c:/x", "chart contains illegally named files"),
            ("a\\C:\\x", "chart contains illegally named files"),
            ("Chart.yaml/x", "chart yaml not in base directory"),
            ("a/b\0c", r#"chart contains a path with a NUL in it: "a/b\x00c""#),
        ] {
            assert_eq!(path(name), Err(sentence.to_owned()), "{name:?}");
        }
        assert_eq!(
            path(&format!("a/{}", "b".repeat(99))),
            Err("chart contains a path longer than 100 bytes".to_owned())
        );
    }
}
