use storage::{Key, Prefix};

/// Between our keys and the bucket's: what all of ours begin with there.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// Empty, or whole segments and a `/`.
    before: String,
}

impl Names {
    pub(crate) fn below(prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        Self { before: if prefix.is_empty() { String::new() } else { format!("{prefix}/") } }
    }

    pub(crate) fn object(&self, key: &Key) -> String {
        format!("{}{key}", self.before)
    }

    pub(crate) fn beginning(&self, prefix: &Prefix) -> String {
        format!("{}{prefix}", self.before)
    }

    /// None for what is no key of ours: the markers that consoles make for folders, names that no file system has.
    pub(crate) fn key(&self, name: &str) -> Option<Key> {
        Key::new(name.strip_prefix(&self.before)?).ok()
    }

    pub(crate) fn folder(&self, name: &str) -> Option<Prefix> {
        let folder = name.strip_prefix(&self.before)?;
        Key::new(folder.strip_suffix('/')?).ok()?;
        Prefix::new(folder).ok()
    }
}

/// The text of a name in a listing that was asked for in the encoding of URLs: `+` is a space.
pub(crate) fn decoded(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_separator() {
        let names = Names::below("/team/charts/");
        let key = Key::new("web-1.0.0.tgz").unwrap();
        assert_eq!(names.object(&key), "team/charts/web-1.0.0.tgz");
        assert_eq!(names.key("team/charts/web-1.0.0.tgz"), Some(key));
        assert_eq!(names.key("team/charts2/web-1.0.0.tgz"), None);
        assert_eq!(names.key("team/charts/"), None, "a marker of a folder");
        assert_eq!(names.key("team/charts/a//b"), None);
        assert_eq!(names.beginning(&Prefix::root()), "team/charts/");
        assert_eq!(names.folder("team/charts/a/b/"), Prefix::new("a/b/").ok());
        assert_eq!(names.folder("team/charts//"), None);
        assert_eq!(Names::below("").beginning(&Prefix::new("a").unwrap()), "a");
    }

    #[test]
    fn names_of_listings_are_decoded() {
        for (encoded, name) in [
            ("a%2Bb+c-%C3%A9.tgz", "a+b c-é.tgz"),
            ("a%20b", "a b"),
            ("%E6%97%A5/%25", "日/%"),
            ("plain-1.0.0.tgz", "plain-1.0.0.tgz"),
        ] {
            assert_eq!(decoded(encoded).as_deref(), Some(name));
        }
        for broken in ["%", "%4", "%zz", "%FF"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }
}
