//! Committing: the next journal object is created if nobody else was faster.

use bytes::Bytes;
use jiff::SignedDuration;
use storage::StorageError;

use super::{Committed, Engine, FIRST_PAUSE, ProposeError, Waiting, in_time};
use crate::state::{Accepted, Refusal, Touched};
use crate::{Entry, State, journal, layout};

/// What an older proposal names may have been collected meanwhile, and the mark that says so forgotten.
const OLDEST_PROPOSAL: SignedDuration = SignedDuration::from_hours(24);
/// How often the fate of a write is asked for before the callers are told that it is unknown.
const ATTEMPTS: u32 = 6;

/// What became of a write to the journal.
enum Written {
    /// The object is ours.
    Ours,
    /// Another replica has the number.
    Theirs,
    /// Not known; it may become ours later.
    Unknown(String),
}

/// One entry that is about to be written, and what each proposal is to be told.
struct Draft {
    state: State,
    touched: Touched,
    entry: Entry,
    answers: Vec<Result<Accepted, Refusal>>,
}

impl Engine {
    /// Commits what may be committed, in one entry if that can be, and answers everybody.
    pub(super) async fn commit(&mut self, mut waiting: Vec<Waiting>) {
        while !waiting.is_empty() {
            let draft = self.draft(&waiting);
            if draft.entry.changes.is_empty() {
                waiting = answer(waiting, draft.answers, self.state.sequence);
                continue;
            }
            let bytes = journal::write(&draft.entry);
            match self.write(draft.entry.sequence, &bytes).await {
                Written::Ours => {
                    self.backlog.add(bytes.len());
                    let changed = self.index_changed.as_ref().map(|_| draft.touched.repositories());
                    self.move_to(draft.state, draft.touched).await;
                    for path in changed.into_iter().flatten() {
                        // nobody is left to be told when the replica ends
                        let _ = self.index_changed.as_ref().map(|told| told.send(path));
                    }
                    self.write_snapshot_if_due();
                    waiting = answer(waiting, draft.answers, self.state.sequence);
                }
                Written::Theirs => {
                    if let Err(error) = self.follow().await {
                        return fail(waiting, &error.to_string());
                    }
                }
                Written::Unknown(reason) => {
                    self.shared.failed(&reason);
                    return fail(waiting, &reason);
                }
            }
        }
    }

    /// Judges the proposals one after another, each against what the earlier ones leave.
    fn draft(&self, waiting: &[Waiting]) -> Draft {
        let now = self.clock.now();
        let mut state = (*self.state).clone();
        state.sequence += 1;
        state.entry = (self.new_id)();
        state.at = now.max(self.state.at.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(now));
        let mut draft = Draft {
            entry: Entry {
                sequence: state.sequence,
                id: state.entry,
                previous: self.state.entry,
                writer: self.replica,
                at: state.at,
                changes: Vec::new(),
            },
            state,
            touched: Touched::default(),
            answers: Vec::with_capacity(waiting.len()),
        };
        for one in waiting {
            let answer = draft.add(one);
            draft.answers.push(answer);
        }
        draft
    }

    /// Creates the entry, and finds out who has its number if the storage does not say so clearly.
    async fn write(&self, sequence: u64, bytes: &Bytes) -> Written {
        let key = layout::journal(sequence);
        let mut pause = FIRST_PAUSE;
        let mut reason = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            match in_time(self.store.create(&key, bytes.clone())).await {
                Ok(()) => return Written::Ours,
                Err(StorageError::AlreadyExists(_)) => {}
                Err(error) => reason = error.to_string(),
            }
            match in_time(journal::read(&*self.store, sequence)).await {
                Ok(Some((_, found))) if found == *bytes => return Written::Ours,
                Ok(Some(_)) => return Written::Theirs,
                // absent: the same bytes may be put again; never others, because the first may still arrive
                Ok(None) => {}
                Err(StorageError::Corrupt(_)) => return Written::Theirs,
                Err(error) => reason = error.to_string(),
            }
        }
        Written::Unknown(reason)
    }
}

impl Draft {
    fn add(&mut self, waiting: &Waiting) -> Result<Accepted, Refusal> {
        if self.state.at.duration_since(waiting.since) > OLDEST_PROPOSAL {
            return Err(Refusal::TooOld);
        }
        // who does not know the level could not read what comes behind it
        if self.entry.raised_level().is_some() {
            return Err(Refusal::LevelRaised);
        }
        let accepted = self.state.check(&waiting.proposal)?;
        for change in &accepted.changes {
            // a change of an accepted proposal always follows
            self.state.apply_change(change, &mut self.touched).map_err(|_| Refusal::InUse)?;
        }
        self.entry.changes.extend(accepted.changes.iter().cloned());
        Ok(accepted)
    }
}

/// Answers those who can be. The others wait for the next entry: what they want cannot be in one with what came before.
fn answer(waiting: Vec<Waiting>, answers: Vec<Result<Accepted, Refusal>>, sequence: u64) -> Vec<Waiting> {
    let mut later = Vec::new();
    for (waiting, answer) in waiting.into_iter().zip(answers) {
        match answer {
            Err(Refusal::BeingRemoved | Refusal::LevelRaised) => later.push(waiting),
            Err(refusal) => waiting.answer(Err(ProposeError::Refused(refusal))),
            Ok(accepted) => waiting.answer(Ok(Committed { accepted, sequence })),
        }
    }
    later
}

fn fail(waiting: Vec<Waiting>, reason: &str) {
    for waiting in waiting {
        waiting.answer(Err(ProposeError::Unavailable(reason.to_owned())));
    }
}
