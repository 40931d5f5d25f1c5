//! Pushing a chart: what its manifest names becomes a version, in the commit that sets its tag.

use bytes::Bytes;
use chart::oci::{Descriptor, Manifest, RegistryName, Tag};
use chart::{ChartVersion, Digest, Package, Provenance};
use jiff::Timestamp;
use serde::Deserialize;

use super::manifests::outcome;
use super::{PutManifest, RegistryError};
use crate::blocking::blocking;
use crate::outcome::{CommitError, PublishOutcome};
use crate::publish::Unpublished;
use crate::replica::Replica;
use crate::state::{ManifestPublication, Proposal, Refusal};
use crate::upload::{SignedText, Sorted};
use crate::{RepositoryPath, Terms};

/// A chart that a manifest brings.
pub(super) struct ChartPush {
    pub repository: RepositoryPath,
    pub version: ChartVersion,
    pub package_digest: Digest,
    package: Package,
    provenance: Option<SignedText>,
}

/// What a chart's config must agree with.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    name: String,
    version: String,
}

/// Bytes of the largest config: the limit of an index's entry leaves as much again for Helm's way of writing.
const CONFIG_SIZE: u64 = 1024 * 1024;
/// Bytes of the largest provenance, which repeats the metadata.
const PROVENANCE_SIZE: u64 = 1024 * 1024;

impl Replica {
    /// Reads and checks the chart that the manifest names.
    pub(super) async fn chart_push(
        &self,
        name: &RegistryName,
        manifest: &Manifest,
        put: &PutManifest,
        tags: &[Tag],
    ) -> Result<ChartPush, RegistryError> {
        let (path, chart) = name.split();
        let repository = RepositoryPath::parse(path).map_err(|error| invalid(error.to_string()))?;
        let layer = manifest.chart_package().ok_or_else(|| invalid("the manifest names no chart".to_owned()))?;
        let bytes = self.layer(name, layer, put.package_limit).await?;
        let limits = self.options.limits.clone();
        let package = blocking(move || Package::parse(bytes, &limits)).await;
        let package = package.map_err(|error| RegistryError::Unavailable(error.to_string()))?;
        let package = package.map_err(|error| invalid(error.to_string()))?;
        if package.name().as_str() != chart {
            let own = package.name();
            return Err(invalid(format!(
                "the chart is called {own}: push it to a repository whose name ends in /{own}"
            )));
        }
        self.check_version(name, &package, tags)?;
        let config = manifest.config.as_ref().ok_or_else(|| invalid("the manifest has no config".to_owned()))?;
        self.check_config(name, config, &package).await?;
        let provenance = match manifest.chart_provenance() {
            Some(layer) => Some(self.provenance_layer(name, layer, &package).await?),
            None => None,
        };
        let (version, package_digest) = (package.version().clone(), package.digest());
        Ok(ChartPush { repository, version, package_digest, package, provenance })
    }

    /// One of the tags is the version's, or the version exists and gets another one.
    fn check_version(&self, name: &RegistryName, package: &Package, tags: &[Tag]) -> Result<(), RegistryError> {
        let version = package.version();
        let Some(own) = Tag::of_version(version) else {
            return Err(invalid(format!("the version {version} has no form that a tag can have")));
        };
        let other = tags.iter().find(|tag| **tag != own && tag.version().is_some());
        if let Some(other) = other {
            return Err(invalid(format!(
                "the tag {other} is not that of the chart's version {version}, which is {own}"
            )));
        }
        let state = self.view().state.clone();
        let known = state.chart_of(name).and_then(|(_, chart)| chart.version(version.as_str()));
        let exists = known.is_some_and(|known| known.package.digest == package.digest());
        if exists || tags.contains(&own) {
            return Ok(());
        }
        Err(invalid(format!("the chart's version {version} does not exist yet: push it with the tag {own}")))
    }

    async fn check_config(
        &self,
        name: &RegistryName,
        config: &Descriptor,
        package: &Package,
    ) -> Result<(), RegistryError> {
        let bytes = self.layer(name, config, CONFIG_SIZE).await?;
        let config: Config =
            serde_json::from_slice(&bytes).map_err(|error| invalid(format!("the config cannot be read: {error}")))?;
        if config.name != package.name().as_str() || config.version != package.version().as_str() {
            let (name, version) = (package.name(), package.version());
            return Err(invalid(format!("the config is not that of {name} {version}, which the package is")));
        }
        Ok(())
    }

