//! The manifest of a chart that was not pushed as one: Helm's, made of what the repository knows.
//!
//! **Frozen.** A manifest is known by the digest of its bytes, and those are not kept but made again. Whatever this file
//! makes of the same values must stay the same for ever; a better form would need a function of its own beside it.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::ser::Formatter;

use super::{ContentDigest, media_type};
use crate::Digest;

/// Content that a chart's manifest names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChartBlob {
    /// Of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
}

/// A chart's manifest, made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartManifest {
    /// It.
    pub bytes: Vec<u8>,
    /// The config that it names: the metadata's bytes.
    pub config: Digest,
}

/// What the manifest says of the metadata.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    version: String,
    description: String,
    home: String,
    sources: Vec<String>,
    maintainers: Vec<Maintainer>,
    annotations: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Maintainer {
    name: String,
    email: String,
}

/// In Helm's order: without `mediaType`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: u8,
    config: Descriptor,
    layers: Vec<Descriptor>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: &'static str,
    digest: ContentDigest,
    size: u64,
}

impl Descriptor {
    fn of(media_type: &'static str, blob: ChartBlob) -> Self {
        Self { media_type, digest: blob.digest.into(), size: blob.size }
    }
}

const TITLE: &str = "org.opencontainers.image.title";
const VERSION: &str = "org.opencontainers.image.version";
const DESCRIPTION: &str = "org.opencontainers.image.description";
const URL: &str = "org.opencontainers.image.url";
const SOURCE: &str = "org.opencontainers.image.source";
const AUTHORS: &str = "org.opencontainers.image.authors";

/// The manifest of a chart: what Helm makes when it pushes the package, but for the time of the file, which a repository
/// does not know. `metadata` is the canonical JSON of `Chart.yaml`, and its bytes are the config that the manifest names.
pub fn chart_manifest(metadata: &str, package: ChartBlob, provenance: Option<ChartBlob>) -> ChartManifest {
    let config = ChartBlob { digest: Digest::of(metadata.as_bytes()), size: metadata.len() as u64 };
    let mut layers = vec![Descriptor::of(media_type::CHART_PACKAGE, package)];
    layers.extend(provenance.map(|provenance| Descriptor::of(media_type::CHART_PROVENANCE, provenance)));
    layers.sort_by_key(|layer| layer.digest);
    let document = Document {
        schema_version: 2,
        config: Descriptor::of(media_type::CHART_CONFIG, config),
        layers,
        annotations: annotations(serde_json::from_str(metadata).unwrap_or_default()),
    };
    let mut bytes = Vec::with_capacity(1024);
    document
        .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, Go))
        .expect("a vector takes any bytes, and a map of texts has a JSON form");
    ChartManifest { bytes, config: config.digest }
}

/// Helm's: the chart's own may replace all but title and version.
fn annotations(metadata: Metadata) -> BTreeMap<String, String> {
    let authors = metadata.maintainers.iter().map(|maintainer| match &*maintainer.email {
        "" => maintainer.name.clone(),
        email => format!("{} ({email})", maintainer.name),
    });
    let authors = authors.collect::<Vec<_>>().join(", ");
    let known = [
        (DESCRIPTION, metadata.description),
        (TITLE, metadata.name),
        (VERSION, metadata.version),
        (URL, metadata.home),
        (SOURCE, metadata.sources.into_iter().next().unwrap_or_default()),
        (AUTHORS, authors),
    ];
    let known = known.into_iter().filter(|(_, text)| !text.trim().is_empty());
    let mut annotations: BTreeMap<_, _> = known.map(|(key, text)| (key.to_owned(), text)).collect();
    annotations.extend(metadata.annotations.into_iter().filter(|(key, _)| key != TITLE && key != VERSION));
    annotations
}

/// Go's way of writing JSON: compact, and with more escapes.
struct Go;

