use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::to_json;
use crate::Digest;

/// One version, as an index shows it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The canonical JSON object of [`crate::Package::metadata_json`].
    pub metadata: &'a str,
    /// Where the package is, relative to the index or absolute.
    pub url: &'a str,
    /// When it was published.
    pub created: Timestamp,
    /// Of the package.
    pub digest: Digest,
}

impl Entry<'_> {
    /// Appends the entry's JSON: the metadata's fields as they are, then those that the repository adds, in the order of
    /// Go's `repo.ChartVersion`. Text that is no object adds no fields: readers drop such an entry and keep the others.
    pub(super) fn write_json(&self, out: &mut String) {
        let fields = self.metadata.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
        out.push('{');
        out.push_str(fields);
        if !fields.is_empty() {
            out.push(',');
        }
        // Strict readers of mirrors refuse a whole index for one entry without it.
        if !names_api_version(self.metadata) {
            out.push_str(r#""apiVersion":"v1","#);
        }
        let (url, created) = (to_json(self.url), rfc3339(self.created));
        write!(out, r#""urls":[{url}],"created":"{created}","digest":"{}"}}"#, self.digest)
            .expect("a string takes any text");
    }
}

fn names_api_version(metadata: &str) -> bool {
    #[derive(Deserialize)]
    struct Probe {
        #[serde(rename = "apiVersion")]
        api_version: Option<IgnoredAny>,
    }
    serde_json::from_str::<Probe>(metadata).is_ok_and(|probe| probe.api_version.is_some())
}

/// The one form of times in an index: RFC 3339 in UTC, as many digits as needed. Go reads no year before 0 and fails on
/// the whole index, so earlier times, which only a broken file system reports, become Go's zero time.
pub fn rfc3339(time: Timestamp) -> String {
    const YEAR_ONE: Timestamp = Timestamp::constant(-62_135_596_800, 0);
    time.max(YEAR_ONE).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(metadata: &str, created: &str) -> String {
        let mut out = String::new();
        let created = created.parse().unwrap();
        Entry { metadata, url: "charts/a \"b\"\u{85}.tgz", created, digest: Digest::from_bytes([0xab; 32]) }
            .write_json(&mut out);
        out
    }

    #[test]
    fn fields_follow_the_metadata_verbatim() {
        assert_eq!(
            json(r#"{"name":"a","version":"1.0","apiVersion":"v2"}"#, "2024-05-06T07:08:09.120+02:00"),
            format!(
                r#"{{"name":"a","version":"1.0","apiVersion":"v2","urls":["charts/a \"b\"\u0085.tgz"],"created":"2024-05-06T05:08:09.12Z","digest":"{}"}}"#,
                "ab".repeat(32)
            )
        );
    }

    #[test]
    fn an_api_version_is_always_there() {
        let nested = json(r#"{"name":"a","annotations":{"apiVersion":"v9"}}"#, "2024-05-06T07:08:09Z");
        assert!(nested.starts_with(r#"{"name":"a","annotations":{"apiVersion":"v9"},"apiVersion":"v1","urls""#));
        assert!(json("{}", "2024-05-06T07:08:09Z").starts_with(r#"{"apiVersion":"v1","urls""#));
        assert!(json("no object", "2024-05-06T07:08:09Z").starts_with(r#"{"apiVersion":"v1","urls""#));
    }

    #[test]
    fn times_have_one_form() {
        for (time, text) in [
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
            ("2024-01-01T00:00:00.000000001Z", "2024-01-01T00:00:00.000000001Z"),
            ("2024-01-01T00:00:00.500Z", "2024-01-01T00:00:00.5Z"),
            ("-000044-03-15T00:00:00Z", "0001-01-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(time.parse().unwrap()), text);
        }
    }
}
