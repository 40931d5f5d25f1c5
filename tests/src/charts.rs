use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};

/// A packed chart, and what a repository must say of it.
#[derive(Debug, Clone)]
pub struct Chart {
    /// As in `Chart.yaml`.
    pub name: String,
    /// As in `Chart.yaml`.
    pub version: String,
    /// The package.
    pub bytes: Bytes,
    /// Bare hex SHA-256 of the package.
    pub digest: String,
}

impl Chart {
    /// The smallest chart that Helm would install.
    pub fn new(name: &str, version: &str) -> Self {
        ChartBuilder::new(name, version).build()
    }

    /// `<name>-<version>.tgz`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }

    /// A provenance that vouches for this package. Its signature has the form of one only.
    pub fn provenance(&self) -> String {
        provenance(&self.name, &self.version, &self.digest)
    }
}

/// Builds packages that are the same bytes whenever the same things were asked for.
#[derive(Debug, Clone)]
pub struct ChartBuilder {
    name: String,
    version: String,
    folder: String,
    metadata: Option<String>,
    lines: String,
    files: Vec<(String, Bytes)>,
}

impl ChartBuilder {
    /// A chart with `Chart.yaml`, `values.yaml` and one template.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            folder: "chart".to_owned(),
            metadata: None,
            lines: String::new(),
            files: vec![
                ("values.yaml".to_owned(), Bytes::from_static(b"# how many\nreplicas: 1\n")),
                (
                    "templates/config.yaml".to_owned(),
                    Bytes::from_static(
                        b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-{{ .Chart.Name }}\n\
                          data:\n  replicas: {{ .Values.replicas | quote }}\n  version: {{ .Chart.Version | quote }}\n",
                    ),
                ),
            ],
        }
    }

    /// More lines of `Chart.yaml`.
    pub fn metadata(mut self, lines: &str) -> Self {
        self.lines.push_str(lines);
        self.lines.push('\n');
        self
    }

    /// The whole text of `Chart.yaml`; the builder's name and version are then what it is expected to mean.
    pub fn chart_yaml(mut self, text: &str) -> Self {
        self.metadata = Some(text.to_owned());
        self
    }

    /// A file of the chart, in place of one with the same path.
    pub fn file(mut self, path: &str, content: impl Into<Bytes>) -> Self {
        self.files.retain(|(existing, _)| existing != path);
        self.files.push((path.to_owned(), content.into()));
        self
    }

    /// Leaves out a file that the builder adds by itself.
    pub fn without(mut self, path: &str) -> Self {
        self.files.retain(|(existing, _)| existing != path);
        self
    }

    /// The top folder's name, which Helm does not look at.
    pub fn folder(mut self, folder: &str) -> Self {
        folder.clone_into(&mut self.folder);
        self
    }

    /// Bytes that do not compress, so that the package has about this size.
    pub fn ballast(self, size: usize) -> Self {
        // xorshift, from a fixed seed: the same bytes at every run
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let content: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .flatten()
        .take(size)
        .collect();
        self.file("files/ballast", content)
    }

    /// Packs the chart.
    pub fn build(self) -> Chart {
        let metadata = self.metadata.unwrap_or_else(|| {
            let (name, version) = (quoted(&self.name), quoted(&self.version));
            format!("apiVersion: v2\nname: {name}\nversion: {version}\n{}", self.lines)
        });
        let mut archive = tar::Builder::new(GzBuilder::new().mtime(0).write(Vec::new(), Compression::default()));
        let chart_yaml = ("Chart.yaml".to_owned(), Bytes::from(metadata));
        for (path, content) in std::iter::once(&chart_yaml).chain(&self.files) {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            archive
                .append_data(&mut header, format!("{}/{path}", self.folder), &**content)
                .expect("memory takes what it is given");
        }
        let mut encoder = archive.into_inner().expect("memory takes what it is given");
        encoder.flush().expect("memory takes what it is given");
        let bytes = Bytes::from(encoder.finish().expect("memory takes what it is given"));
        Chart { digest: chart::Digest::of(&bytes).to_string(), name: self.name, version: self.version, bytes }
    }
}

/// JSON's way to quote, which is also YAML's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A clear-signed text in the form of `helm package --sign`.
pub fn provenance(name: &str, version: &str, digest: &str) -> String {
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\napiVersion: v2\nname: {name}\nversion: {version}\n\n...\n\
         files:\n  {name}-{version}.tgz: sha256:{digest}\n-----BEGIN PGP SIGNATURE-----\n\n\
         wsBcBAEBCgAQBQJdy0ReCRCEO7+YH8GHYgAAfhUIADx3pHHLLINv0MFkiEYpX/Kd\n=hBsv\n-----END PGP SIGNATURE-----\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{Chart, ChartBuilder};

    #[test]
    fn packages_are_reproducible_and_differ_by_content() {
        let build = || ChartBuilder::new("a", "1.0.0").ballast(1000).build();
        assert_eq!(build().bytes, build().bytes);
        assert_ne!(build().digest, Chart::new("a", "1.0.0").digest);
    }
}