impl Formatter for Go {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let is_escaped = |character| matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        let mut rest = fragment;
        while let Some(at) = rest.find(is_escaped) {
            let escaped = rest[at..].chars().next().unwrap_or_default();
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(escaped))?;
            rest = &rest[at + escaped.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(metadata: &str, package: &str, provenance: Option<&str>) -> Vec<u8> {
        let made = chart_manifest(metadata, blob(package), provenance.map(blob));
        assert_eq!(made.config, Digest::of(metadata.as_bytes()));
        made.bytes
    }

    fn blob(of: &str) -> ChartBlob {
        ChartBlob { digest: Digest::of(of.as_bytes()), size: of.len() as u64 }
    }

    const PLAIN: &str = r#"{"name":"web","version":"1.2.3","apiVersion":"v2"}"#;

    const RICH: &str = r#"{"name":"web","home":"https://example.com/?a=1&b=<2>","sources":["https://example.com/git","x"],"version":"1.2.3+b","description":"Größe \"und\"\n\u2028 mehr","maintainers":[{"name":"A","email":"a@example.com"},{"name":"B"},{"email":"c@example.com"}],"apiVersion":"v2","annotations":{"org.opencontainers.image.title":"other","org.opencontainers.image.url":"https://other.example.com","z":"\u007f"}}"#;

    #[test]
    fn of_a_plain_chart() {
        let manifest = manifest(PLAIN, "package", None);
        assert_eq!(
            String::from_utf8(manifest.clone()).unwrap(),
            r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"sha256:CONFIG","size":50},"layers":[{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","digest":"sha256:PACKAGE","size":7}],"annotations":{"org.opencontainers.image.title":"web","org.opencontainers.image.version":"1.2.3"}}"#
                .replace("CONFIG", &Digest::of(PLAIN.as_bytes()).to_string())
                .replace("PACKAGE", &Digest::of(b"package").to_string())
        );
        assert_eq!(
            Digest::of(&manifest).to_string(),
            "dac83060c790ff7a9b60ce7dcd6bfdb1a6f305b70910cac50210b366fb073121"
        );
    }

    #[test]
    fn of_everything_that_it_can_say() {
        let manifest = manifest(RICH, "package", Some("provenance"));
        let text = String::from_utf8(manifest.clone()).unwrap();
        let annotations = concat!(
            r#""annotations":{"org.opencontainers.image.authors":"A (a@example.com), B,  (c@example.com)","#,
            r#""org.opencontainers.image.description":"Größe \"und\"\n\u2028 mehr","#,
            r#""org.opencontainers.image.source":"https://example.com/git","org.opencontainers.image.title":"web","#,
            r#""org.opencontainers.image.url":"https://other.example.com","org.opencontainers.image.version":"1.2.3+b","#,
            "\"z\":\"\u{7f}\"}}",
        );
        assert!(text.ends_with(annotations), "{text}");
        assert_eq!(
            Digest::of(&manifest).to_string(),
            "bef42a273c970be0bf20e05783e597bc57ae2ab2108f3637d3479962e9daa1e9"
        );
    }

    #[test]
    fn layers_stand_in_the_order_of_their_digests() {
        for (package, provenance) in [("a", "b"), ("b", "a")] {
            let text = String::from_utf8(manifest(PLAIN, package, Some(provenance))).unwrap();
            let place = |of: &str| text.find(&Digest::of(of.as_bytes()).to_string()).unwrap();
            assert_eq!(place("a") < place("b"), Digest::of(b"a") < Digest::of(b"b"));
            let read = crate::oci::Manifest::parse(text.as_bytes(), Some(media_type::MANIFEST)).unwrap();
            assert!(read.is_chart());
            assert_eq!(read.chart_package().unwrap().digest, blob(package).digest.into());
            assert_eq!(read.chart_provenance().unwrap().digest, blob(provenance).digest.into());
        }
    }

    #[test]
    fn escapes_are_those_of_go() {
        let metadata = r#"{"description":"a<b>&c\u2028\u2029é\u0001"}"#;
        let text = String::from_utf8(manifest(metadata, "", None)).unwrap();
        assert!(text.contains(r#""a\u003cb\u003e\u0026c\u2028\u2029é\u0001""#), "{text}");
        assert!(String::from_utf8(manifest("{}", "", None)).unwrap().ends_with("}]}"));
    }
}
