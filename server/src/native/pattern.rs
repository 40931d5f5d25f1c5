//! Names with wildcards.

/// A name, or a pattern of names: `*` stands for any characters, `?` for one.
#[derive(Debug, Clone)]
pub struct Pattern {
    characters: Vec<char>,
    /// What every fitting name begins with.
    prefix: String,
}

impl Pattern {
    /// Any text is a pattern.
    pub fn new(text: &str) -> Self {
        let prefix = text.split(['*', '?']).next().unwrap_or_default().to_owned();
        Self { characters: text.chars().collect(), prefix }
    }

    /// What every fitting name begins with: in an ordered list they stand together from here on.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// True if the whole name fits. Takes time in proportion to the two lengths multiplied, whatever the pattern.
    pub fn fits(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(&self.prefix) else { return false };
        let pattern = &self.characters[self.prefix.chars().count()..];
        let rest: Vec<char> = rest.chars().collect();
        let (mut at, mut in_pattern) = (0, 0);
        // where to go on when a character does not fit: behind the last star, which then takes one character more
        let mut retry = None;
        while at < rest.len() {
            match pattern.get(in_pattern) {
                Some('*') => {
                    retry = Some((at, in_pattern));
                    in_pattern += 1;
                }
                Some(character) if *character == '?' || *character == rest[at] => {
                    at += 1;
                    in_pattern += 1;
                }
                _ => {
                    let Some((from, star)) = retry else { return false };
                    retry = Some((from + 1, star));
                    (at, in_pattern) = (from + 1, star + 1);
                }
            }
        }
        pattern[in_pattern..].iter().all(|character| *character == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_fit() {
        for (pattern, name) in [
            ("nginx", "nginx"),
            ("*", ""),
            ("*", "nginx"),
            ("ng*", "nginx"),
            ("ng*", "ng"),
            ("*x", "nginx"),
            ("*i*", "nginx"),
            ("n?inx", "nginx"),
            ("n*n*", "nginx"),
            ("**x", "nginx"),
            ("?????", "nginx"),
            ("*ab", "aab"),
            ("a*b*c", "a-b-b-c"),
            ("é?", "éà"),
            ("org/*", "org/a/b"),
        ] {
            assert!(Pattern::new(pattern).fits(name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("nginx", "nginx-2"),
            ("nginx", "ngin"),
            ("", "a"),
            ("ng*", "n"),
            ("*y", "nginx"),
            ("?", ""),
            ("??", "a"),
            ("NGINX", "nginx"),
            ("a*b", "a-b-c"),
            ("[n]ginx", "nginx"),
        ] {
            assert!(!Pattern::new(pattern).fits(name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer() {
        let pattern = Pattern::new(&format!("{}b", "a*".repeat(500)));
        assert!(!pattern.fits(&"a".repeat(2000)));
    }
}
