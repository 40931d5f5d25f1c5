//! Raising the level of the journal, once every replica knows the higher one.

use serde::Serialize;

use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::Proposal;

/// What became of the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LevelReport {
    /// Nothing was changed.
    pub dry_run: bool,
    /// The level that was in force.
    pub before: u32,
    /// The level in force from now on: the newest that this replica knows.
    pub level: u32,
}

impl LevelReport {
    /// Whether there was anything to raise.
    pub fn is_higher(&self) -> bool {
        self.level > self.before
    }
}

impl Replica {
    pub async fn raise_level(&self, dry_run: bool) -> Result<LevelReport, CommitError> {
        let before = self.current().await?.state.level;
        let report = LevelReport { dry_run, before, level: before.max(self.options.level) };
        if report.is_higher() && !dry_run {
            self.propose(Proposal::RaiseLevel { level: report.level }).await?;
        }
        Ok(report)
    }
}
