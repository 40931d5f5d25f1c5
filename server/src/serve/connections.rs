//! All open connections, and the one timer that watches them.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::task::AbortHandle;

use super::pulse::{Look, Phase, Pulse};
use super::seats::{Seat, Seats};
use super::stop::Stop;
use crate::config;

/// How often the timer looks while the server stops.
const STOPPING_TICK: Duration = Duration::from_millis(10);
/// The timer looks so many times within the shortest limit: a limit is kept to a quarter of itself.
const LOOKS_PER_LIMIT: u32 = 4;
const SHORTEST_TICK: Duration = Duration::from_millis(10);
const LONGEST_TICK: Duration = Duration::from_secs(1);
/// Unused for less, a connection has hardly been left, and whoever opened it is about to ask.
const UNUSED: Duration = Duration::from_secs(1);
/// A head comes in one piece but on the worst of lines.
const HALF_A_HEAD: Duration = Duration::from_secs(5);
/// How often it is told that there are too many connections.
const TELL_AGAIN: Duration = Duration::from_secs(60);
/// How long a client may go on sending after its answer.
const LINGERING: Duration = Duration::from_secs(5);

/// How many connections there are and were.
#[derive(Debug, Default)]
pub struct ConnectionCounts {
    accepted: AtomicU64,
    closed: AtomicU64,
    gave_way: AtomicU64,
}

impl ConnectionCounts {
    /// Accepted so far.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Closed, though the client did nothing wrong, so that others could be served.
    pub fn gave_way(&self) -> u64 {
        self.gave_way.load(Ordering::Relaxed)
    }

    /// Open now.
    pub fn open(&self) -> u64 {
        let closed = self.closed.load(Ordering::Acquire); // first, so that there are never more closed than accepted
        self.accepted() - closed
    }
}

/// The open connections.
pub(super) struct Connections {
    table: Mutex<Table>,
    emptied: Notify,
    limits: Limits,
    counts: Arc<ConnectionCounts>,
    seats: Seats,
    /// How many give way at once: a flood must not make us look at all connections for each new one.
    batch: usize,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: HashMap<u64, Watched>,
    /// When it was last told that connections give way.
    told: Option<Instant>,
}

struct Watched {
    pulse: Arc<Pulse>,
    seat: Arc<Seat>,
    task: AbortHandle,
    seen: Look,
    same_phase_since: Instant,
    same_writing_since: Instant,
    same_sent_since: Instant,
}

struct Limits {
    idle: Duration,
    head: Duration,
    write: Duration,
}

