//! The one task of a replica that moves its state: it follows the journal and commits to it.
//!
//! Everything that waits is served by one round: follow to the end, answer the checks, commit the proposals in one
//! entry. So concurrent uploads share one write of the journal, and concurrent reads share one look at it.

mod commit;
mod follow;
mod snapshots;

use std::sync::Arc;
use std::time::Duration;

use storage::{ObjectStore, StorageError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use uuid::Uuid;

use crate::blocking::blocking;
use crate::database::{Database, Update};
use crate::options::NewId;
use crate::shared::Shared;
use crate::state::{Accepted, Proposal, Refusal, Touched};
use crate::view::View;
use crate::{Clock, RepositoryPath, State};

use follow::FollowError;
pub(crate) use snapshots::Backlog;

/// A storage call that takes longer has failed, as far as those who wait are concerned.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Looks at the journal before those who wait are told that the storage fails.
const FOLLOW_ATTEMPTS: u32 = 3;
/// Before the second attempt at something that failed; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// Proposals in one entry, so that an entry stays a quick read.
const ROUND_PROPOSALS: usize = 1024;
/// Bytes of proposals in one entry.
const ROUND_BYTES: usize = 4 * 1024 * 1024;

/// What is asked of the engine.
pub(crate) enum Request {
    /// Commit this, or say why not. Whatever it names was stored after `since`.
    Propose { proposal: Proposal, since: jiff::Timestamp, reply: oneshot::Sender<Answer> },
    /// Look at the journal after now.
    Check { reply: oneshot::Sender<Result<(), String>> },
    /// Finish what is queued and stop.
    Stop { reply: oneshot::Sender<()> },
}

pub(crate) type Answer = Result<Committed, ProposeError>;

/// A proposal that is so now.
#[derive(Debug, Clone)]
pub(crate) struct Committed {
    /// What it became.
    pub accepted: Accepted,
    /// The entry that it is in.
    pub sequence: u64,
}

/// Why a proposal is not known to be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProposeError {
    /// It is not, and will not be.
    Refused(Refusal),
    /// It may be, now or later.
    Unavailable(String),
}

pub(crate) struct Engine {
    pub store: Arc<dyn ObjectStore>,
    pub clock: Arc<dyn Clock>,
    pub replica: Uuid,
    /// The newest journal level that it knows.
    pub level: u32,
    /// Names that nothing had before.
    pub new_id: NewId,
    pub state: Arc<State>,
    pub shared: Arc<Shared>,
    pub database: Option<Database>,
    /// Zero: only when asked.
    pub follow_interval: Duration,
    /// Names what stored pages depend on besides the state.
    pub fingerprint: String,
    /// The sequence that the database holds; `None` if it must be written anew.
    pub recorded: Option<u64>,
    /// Told of the repositories whose indexes this replica's commits change.
    pub index_changed: Option<mpsc::UnboundedSender<RepositoryPath>>,
    /// Journal since the last snapshot that this replica knows of.
    pub backlog: Backlog,
}

impl Engine {
    /// Serves until told to stop, or until nobody is left to ask.
    pub async fn run(mut self, mut inbox: mpsc::Receiver<Request>) {
        let mut next_follow = Instant::now() + self.follow_interval;
        if self.recorded.is_none() && self.state.adopted {
            self.record_all();
        }
        let stopped = loop {
            let mut round = Round::default();
            tokio::select! {
                biased;
                request = inbox.recv() => match request {
                    Some(request) => round.add(request),
                    None => break None,
                },
                () = sleep_until(next_follow), if !self.follow_interval.is_zero() => {}
            }
            while !round.is_full()
                && let Ok(request) = inbox.try_recv()
            {
                round.add(request);
            }
            let stop = round.stop.take();
            self.serve(round).await;
            if stop.is_some() {
                break stop;
            }
            next_follow = Instant::now() + self.follow_interval;
        };
        drop(inbox);
        if let Some(database) = &self.database {
            database.close().await;
        }
        // not before: who waits for it may end the process next
        if let Some(reply) = stopped {
            let _ = reply.send(());
        }
    }

