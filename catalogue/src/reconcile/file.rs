//! Judging one file that a listing showed.

use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use chart::{Digest, Package, Provenance};
use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;
use storage::{Key, StorageError};

use super::{Finding, ScannedFile};
use crate::blocking::blocking;
use crate::change::{PackagePublished, ProvenanceFile, StoredFile};
use crate::engine::ProposeError;
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::{FileFacts, Proposal, Refusal};
use crate::{State, Version, layout};

/// A file that changed less than this ago may still be being written, or belong to an upload that is about to commit.
const SETTLED: SignedDuration = SignedDuration::from_secs(60);

/// What a file's bytes make of it.
pub(crate) enum Judged {
    /// A version, whose bytes are stored after `since` if they are a copy, and which replaces what `replaces` names.
    Version {
        published: Box<PackagePublished>,
        replaces: Option<Key>,
        since: Timestamp,
    },
    Unreadable(String),
}

impl Replica {
    pub(super) async fn look_at(&self, state: &State, file: &ScannedFile) -> Result<Finding, CommitError> {
        let facts = state.repository(&file.repository).and_then(|repository| repository.file(&file.name));
        let known = facts.is_some_and(|facts| facts.traces.as_ref() == Some(&file.traces) && facts.missing.is_none());
        if known || self.has_seen(file) {
            return Ok(match facts.and_then(|facts| facts.unreadable.clone()) {
                Some(reason) => Finding::Unreadable(reason),
                None => Finding::Nothing,
            });
        }
        let bytes = match self.store.get(&file.key, None).await {
            Ok(object) => object.bytes,
            // gone since the listing, or never quite there
            Err(StorageError::NotFound(_)) => return Ok(Finding::Nothing),
            Err(error @ (StorageError::Denied(_) | StorageError::Corrupt(_))) => {
                return self.mark_unreadable(file, error.to_string()).await;
            }
            Err(error) => return Err(CommitError::Unavailable(error.to_string())),
        };
        let digest = Digest::of(&bytes);
        if let Some(facts) = facts.filter(|facts| facts.digests.contains(&digest)) {
            return self.look_at_known(state, file, facts, digest).await;
        }
        if self.options.clock.now().duration_since(file.traces.modified) < SETTLED {
            return Ok(Finding::Nothing);
        }
        let judged = self.judge(Some(state), file, bytes, digest, None).await?;
        self.settle_judged(file, judged).await
    }

    /// Bytes that this file name had before are never a new version. They may be one that was missing.
    async fn look_at_known(
        &self,
        state: &State,
        file: &ScannedFile,
        facts: &FileFacts,
        digest: Digest,
    ) -> Result<Finding, CommitError> {
        let right = |version: &Arc<Version>| version.package.key == file.key && version.package.digest == digest;
        let spoilt = || {
            let listed =
                state.repository(&file.repository).and_then(|repository| repository.version_of_file(&file.name));
            facts.unreadable.is_some() && listed.is_some_and(right)
        };
        if facts.missing.as_ref().is_some_and(right) || spoilt() {
            let (repository, file) = (file.repository.clone(), file.name.clone());
            let found = self.propose_if_needed(Proposal::Found { repository, file }).await?;
            return Ok(if found { Finding::Found } else { Finding::Nothing });
        }
        self.note(file);
        Ok(Finding::Nothing)
    }

    /// What a file's bytes make of it. A version is taken in where it lies if that place was never used, else as a copy
    /// in a fresh one. The bytes are let go before the proposal waits for its commit.
    pub(crate) async fn judge(
        &self,
        state: Option<&State>,
        file: &ScannedFile,
        bytes: Bytes,
        digest: Digest,
        created: Option<Timestamp>,
    ) -> Result<Judged, CommitError> {
        let limits = self.options.limits.clone();
        let parsed = {
            let bytes = bytes.clone();
            blocking(move || Package::parse(bytes, &limits)).await
        };
        let package = match parsed.map_err(|error| CommitError::Unavailable(error.to_string()))? {
            Ok(package) => package,
            Err(error) => return Ok(Judged::Unreadable(error.to_string())),
        };
        let since = self.now();
        let repository = state.and_then(|state| state.repository(&file.repository));
        let facts = repository.and_then(|repository| repository.file(&file.name));
        let used = facts.is_some_and(|facts| facts.flat_used);
        let own = StoredFile { key: file.key.clone(), digest, size: bytes.len() as u64 };
        let stored = if used { self.put_fresh(&file.name, &bytes, digest).await? } else { own };
        let metadata = RawValue::from_string(package.metadata_json());
        let published = PackagePublished {
            repository: file.repository.clone(),
            name: package.name().clone(),
            version: package.version().clone(),
            file: file.name.clone(),
            package: stored,
            traces: Some(file.traces.clone()),
            metadata: metadata.map_err(|error| CommitError::Name(error.to_string()))?,
            created: created.or(Some(file.traces.modified)).filter(|_| !used),
            provenance: None,
        };
        // a file changed in its place means other bytes for the version that it held, and for no other
        let same = |version: &&Arc<Version>| &version.name == package.name() && &version.version == package.version();
        let held = repository.and_then(|repository| repository.version_of_file(&file.name)).filter(same);
        // where nothing was, a crashed upload may have left it, which nobody allowed to replace anything
        let changed = facts.is_some_and(|facts| facts.flat_used && facts.traces.is_some());
        let replaces = held.filter(|_| changed).map(|version| version.package.key.clone());
        Ok(Judged::Version { published: Box::new(published), replaces, since })
    }

