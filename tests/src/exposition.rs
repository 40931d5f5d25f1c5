use std::collections::{BTreeMap, BTreeSet};

/// What Prometheus would read: a strict reader of its text format, version 0.0.4.
#[derive(Debug, Default)]
pub struct Exposition {
    /// The kind of each family.
    kinds: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

/// One line with a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// With the suffix of a histogram's or summary's part.
    pub name: String,
    /// By name.
    pub labels: BTreeMap<String, String>,
    /// The number.
    pub value: f64,
}

impl Exposition {
    /// Reads a text. Whatever the format forbids, or Prometheus would take for something else, is a failure.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let (mut read, mut helped, mut seen) = (Self::default(), BTreeSet::new(), BTreeSet::new());
        let mut family = String::new();
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, _) = help.split_once(' ').unwrap_or_else(|| panic!("help without a text: {line}"));
                assert!(is_name(name) && helped.insert(name.to_owned()), "help is odd or doubled: {line}");
                name.clone_into(&mut family);
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap_or_else(|| panic!("no type: {line}"));
                assert_eq!(name, family, "the type does not follow its help");
                assert!(["counter", "gauge", "histogram", "summary"].contains(&kind), "{line}");
                assert!(read.kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "doubled: {line}");
            } else {
                let sample = sample(line);
                assert!(seen.insert((sample.name.clone(), format!("{:?}", sample.labels))), "doubled: {line}");
                read.check(&family, &sample);
                read.samples.push(sample);
            }
        }
        read.check_histograms();
        read
    }

    fn check(&self, family: &str, sample: &Sample) {
        let kind = self.kinds.get(family).unwrap_or_else(|| panic!("no family for {sample:?}"));
        let suffixes: &[&str] = match &**kind {
            "histogram" => &["_bucket", "_sum", "_count"],
            "summary" => &["_sum", "_count"],
            _ => &[""],
        };
        let suffix = sample.name.strip_prefix(family).unwrap_or_else(|| panic!("{sample:?} is not of {family}"));
        assert!(suffixes.contains(&suffix), "{sample:?} is not of the {kind} {family}");
        assert!(kind == "gauge" || sample.value >= 0.0, "{sample:?}");
    }

    fn check_histograms(&self) {
        for (name, _) in self.kinds.iter().filter(|(_, kind)| *kind == "histogram") {
            for count in self.all(&format!("{name}_count")) {
                let of_same = |sample: &&&Sample| {
                    let mut labels = sample.labels.clone();
                    labels.remove("le").is_some() && labels == count.labels
                };
                let buckets = self.all(&format!("{name}_bucket"));
                let values: Vec<f64> = buckets.iter().filter(of_same).map(|bucket| bucket.value).collect();
                assert!(values.is_sorted(), "{name}: {values:?}");
                assert_eq!(values.last(), Some(&count.value), "{name}: the last bucket is not all");
            }
        }
    }

    /// The kind of a family, if it is there.
    pub fn kind(&self, family: &str) -> Option<&str> {
        self.kinds.get(family).map(String::as_str)
    }

    /// Every sample of this name.
    pub fn all(&self, name: &str) -> Vec<&Sample> {
        self.samples.iter().filter(|sample| sample.name == name).collect()
    }

    /// The sum of the samples of this name that have these labels, among others; absent if there is none.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has =
            |sample: &&Sample| labels.iter().all(|(label, text)| sample.labels.get(*label).is_some_and(|t| t == text));
        self.samples
            .iter()
            .filter(|sample| sample.name == name)
            .filter(has)
            .map(|sample| sample.value)
            .reduce(|a, b| a + b)
    }
}

fn is_name(text: &str) -> bool {
    !text.starts_with(|c: char| c.is_ascii_digit())
        && !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn sample(line: &str) -> Sample {
    let odd = || -> ! { panic!("no sample: {line}") };
    let end = line.find(['{', ' ']).unwrap_or_else(|| odd());
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| odd());
            assert!(is_name(label), "{line}");
            let (text, after) = quoted(after).unwrap_or_else(|| odd());
            assert!(labels.insert(label.to_owned(), text).is_none(), "a label is doubled: {line}");
            match after.split_at_checked(1).unwrap_or_else(|| odd()) {
                (",", after) => rest = after,
                ("}", after) => {
                    rest = after;
                    break;
                }
                _ => odd(),
            }
        }
    }
    let number = rest.strip_prefix(' ').unwrap_or_else(|| odd());
    let value = match number {
        "+Inf" => f64::INFINITY,
        number => number.parse().unwrap_or_else(|_| odd()),
    };
    assert!(number == "+Inf" || number.bytes().all(|byte| byte.is_ascii_digit() || b".-e".contains(&byte)), "{line}");
    Sample { name: name.to_owned(), labels, value }
}

/// A text up to its closing quote, without escapes, and what stands behind.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut plain = String::new();
    let mut characters = text.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((plain, &text[at + 1..])),
            (_, '\\') => plain.push(match characters.next()?.1 {
                'n' => '\n',
                escaped @ ('\\' | '"') => escaped,
                _ => return None,
            }),
            (_, character) => plain.push(character),
        }
    }
}
