//! What every use case stands on: the storage, the engine, and what it told last.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use storage::ObjectStore;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::database::Database;
use crate::engine::{Answer, ProposeError, Request};
use crate::outcome::{CommitError, FreshView, Stale};
use crate::published::Published;
use crate::reconcile::Memory;
use crate::sessions::Sessions;
use crate::shared::Shared;
use crate::state::{Proposal, Refusal};
use crate::{Freshness, Options, Proposed, View};

/// Who waits longer for the engine is told that the outcome is unknown.
const PATIENCE: Duration = Duration::from_secs(30);
/// A look at the journal that takes longer counts as failed for the read that waits for it.
const LOOK_PATIENCE: Duration = Duration::from_secs(12);

pub(crate) struct Replica {
    pub store: Arc<dyn ObjectStore>,
    pub options: Options,
    pub shared: Arc<Shared>,
    pub engine: mpsc::Sender<Request>,
    /// Written by the engine.
    pub database: Option<Database>,
    pub memory: Memory,
    pub sessions: Sessions,
    pub published: Published,
}

impl Replica {
    pub fn view(&self) -> Arc<View> {
        self.shared.view.load_full()
    }

    /// Refuses work on a storage that has lost its journal, or whose journal is not followed any more.
    pub fn writable(&self) -> Result<(), ProposeError> {
        let reason = self.shared.journal_lost().or_else(|| self.shared.halted());
        reason.map_or(Ok(()), |reason| Err(ProposeError::Unavailable(reason)))
    }

    /// The time now as the journal counts it: asked before the first byte of a proposal is stored.
    pub fn now(&self) -> Timestamp {
        self.options.clock.now().max(self.view().state.at)
    }

    /// Puts a proposal that names nothing new to the engine and waits for its fate.
    pub async fn propose(&self, proposal: Proposal) -> Answer {
        self.propose_since(proposal, self.now()).await
    }

    /// Puts a proposal that names objects, which were all stored after `since`, to the engine and waits for its fate.
    pub async fn propose_since(&self, proposal: Proposal, since: Timestamp) -> Answer {
        let begin = Instant::now();
        let answer = self.put(proposal, since).await;
        if let Some(observer) = &self.options.observer {
            observer.proposed(begin.elapsed(), Proposed::from(&answer));
        }
        answer
    }

    async fn put(&self, proposal: Proposal, since: Timestamp) -> Answer {
        self.writable()?;
        let (reply, answer) = oneshot::channel();
        let asked = self.engine.send(Request::Propose { proposal, since, reply }).await;
        let stopped = || ProposeError::Unavailable("the server is stopping".to_owned());
        asked.map_err(|_| stopped())?;
        match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(stopped()),
            Err(_) => Err(ProposeError::Unavailable("the storage does not answer in time".to_owned())),
        }
    }

    /// Waits for a look at the journal that begins after this call.
    pub async fn look(&self) -> Result<(), String> {
        let (reply, answer) = oneshot::channel();
        let stopped = || "the server is stopping".to_owned();
        self.engine.send(Request::Check { reply }).await.map_err(|_| stopped())?;
        match timeout(LOOK_PATIENCE, answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(stopped())),
            Err(_) => Err("the storage does not answer in time".to_owned()),
        }
    }

    /// A view as fresh as the settings promise.
    pub async fn fresh(&self) -> Result<FreshView, Stale> {
        match self.options.freshness {
            Freshness::Within(limit) if self.shared.age().is_some_and(|age| age <= limit) => {
                Ok(FreshView { view: self.view(), stale: None })
            }
            _ => self.checked().await,
        }
    }

    /// A view that includes everything that was committed anywhere before this call.
    pub async fn checked(&self) -> Result<FreshView, Stale> {
        let Err(reason) = self.look().await else {
            return Ok(FreshView { view: self.view(), stale: None });
        };
        match self.shared.age() {
            Some(age) if age < self.options.stale_while_down => Ok(FreshView { view: self.view(), stale: Some(age) }),
            _ => Err(Stale(reason)),
        }
    }

    /// [`Replica::view`], but up to date: for decisions that a stale view would get wrong.
    pub async fn current(&self) -> Result<Arc<View>, CommitError> {
        self.look().await.map_err(CommitError::Unavailable)?;
        Ok(self.view())
    }
}

impl From<&Answer> for Proposed {
    fn from(answer: &Answer) -> Self {
        match answer {
            Ok(_) => Self::Committed,
            Err(ProposeError::Refused(_)) => Self::Refused,
            Err(ProposeError::Unavailable(_)) => Self::Unavailable,
        }
    }
}

/// What a proposer makes of a refusal that it cannot do anything about.
impl From<ProposeError> for CommitError {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::Unavailable(reason) => Self::Unavailable(reason),
            ProposeError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for CommitError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Exists => Self::Exists,
            Refusal::NotFound => Self::NotFound,
            Refusal::Full => Self::Full,
            Refusal::FileNameTaken { file, name, version } => Self::FileNameTaken { file, name, version },
            Refusal::TagTaken(tag) => Self::TagTaken(tag),
            Refusal::PlaceUsed | Refusal::TooOld | Refusal::InUse | Refusal::BeingRemoved | Refusal::LevelRaised => {
                Self::Unavailable(refusal.to_string())
            }
            // of the registry, which has errors of its own
            Refusal::Level | Refusal::TagOfVersion(_) | Refusal::ReferenceUnknown(_) => {
                Self::Unavailable(refusal.to_string())
            }
        }
    }
}
