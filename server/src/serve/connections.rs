//! All open connections, and the one timer that watches them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::pulse::{Look, Phase, Pulse};
use super::stop::Stop;
use crate::config;

/// How often the timer looks while the server stops.
const STOPPING_TICK: Duration = Duration::from_millis(10);
/// The timer looks so many times within the shortest limit: a limit is kept to a quarter of itself.
const LOOKS_PER_LIMIT: u32 = 4;
const SHORTEST_TICK: Duration = Duration::from_millis(10);
const LONGEST_TICK: Duration = Duration::from_secs(1);
/// How long a client may go on sending after its answer.
const LINGERING: Duration = Duration::from_secs(5);

/// The open connections.
pub(super) struct Connections {
    table: Mutex<Table>,
    emptied: Notify,
    limits: Limits,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: HashMap<u64, Watched>,
}

struct Watched {
    pulse: Arc<Pulse>,
    task: AbortHandle,
    seen: Look,
    same_phase_since: Instant,
    same_writing_since: Instant,
}

struct Limits {
    idle: Duration,
    head: Duration,
    write: Duration,
}

impl Connections {
    pub(super) fn new(settings: &config::Listen) -> Arc<Self> {
        let unlimited = |limit: Duration| if limit.is_zero() { Duration::MAX } else { limit };
        let limits = Limits {
            idle: unlimited(settings.keep_alive_timeout),
            head: unlimited(settings.header_read_timeout),
            write: unlimited(settings.write_timeout),
        };
        Arc::new(Self { table: Mutex::default(), emptied: Notify::new(), limits })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner) // nothing panics while it holds the lock
    }

    /// Serves a connection in a task of its own.
    pub(super) fn spawn<F>(self: &Arc<Self>, serve: impl FnOnce(Arc<Pulse>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let pulse = Arc::new(Pulse::new());
        let mut table = self.lock();
        table.next += 1;
        let id = table.next;
        let seat = Seat { connections: Arc::clone(self), id };
        let work = serve(Arc::clone(&pulse));
        // the lock is held until the connection is in the table, so it cannot leave before it is there
        let task = tokio::spawn(async move {
            let _seat = seat;
            work.await;
        })
        .abort_handle();
        let (seen, now) = (pulse.look(), Instant::now());
        table.open.insert(id, Watched { pulse, task, seen, same_phase_since: now, same_writing_since: now });
    }

    /// Ends connections that have been in one state for too long, again and again.
    pub(super) async fn watch(&self) {
        let Limits { idle, head, write } = self.limits;
        let tick = (idle.min(head).min(write).min(LINGERING) / LOOKS_PER_LIMIT).clamp(SHORTEST_TICK, LONGEST_TICK);
        loop {
            tokio::time::sleep(tick).await;
            self.end(|connection, now| connection.is_overdue(&self.limits, now));
        }
    }

    /// Lets every running request end, but no new one begin. Returns how many connections were cut at the deadline, or
    /// when the stop became urgent.
    pub(super) async fn drain(&self, limit: Duration, stop: &Stop) -> usize {
        let drained = async {
            loop {
                let emptied = self.emptied.notified();
                if self.lock().open.is_empty() {
                    return;
                }
                self.end(|connection, now| connection.seen.is_unused() || connection.is_overdue(&self.limits, now));
                let _ = tokio::time::timeout(STOPPING_TICK, emptied).await;
            }
        };
        tokio::select! {
            () = drained => return 0,
            () = tokio::time::sleep(limit) => {}
            () = stop.urged() => {}
        }
        let count = self.lock().open.len();
        self.end(|_, _| true);
        let emptied = async {
            while !self.lock().open.is_empty() {
                let _ = tokio::time::timeout(STOPPING_TICK, self.emptied.notified()).await;
            }
        };
        // a task that never yields cannot be ended
        let _ = tokio::time::timeout(LONGEST_TICK, emptied).await;
        count
    }

    /// Looks at every connection, and ends those that `is_over` names.
    fn end(&self, is_over: impl Fn(&Watched, Instant) -> bool) {
        let now = Instant::now();
        let over: Vec<AbortHandle> = self
            .lock()
            .open
            .values_mut()
            .filter_map(|connection| {
                connection.look(now);
                let ends = is_over(connection, now)
                    && (!connection.seen.is_unused() || connection.pulse.close(connection.seen));
                ends.then(|| connection.task.clone())
            })
            .collect();
        // without the lock: a task that ends takes it
        over.iter().for_each(AbortHandle::abort);
    }
}

impl Watched {
    fn look(&mut self, now: Instant) {
        let look = self.pulse.look();
        if !look.same_phase(self.seen) {
            self.same_phase_since = now;
        }
        if !look.same_writing(self.seen) {
            self.same_writing_since = now;
        }
        self.seen = look;
    }

    fn is_overdue(&self, limits: &Limits, now: Instant) -> bool {
        let limit = match self.seen.phase() {
            Phase::Idle => limits.idle,
            Phase::New | Phase::Head => limits.head,
            Phase::Lingering | Phase::Closing => LINGERING,
            Phase::Busy | Phase::Flushing => Duration::MAX,
        };
        now - self.same_phase_since >= limit || self.seen.is_blocked() && now - self.same_writing_since >= limits.write
    }
}

/// A connection's place in the table, given back when its task ends in whatever way.
struct Seat {
    connections: Arc<Connections>,
    id: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut table = self.connections.lock();
        table.open.remove(&self.id);
        if table.open.is_empty() {
            drop(table);
            self.connections.emptied.notify_waiters();
        }
    }
}
