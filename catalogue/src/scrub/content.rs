//! Content of the registry that has gone bad: it gets another place if its bytes lie anywhere else, and otherwise is withdrawn,
//! so that clients which ask before they push are told the truth and bring it again.

use chart::oci::{ContentDigest, RegistryName};
use serde::Serialize;
use storage::{Key, StorageError};

use super::{Condition, Repair, ScrubReport};
use crate::backup::Damage;
use crate::change::StoredObject;
use crate::engine::ProposeError;
use crate::inventory::{Item, Role};
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{State, layout, pieces};

/// So many contents at once, if they are more than half of all, are no damage of a disk: the storage itself is not what it was.
const MANY: usize = 10;

/// Content of the registry that has gone bad and could not be mended: names that had it have it no more, until it is pushed
/// again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawal {
    /// Of the content.
    pub digest: ContentDigest,
    /// What was wrong.
    pub reason: String,
    /// Where it lay.
    pub key: String,
    /// Whose blob it was.
    pub blob_of: Vec<RegistryName>,
    /// Whose manifest it was.
    pub manifest_of: Vec<RegistryName>,
    /// What stood for the manifest, each as `<name>:<tag>`.
    pub tags: Vec<String>,
}

impl Withdrawal {
    fn of(state: &State, item: &Item, key: &Key, reason: &str) -> Self {
        let manifests = state.manifests_of_content(item.digest);
        let tags = manifests.iter().flat_map(|(name, _, tags)| tags.iter().map(move |tag| format!("{name}:{tag}")));
        Self {
            digest: item.digest,
            reason: reason.to_owned(),
            key: key.to_string(),
            blob_of: state.blobs_of_content(item.digest),
            tags: tags.collect(),
            manifest_of: manifests.into_iter().map(|(name, ..)| name).collect(),
        }
    }
}

/// Whether what has gone bad may be withdrawn.
pub(super) fn may_withdraw(bad: &[(Item, Condition)], state: &State) -> bool {
    let is_lost =
        |(item, condition): &&(Item, Condition)| item.role == Role::Content && matches!(condition, Condition::Bad(_));
    let count = bad.iter().filter(is_lost).count();
    count < MANY || count * 2 <= state.registry.contents.len()
}

impl Replica {
    /// Mends content, or withdraws it, and says what became of it.
    pub(super) async fn settle_content(
        &self,
        state: &State,
        item: Item,
        reason: &str,
        may_withdraw: bool,
        report: &mut ScrubReport,
    ) -> Result<(), CommitError> {
        let Some(key) = item.places.first().cloned() else { return Ok(()) };
        if let Some(source) = self.same_content(state, &item).await? {
            if !report.dry_run && !self.move_content(&item, &key, &source).await? {
                return Ok(()); // it changed since
            }
            let (key, source) = (key.to_string(), source.to_string());
            let Item { repository, file, role, .. } = item;
            report.repaired.push(Repair { repository, file, role, reason: reason.to_owned(), key, source });
            return Ok(());
        }
        if !may_withdraw {
            let Item { repository, file, role, .. } = item;
            let reason = format!("{reason}; so much has gone bad at once that nothing was withdrawn");
            report.damaged.push(Damage { repository, file, role, reason });
            return Ok(());
        }
        // what was read a while ago may have been a fault on the way
        match self.condition(state, &item).await {
            Condition::Bad(_) => {}
            Condition::Unread(reason) => {
                let Item { repository, file, role, .. } = item;
                report.unread.push(Damage { repository, file, role, reason });
                return Ok(());
            }
            Condition::Sound(_) | Condition::Changed => return Ok(()),
        }
        let withdrawal = Withdrawal::of(state, &item, &key, reason);
        let proposal = Proposal::RepairContent { digest: item.digest, from: key, to: None };
        if report.dry_run || self.settled(proposal).await? {
            report.withdrawn.push(withdrawal);
        }
        Ok(())
    }

    /// Another object with the same bytes: a package is stored for both doors, and may have been pushed as a blob too.
    async fn same_content(&self, state: &State, item: &Item) -> Result<Option<Key>, CommitError> {
        let elsewhere = state.inventory().into_iter().filter(|other| other.digest == item.digest);
        for key in elsewhere.flat_map(|other| other.places).filter(|key| !item.places.contains(key)) {
            match pieces::is_right(&*self.store, &key, item.size, item.digest).await {
                Ok(true) => return Ok(Some(key)),
                Ok(false) | Err(StorageError::NotFound(_)) => {}
                Err(error) => return Err(CommitError::Unavailable(error.to_string())),
            }
        }
        Ok(None)
    }

    /// Copies the bytes to a fresh place and says so in the journal. False if the content is not needed any more.
    async fn move_content(&self, item: &Item, from: &Key, source: &Key) -> Result<bool, CommitError> {
        let unavailable = |error: StorageError| CommitError::Unavailable(error.to_string());
        let since = self.now();
        let to = StoredObject { key: layout::fresh_content((self.options.new_id)()), size: item.size };
        self.store.copy_new(source, &to.key).await.map_err(unavailable)?;
        // what was read and what was copied need not have been the same bytes
        if !pieces::is_right(&*self.store, &to.key, to.size, item.digest).await.map_err(unavailable)? {
            self.store.delete(&to.key).await.map_err(unavailable)?;
            return Err(CommitError::Unavailable(format!("{source} changed while it was copied")));
        }
        let key = to.key.clone();
        let proposal = Proposal::RepairContent { digest: item.digest, from: from.clone(), to: Some(to) };
        match self.propose_since(proposal, since).await {
            Ok(_) => Ok(true),
            Err(ProposeError::Refused(_)) => {
                self.delete_unneeded(&key).await;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// False if the proposal was refused.
    async fn settled(&self, proposal: Proposal) -> Result<bool, CommitError> {
        match self.propose(proposal).await {
            Ok(_) => Ok(true),
            Err(ProposeError::Refused(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