    async fn provenance_layer(
        &self,
        name: &RegistryName,
        layer: &Descriptor,
        package: &Package,
    ) -> Result<SignedText, RegistryError> {
        let bytes = self.layer(name, layer, PROVENANCE_SIZE).await?;
        let provenance = Provenance::parse(&bytes).map_err(|error| invalid(error.to_string()))?;
        let file = provenance.package_file_name();
        if file != package.file_name() {
            return Err(invalid(format!("the provenance is that of {file}")));
        }
        Ok(SignedText { file, vouches: provenance.digest(), bytes })
    }

    /// The bytes of a blob that a manifest names, which must be what it says.
    async fn layer(&self, name: &RegistryName, layer: &Descriptor, limit: u64) -> Result<Bytes, RegistryError> {
        let view = self.view();
        let found = view.state.find_blob(name, layer.digest).ok_or(RegistryError::ReferenceUnknown(layer.digest))?;
        if found.size != layer.size {
            return Err(invalid(format!("{} has {} bytes, not {}", layer.digest, found.size, layer.size)));
        }
        if found.size > limit {
            return Err(RegistryError::Denied(format!("{} has more than {limit} bytes", layer.digest)));
        }
        let bytes = self.load_blob(&found, None).await?;
        let (digest, hashed) = (layer.digest, bytes.clone());
        let is_right = blocking(move || digest.matches(&hashed)).await;
        match is_right {
            Ok(true) => Ok(bytes),
            Ok(false) => Err(RegistryError::Unavailable(format!("{digest} is not what was pushed"))),
            Err(error) => Err(RegistryError::Unavailable(error.to_string())),
        }
    }

    /// Puts the manifest, its tags and what it brings to the engine. The package is written only if its version does not
    /// exist with these bytes, the provenance only if the version has none.
    pub(super) async fn commit_chart(
        &self,
        mut publication: ManifestPublication,
        chart: ChartPush,
        terms: Terms,
        since: Timestamp,
    ) -> Result<Option<PublishOutcome>, RegistryError> {
        let ChartPush { repository, version, package_digest, package, provenance } = chart;
        let object = publication.object.clone();
        let view = self.view();
        let known = view.state.repository(&repository);
        let existing = known.and_then(|known| known.version(package.name().as_str(), version.as_str()));
        let sentence = format!("{} {version} exists with other bytes: give the chart another version", package.name());
        let answer = match existing {
            Some(existing) if existing.package.digest == package_digest => {
                let facts = known.and_then(|known| known.file(&existing.file));
                let is_new = facts.is_none_or(|facts| facts.provenance.is_none());
                let signed = provenance.filter(|signed| is_new && *signed.file == *existing.file);
                self.commit_known(publication, &repository, signed, since).await
            }
            Some(_) if !terms.overwrite => Err(Unpublished::Refused(Refusal::Exists)),
            _ => {
                let upload = Sorted { packages: vec![(package, provenance)], provenances: Vec::new() };
                let wrap = |planned: &crate::Publication| {
                    publication.publication = Some(planned.clone());
                    Proposal::PutManifest(Box::new(publication.clone()))
                };
                self.publish_as(&repository, &upload, terms, since, wrap).await
            }
        };
        if !matches!(answer, Err(Unpublished::Failed(CommitError::Unavailable(_)))) {
            self.delete_if_unused(object.as_ref().map(|object| &object.key)).await;
        }
        match answer {
            Ok(committed) => {
                self.move_removed(&repository, &committed).await;
                Ok(outcome(&committed))
            }
            Err(Unpublished::Refused(Refusal::Exists) | Unpublished::Failed(CommitError::Exists)) => {
                Err(RegistryError::Exists(sentence))
            }
            Err(Unpublished::Refused(refusal)) => Err(refusal.into()),
            Err(Unpublished::Failed(error)) => Err(error.into()),
        }
    }

    async fn commit_known(
        &self,
        mut publication: ManifestPublication,
        repository: &RepositoryPath,
        signed: Option<SignedText>,
        since: Timestamp,
    ) -> Result<crate::engine::Committed, Unpublished> {
        if let Some(signed) = &signed {
            publication.provenance =
                Some((repository.clone(), signed.file.clone(), self.write_late(repository, signed).await?));
        }
        let written = publication.provenance.as_ref().map(|(_, _, provenance)| provenance.stored.key.clone());
        let answer = self.propose_since(Proposal::PutManifest(Box::new(publication)), since).await;
        let answer = answer.map_err(Unpublished::from);
        if !matches!(answer, Err(Unpublished::Failed(_))) {
            self.delete_if_unused(written.as_ref()).await;
        }
        answer
    }
}

fn invalid(sentence: String) -> RegistryError {
    RegistryError::ManifestInvalid(sentence)
}