    async fn serve(&mut self, round: Round) {
        let followed = self.follow_patiently().await.map_err(|error| error.to_string());
        for reply in round.checks {
            let _ = reply.send(followed.clone());
        }
        match followed {
            Ok(()) if !round.proposals.is_empty() => self.commit(round.proposals).await,
            Ok(()) => {}
            Err(error) => {
                for waiting in round.proposals {
                    waiting.answer(Err(ProposeError::Unavailable(error.clone())));
                }
            }
        }
    }

    /// One failed call is no reason to fail everybody who waits.
    async fn follow_patiently(&mut self) -> Result<(), FollowError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..FOLLOW_ATTEMPTS {
            match self.follow().await {
                Err(FollowError::Storage(StorageError::Unavailable(_))) => sleep(pause).await,
                result => return result,
            }
            pause *= 2;
        }
        self.follow().await
    }

    /// Makes a later state the one that reads are answered from, and keeps the copy on disk up with it.
    async fn move_to(&mut self, state: State, touched: Touched) {
        let state = Arc::new(state);
        let before = self.shared.view.load_full();
        // nobody reads before the adoption is finished, so nothing is rendered before
        let (view, regions) = match (before.state.adopted, state.adopted) {
            (true, _) => before.follow(state.clone(), &touched),
            (false, true) => {
                self.recorded = None;
                (self.render(&before, state.clone()).await, Vec::new())
            }
            (false, false) => (before.unrendered(state.clone()), Vec::new()),
        };
        self.state = state.clone();
        self.shared.view.store(Arc::new(view));
        if self.recorded.is_some() {
            if let Some(database) = &self.database {
                database.record(Update { state, touched, regions });
            }
        } else if state.adopted {
            self.record_all();
        }
    }

    async fn render(&self, before: &Arc<View>, state: Arc<State>) -> View {
        let before = before.clone();
        let rendered = blocking(move || before.rendered(state));
        rendered.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// Writes the whole state to the database, which follows from then on.
    fn record_all(&mut self) {
        let Some(database) = &self.database else { return };
        let view = self.shared.view.load_full();
        database.replace(self.state.clone(), view.regions().collect(), &self.fingerprint);
        self.recorded = Some(self.state.sequence);
    }
}

/// A call to the storage that does not wait for ever.
async fn in_time<T>(call: impl Future<Output = Result<T, StorageError>>) -> Result<T, StorageError> {
    let late = || StorageError::Unavailable(format!("no answer within {} seconds", CALL_TIMEOUT.as_secs()));
    timeout(CALL_TIMEOUT, call).await.unwrap_or_else(|_| Err(late()))
}

/// A proposal and who waits for it.
pub(crate) struct Waiting {
    proposal: Proposal,
    since: jiff::Timestamp,
    reply: oneshot::Sender<Answer>,
}

impl Waiting {
    fn answer(self, answer: Answer) {
        let _ = self.reply.send(answer);
    }
}

#[derive(Default)]
struct Round {
    checks: Vec<oneshot::Sender<Result<(), String>>>,
    proposals: Vec<Waiting>,
    bytes: usize,
    stop: Option<oneshot::Sender<()>>,
}

impl Round {
    fn add(&mut self, request: Request) {
        match request {
            Request::Propose { proposal, since, reply } => {
                self.bytes += proposal.weight();
                self.proposals.push(Waiting { proposal, since, reply });
            }
            Request::Check { reply } => self.checks.push(reply),
            Request::Stop { reply } => self.stop = Some(reply),
        }
    }

    fn is_full(&self) -> bool {
        self.stop.is_some() || self.proposals.len() >= ROUND_PROPOSALS || self.bytes >= ROUND_BYTES
    }
}
