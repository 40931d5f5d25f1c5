use std::time::Duration;

/// Hears of what a replica does: for metrics. Called on the task of whoever waited: be quick.
pub trait Observer: Send + Sync + 'static {
    /// A change that was proposed has met its fate, so long after it was proposed.
    fn proposed(&self, duration: Duration, fate: Proposed);
}

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proposed {
    /// It is in the journal.
    Committed,
    /// It contradicts what exists.
    Refused,
    /// Not known: the storage fails, or does not answer in time.
    Unavailable,
}