impl Connections {
    pub(super) fn new(settings: &config::Listen, counts: Arc<ConnectionCounts>) -> Arc<Self> {
        let unlimited = |limit: Duration| if limit.is_zero() { Duration::MAX } else { limit };
        let limits = Limits {
            idle: unlimited(settings.keep_alive_timeout),
            head: unlimited(settings.header_read_timeout),
            write: unlimited(settings.write_timeout),
        };
        Arc::new(Self {
            table: Mutex::default(),
            emptied: Notify::new(),
            limits,
            counts,
            seats: Seats::new(settings.max_connections),
            batch: (settings.max_connections / 64).max(1),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner) // nothing panics while it holds the lock
    }

    /// Waits until one more connection may be accepted.
    pub(super) async fn enter(&self) -> OwnedSemaphorePermit {
        let mut entering = pin!(self.seats.enter());
        loop {
            match tokio::time::timeout(STOPPING_TICK, &mut entering).await {
                Ok(room) => return room,
                Err(_) => self.make_room(),
            }
        }
    }

    /// Closes the connections that have been unused for longest, and after them those whose head does not come.
    pub(super) fn make_room(&self) {
        let (now, is_full) = (Instant::now(), self.seats.is_full());
        let mut table = self.lock();
        let mut candidates: Vec<(Duration, u64)> = Vec::new();
        for (id, connection) in &mut table.open {
            connection.look(now);
            if let Some(age) = connection.may_give_way(now, is_full) {
                candidates.push((age, *id));
            }
        }
        candidates.sort_unstable_by(|one, other| other.cmp(one));
        candidates.truncate(self.batch);
        let chosen = candidates.iter().filter_map(|(_, id)| table.open.get(id));
        let over: Vec<AbortHandle> =
            chosen.filter(|watched| watched.must_be_cut()).map(|watched| watched.task.clone()).collect();
        self.counts.gave_way.fetch_add(candidates.len() as u64, Ordering::Relaxed);
        let tell = !candidates.is_empty() && table.told.is_none_or(|told| now - told >= TELL_AGAIN);
        if tell {
            table.told = Some(now);
        }
        let open = table.open.len();
        drop(table);
        // without the lock: a task that ends takes it
        over.iter().for_each(AbortHandle::abort);
        if tell {
            tracing::warn!(open, "There are as many connections as max-connections allows: idle ones give way");
        }
    }

    /// Serves a connection in a task of its own.
    pub(super) fn spawn<F>(self: &Arc<Self>, room: OwnedSemaphorePermit, serve: impl FnOnce(Arc<Pulse>, Arc<Seat>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (pulse, seat) = (Arc::new(Pulse::new()), Arc::new(self.seats.sit(room)));
        if !seat.is_taken() {
            self.make_room();
        }
        self.counts.accepted.fetch_add(1, Ordering::Relaxed);
        let mut table = self.lock();
        table.next += 1;
        let id = table.next;
        let place = Place { connections: Arc::clone(self), id };
        let work = serve(Arc::clone(&pulse), Arc::clone(&seat));
        // the lock is held until the connection is in the table, so it cannot leave before it is there
        let task = tokio::spawn(async move {
            let _place = place;
            work.await;
        })
        .abort_handle();
        let (seen, now) = (pulse.look(), Instant::now());
        let watched =
            Watched { pulse, seat, task, seen, same_phase_since: now, same_writing_since: now, same_sent_since: now };
        table.open.insert(id, watched);
    }

    /// Ends connections that have been in one state for too long, again and again.
    pub(super) async fn watch(&self) {
        let Limits { idle, head, write } = self.limits;
        let tick = (idle.min(head).min(write).min(LINGERING) / LOOKS_PER_LIMIT).clamp(SHORTEST_TICK, LONGEST_TICK);
        loop {
            tokio::time::sleep(tick).await;
            self.end(|connection, now| connection.is_overdue(&self.limits, now));
            if self.seats.are_wanted() {
                self.make_room();
            }
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
                (is_over(connection, now) && connection.must_be_cut()).then(|| connection.task.clone())
            })
            .collect();
        // without the lock: a task that ends takes it
        over.iter().for_each(AbortHandle::abort);
    }
}

impl Watched {
    /// For how long nothing has come of the connection, if it is for long enough that another one may have its place.
    fn may_give_way(&self, now: Instant, without_seat: bool) -> Option<Duration> {
        let age = now - self.same_phase_since;
        let patience = match self.seen.phase() {
            Phase::New | Phase::Idle => UNUSED,
            Phase::Head => HALF_A_HEAD,
            _ => return None,
        };
        (age >= patience && (without_seat || self.seat.is_taken())).then_some(age)
    }

    fn look(&mut self, now: Instant) {
        let look = self.pulse.look();
        if !look.same_phase(self.seen) {
            self.same_phase_since = now;
        }
        if !look.same_writing(self.seen) {
            self.same_writing_since = now;
        }
        if !look.same_sent(self.seen) {
            self.same_sent_since = now;
        }
        self.seen = look;
    }

    /// False if the connection ends by itself, or is used again.
    fn must_be_cut(&self) -> bool {
        if !self.seen.is_unused() {
            return true;
        }
        let is_closing = self.pulse.close(self.seen);
        if is_closing && self.pulse.is_shared() {
            self.pulse.retire();
            return false;
        }
        is_closing
    }

    fn is_overdue(&self, limits: &Limits, now: Instant) -> bool {
        if self.pulse.is_shared() && self.is_silent(limits, now) {
            return true;
        }
        let limit = match self.seen.phase() {
            Phase::Idle | Phase::Closing if self.pulse.is_shared() => Duration::MAX,
            Phase::Idle => limits.idle,
            Phase::New | Phase::Head => limits.head,
            Phase::Lingering | Phase::Closing => LINGERING,
            Phase::Busy | Phase::Flushing => Duration::MAX,
        };
        now - self.same_phase_since >= limit || self.seen.is_blocked() && now - self.same_writing_since >= limits.write
    }
}

impl Watched {
    /// True for a shared connection that has sent nothing for too long. Its last answer may still be on its way when it
    /// is idle, and only what it sends tells.
    fn is_silent(&self, limits: &Limits, now: Instant) -> bool {
        let limit = match self.seen.phase() {
            Phase::Idle => limits.idle,
            Phase::Closing => LINGERING,
            Phase::Busy if self.pulse.is_held_up() => limits.write,
            _ => return false,
        };
        now - self.same_phase_since.max(self.same_sent_since) >= limit
    }
}

/// A connection's place in the table, given back when its task ends in whatever way.
struct Place {
    connections: Arc<Connections>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.counts.closed.fetch_add(1, Ordering::Release);
        let mut table = self.connections.lock();
        table.open.remove(&self.id);
        if table.open.is_empty() {
            drop(table);
            self.connections.emptied.notify_waiters();
        }
    }
}
