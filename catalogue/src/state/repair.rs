//! Bytes that were spoilt or lost, replaced by the same bytes from elsewhere.

use serde_json::value::RawValue;
use storage::Key;

use super::{Accepted, Refusal, State};
use crate::change::{PackagePublished, ProvenanceFile, StoredFile};
use crate::{Change, RepositoryPath, layout};

impl State {
    /// The version, or the provenance, of this file name gets another place with the same bytes. For a version that is
    /// the word that it was missing and the word that it is there, in one entry: everything else of it stays as it was.
    pub(super) fn check_repair(
        &self,
        path: &RepositoryPath,
        file: &str,
        from: &Key,
        to: &StoredFile,
    ) -> Result<Accepted, Refusal> {
        let repository = self.repository(path).ok_or(Refusal::NotFound)?;
        let facts = repository.file(file).ok_or(Refusal::NotFound)?;
        if layout::is_flat(&to.key) || self.discarded.contains_key(&to.key) {
            return Err(Refusal::PlaceUsed);
        }
        let fits = |stored: &StoredFile| &stored.key == from && stored.digest == to.digest;
        let (repository_path, file) = (path.clone(), file.to_owned());
        if let Some(provenance) = facts.provenance.as_ref().filter(|provenance| fits(&provenance.stored)) {
            let provenance = ProvenanceFile { stored: to.clone(), vouches: provenance.vouches };
            return Ok(Change::ProvenancePublished { repository: repository_path, file, provenance }.into());
        }
        let listed = repository.version_of_file(&file).filter(|version| fits(&version.package));
        let missing = facts.missing.as_ref().filter(|version| fits(&version.package));
        let version = listed.or(missing).ok_or(Refusal::NotFound)?;
        // the file name, or the version, has been given to other bytes since it went missing
        if listed.is_none()
            && (facts.listed.is_some() || repository.version(version.name.as_str(), version.version.as_str()).is_some())
        {
            return Err(Refusal::Exists);
        }
        let metadata = RawValue::from_string(version.metadata.to_string()).map_err(|_| Refusal::NotFound)?;
        let published = PackagePublished {
            repository: path.clone(),
            name: version.name.clone(),
            version: version.version.clone(),
            file: file.clone(),
            package: to.clone(),
            traces: None,
            metadata,
            created: Some(version.created),
            provenance: None,
        };
        let lost = listed.map(|_| Change::PackageMissing { repository: repository_path, file });
        let changes = lost.into_iter().chain([Change::PackagePublished(Box::new(published))]).collect();
        Ok(Accepted { changes, replaced: false })
    }
}
