use std::collections::HashSet;
use std::future::{Future, pending};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::plan::{Effect, Fault, Plan, mix};
use crate::{Key, Operation, Result, StorageError};

/// A call, as the wrapper counted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// From 1.
    pub number: u64,
    /// What was called.
    pub operation: Operation,
    /// The key, or the prefix of a listing.
    pub subject: String,
}

#[derive(Debug)]
pub(super) struct Control {
    state: Mutex<State>,
    crash: watch::Sender<Option<Call>>,
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    /// Calls that each rule concerned.
    counts: Vec<u64>,
    calls: u64,
    end: Option<End>,
    /// Keys said to exist that the next read will not find.
    ghosts: HashSet<String>,
}

/// How every call goes once it is over.
#[derive(Debug, Clone, Copy)]
enum End {
    Dead,
    Cut,
}

/// What is to happen to a call.
pub(super) struct Verdict {
    delay: Duration,
    fate: Fate,
    /// For choices that the fault leaves open.
    pub(super) dice: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Pass,
    Fail(Effect),
    Hang(Effect),
    Short,
    Ghost,
    Absent,
}

impl Control {
    pub(super) fn new(plan: Plan) -> Self {
        let counts = vec![0; plan.rules.len()];
        let state = State { plan, counts, ..State::default() };
        Self { state: Mutex::new(state), crash: watch::Sender::new(None) }
    }

    pub(super) fn set_plan(&self, plan: Plan) {
        let mut state = self.lock();
        state.counts = vec![0; plan.rules.len()];
        state.plan = plan;
    }

    pub(super) fn calls(&self) -> u64 {
        self.lock().calls
    }

    pub(super) fn crash_site(&self) -> Option<Call> {
        self.crash.borrow().clone()
    }

    pub(super) async fn crashed(&self) -> Call {
        let mut crash = self.crash.subscribe();
        match crash.wait_for(Option::is_some).await.map(|call| call.clone()) {
            Ok(Some(call)) => call,
            _ => pending().await, // cannot be: the sender is ours
        }
    }

    /// Counts a call and says what is to happen to it.
    pub(super) fn judge(&self, operation: Operation, subject: &str) -> Verdict {
        let state = &mut *self.lock();
        state.calls += 1;
        let dice = mix(state.plan.seed, state.calls);
        let mut verdict = Verdict { delay: Duration::ZERO, fate: Fate::Pass, dice };
        if let Some(end) = state.end {
            verdict.fate = end.fate(Effect::Before);
            return verdict;
        }
        let mut decided = None;
        for (rule, count) in state.plan.rules.iter().zip(&mut state.counts) {
            if !rule.concerns(operation, subject) {
                continue;
            }
            *count += 1;
            if !rule.happens(*count) || !rule.fits(operation) {
                continue;
            }
            match rule.fault {
                Fault::Delay(time) => verdict.delay += time,
                Fault::DelayUpTo(time) => verdict.delay += time.mul_f64((dice % 1000) as f64 / 1000.0),
                fault => decided = decided.or(Some(fault)),
            }
        }
        let end = |state: &mut State, end: End, effect| {
            state.end = Some(end);
            self.crash.send_replace(Some(Call { number: state.calls, operation, subject: subject.to_owned() }));
            end.fate(effect)
        };
        verdict.fate = match decided {
            Some(Fault::Crash(effect)) => end(state, End::Dead, effect),
            Some(Fault::Cut(effect)) => end(state, End::Cut, effect),
            Some(Fault::Fail(effect)) => Fate::Fail(effect),
            Some(Fault::Hang(effect)) => Fate::Hang(effect),
            Some(Fault::Short) => Fate::Short,
            Some(Fault::Ghost) => {
                state.ghosts.insert(subject.to_owned());
                Fate::Ghost
            }
            Some(Fault::Delay(_) | Fault::DelayUpTo(_)) | None => {
                let reads = matches!(operation, Operation::Get | Operation::Head);
                if reads && state.ghosts.remove(subject) { Fate::Absent } else { Fate::Pass }
            }
        };
        verdict
    }

    /// What comes before the effect. An error is the call's answer.
    pub(super) async fn begin(&self, verdict: &Verdict, operation: Operation, subject: &str) -> Result<()> {
        if !verdict.delay.is_zero() {
            tokio::time::sleep(verdict.delay).await;
            self.outlive(verdict.fate).await?;
        }
        match (verdict.fate, Key::new(subject)) {
            (Fate::Fail(Effect::Before), _) => Err(unavailable(operation, subject, "not done")),
            (Fate::Hang(Effect::Before), _) => pending().await,
            (Fate::Ghost, Ok(key)) => Err(StorageError::AlreadyExists(key)),
            (Fate::Absent, Ok(key)) => Err(StorageError::NotFound(key)),
            _ => Ok(()),
        }
    }

    /// What comes between the effect and the answer.
    pub(super) async fn finish(&self, verdict: &Verdict, operation: Operation, subject: &str) -> Result<()> {
        match verdict.fate {
            Fate::Fail(Effect::After) => Err(unavailable(operation, subject, "the answer is lost")),
            Fate::Hang(Effect::After) => pending().await,
            fate => self.outlive(fate).await,
        }
    }

    /// A call that was under way when the end came has no answer either.
    async fn outlive(&self, fate: Fate) -> Result<()> {
        let end = self.lock().end;
        match end {
            Some(End::Dead) if fate == Fate::Pass => pending().await,
            Some(End::Cut) if fate == Fate::Pass => Err(StorageError::Unavailable("cut off".into())),
            _ => Ok(()),
        }
    }

    pub(super) async fn call<T>(
        &self,
        operation: Operation,
        subject: &str,
        effect: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let verdict = self.judge(operation, subject);
        self.begin(&verdict, operation, subject).await?;
        let outcome = effect.await;
        self.finish(&verdict, operation, subject).await?;
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verdict {
    pub(super) fn is_short(&self) -> bool {
        self.fate == Fate::Short
    }

    pub(super) fn breaks_off(&self) -> bool {
        matches!(self.fate, Fate::Fail(Effect::After) | Fate::Hang(Effect::After))
    }
}

impl End {
    fn fate(self, effect: Effect) -> Fate {
        match self {
            Self::Dead => Fate::Hang(effect),
            Self::Cut => Fate::Fail(effect),
        }
    }
}

fn unavailable(operation: Operation, subject: &str, what: &str) -> StorageError {
    StorageError::Unavailable(format!("{operation} {subject:?}: {what}, by plan"))
}