    pub(crate) async fn settle_judged(&self, file: &ScannedFile, judged: Judged) -> Result<Finding, CommitError> {
        let (published, replaces, since) = match judged {
            Judged::Unreadable(reason) => return self.mark_unreadable(file, reason).await,
            Judged::Version { published, replaces, since } => (published, replaces, since),
        };
        let elsewhere = format!("{} {} is served from another file already", published.name, published.version);
        let copy = Some(published.package.key.clone()).filter(|key| !layout::is_flat(key));
        let refusal = match self.propose_since(Proposal::Adopt { published, replaces }, since).await {
            Ok(_) => {
                self.note(file);
                return Ok(Finding::Adopted);
            }
            Err(ProposeError::Refused(refusal)) => refusal,
            Err(error) => return Err(error.into()),
        };
        if let Some(key) = copy
            && let Err(error) = self.store.delete(&key).await
        {
            tracing::warn!(%key, %error, "a copy that nobody needs could not be deleted");
        }
        match refusal {
            Refusal::Exists => self.mark_unreadable(file, elsewhere).await,
            refusal @ Refusal::FileNameTaken { .. } => self.mark_unreadable(file, refusal.to_string()).await,
            // something happened to it since it was read: the next reconcile reads it again
            _ => Ok(Finding::Nothing),
        }
    }

    /// True if it is taken in.
    pub(super) async fn look_at_provenance(
        &self,
        state: &State,
        file: &ScannedFile,
        first: bool,
    ) -> Result<bool, CommitError> {
        let facts = state.repository(&file.repository).and_then(|repository| repository.file(&file.name));
        let known = facts.is_some_and(|facts| facts.flat_provenance_used || facts.provenance.is_some());
        let settled = self.options.clock.now().duration_since(file.traces.modified) >= SETTLED;
        if known || !(settled || first) {
            return Ok(false);
        }
        let bytes = match self.store.get(&file.key, None).await {
            Ok(object) => object.bytes,
            Err(StorageError::Unavailable(reason)) => return Err(CommitError::Unavailable(reason)),
            Err(_) => return Ok(false),
        };
        self.store.settle(&file.key).await.map_err(|error| CommitError::Unavailable(error.to_string()))?;
        let stored = StoredFile { key: file.key.clone(), digest: Digest::of(&bytes), size: bytes.len() as u64 };
        let vouches = Provenance::parse(&bytes).ok().and_then(|provenance| provenance.digest());
        let proposal = Proposal::AdoptProvenance {
            repository: file.repository.clone(),
            file: file.name.clone(),
            provenance: ProvenanceFile { stored, vouches },
        };
        self.propose_if_needed(proposal).await
    }

    pub(super) async fn mark_unreadable(&self, file: &ScannedFile, reason: String) -> Result<Finding, CommitError> {
        let proposal = Proposal::Unreadable {
            repository: file.repository.clone(),
            file: file.name.clone(),
            reason: reason.clone(),
            traces: file.traces.clone(),
        };
        self.propose_if_needed(proposal).await?;
        Ok(Finding::Unreadable(reason))
    }

    fn has_seen(&self, file: &ScannedFile) -> bool {
        let seen = self.memory.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&(file.repository.clone(), file.name.clone())) == Some(&file.traces)
    }

    fn note(&self, file: &ScannedFile) {
        let mut seen = self.memory.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert((file.repository.clone(), file.name.clone()), file.traces.clone());
    }
}
