mod clearsign;
mod signed;

use signed::Signed;

use crate::Digest;

/// A provenance file: a signed text that names a chart version and vouches for a package's digest.
///
/// Read for its form only; the signature is not verified here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    name: String,
    version: String,
    digest: Option<Digest>,
}

/// The bytes are no provenance file. The text is ChartMuseum's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    /// Not a clear-signed PGP message with a name and a version.
    #[error("invalid provenance file")]
    Invalid,
    /// Name and version do not make a file name.
    #[error("{0} is improperly formatted")]
    FileName(String),
}

impl Provenance {
    /// Reads the signed text: the chart's metadata and, after a line `...`, the digests of files.
    ///
    /// # Errors
    /// [`ProvenanceError`] with ChartMuseum's sentence.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProvenanceError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ProvenanceError::Invalid)?;
        let lines = clearsign::signed_lines(text).ok_or(ProvenanceError::Invalid)?;
        let signed = Signed::read(&lines).ok_or(ProvenanceError::Invalid)?;

        let mut provenance = Self { name: signed.name, version: signed.version, digest: None };
        let file = provenance.package_file_name();
        if file.contains(['/', '\0']) {
            return Err(ProvenanceError::FileName(format!("{file}.prov")));
        }
        let sum = signed.files.get(&file).and_then(|sum| sum.strip_prefix("sha256:"));
        provenance.digest = sum.and_then(|sum| sum.parse().ok());
        Ok(provenance)
    }

    /// The chart's name as signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The chart's version as signed.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The package digest that the text vouches for, if it names one for the package's file.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The package's file name, `<name>-<version>.tgz`; the provenance's own is this with `.prov`.
    pub fn package_file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }
}
