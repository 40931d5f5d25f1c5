//! Whether a proposed change may happen, judged against the state that it would follow.

use super::State;
use crate::Change;

/// What someone wants to happen: changes that are committed together or not at all.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// In order.
    pub changes: Vec<Change>,
}

/// Why a proposal cannot happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The version exists.
    #[error("the version exists already")]
    Exists,
}

impl State {
    /// Checks a proposal.
    pub fn check(&self, _proposal: &Proposal) -> Result<(), Refusal> {
        todo!()
    }
}
