//! What a connection is doing, in words that its own task writes and the timer reads.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::Notify;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing yet: it has just been accepted.
    New,
    /// Nothing: it waits for the next request.
    Idle,
    /// The head of a request is coming.
    Head,
    /// A request is being answered.
    Busy,
    /// The answer is complete, but not all of it is with the kernel.
    Flushing,
    /// The answer is out; what the client still sends is thrown away, so that it reads the answer.
    Lingering,
    /// Nothing any more: the timer closes it.
    Closing,
}

impl Phase {
    fn of(word: u32) -> Self {
        match word & PHASE {
            0 => Self::New,
            1 => Self::Idle,
            2 => Self::Head,
            3 => Self::Busy,
            4 => Self::Flushing,
            5 => Self::Lingering,
            _ => Self::Closing,
        }
    }
}

const PHASE: u32 = 0b111;
const BLOCKED: u32 = 0b1;

/// Two words: the phase, and whether a write is blocked. Each counts its changes in its upper bits, so that the timer
/// can tell a state that lasts from one that came back. Only the connection's own task writes them, but for
/// [`Pulse::close`].
#[derive(Debug)]
pub(crate) struct Pulse {
    phase: AtomicU32,
    writing: AtomicU32,
    unread: AtomicBool,
    /// Requests that are being answered; more than one only if the connection is shared.
    requests: AtomicU32,
    /// Several requests at a time: HTTP/2.
    shared: AtomicBool,
    /// Answers of a shared connection that could go on if the client took what it was sent.
    held_up: AtomicU32,
    /// How often a shared connection has sent more than signals.
    sent: AtomicU32,
    retired: Notify,
    /// The head that came last says in two ways where its body ends.
    ambiguous: AtomicBool,
}

/// A write of fewer bytes is a signal of HTTP/2 (a setting, a ping, a window), which says nothing of requests.
const LONGEST_SIGNAL: usize = 64;

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            phase: AtomicU32::new(Phase::New as u32),
            writing: AtomicU32::new(0),
            unread: AtomicBool::new(false),
            requests: AtomicU32::new(0),
            shared: AtomicBool::new(false),
            held_up: AtomicU32::new(0),
            sent: AtomicU32::new(0),
            retired: Notify::new(),
            ambiguous: AtomicBool::new(false),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        Phase::of(self.phase.load(Ordering::Relaxed))
    }

    /// Notes what the connection does from now on.
    pub(crate) fn enter(&self, phase: Phase) {
        let changes = self.phase.load(Ordering::Relaxed) & !PHASE;
        // release: whoever sees it idle sees everything before
        self.phase.store(changes.wrapping_add(PHASE + 1) | phase as u32, Ordering::Release);
    }

    /// Notes that the head that is coming says in two ways where its body ends.
    pub(super) fn set_ambiguous(&self) {
        self.ambiguous.store(true, Ordering::Relaxed);
    }

    /// True if the request that has come said in two ways where its body ends.
    pub(crate) fn take_ambiguous(&self) -> bool {
        let is_ambiguous = self.ambiguous.load(Ordering::Relaxed);
        if is_ambiguous {
            self.ambiguous.store(false, Ordering::Relaxed);
        }
        is_ambiguous
    }

    /// Notes that a request is being answered.
    pub(crate) fn begin(&self) {
        self.requests.store(self.requests.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        self.enter(Phase::Busy);
    }

    /// Notes that a request's answer was handed over.
    pub(crate) fn finish(&self) {
        let left = self.requests.load(Ordering::Relaxed).saturating_sub(1);
        self.requests.store(left, Ordering::Relaxed);
        if left == 0 {
            self.enter(Phase::Flushing);
        }
    }

    /// Notes that from now on several requests may be answered at a time, and that the protocol has its own way of
    /// saying farewell.
    pub(super) fn share(&self) {
        self.shared.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_shared(&self) -> bool {
        self.shared.load(Ordering::Relaxed)
    }

    /// Notes that an answer waits, or no longer waits, for the client to take what it was sent.
    pub(crate) fn set_held_up(&self, is_held_up: bool) {
        let count = self.held_up.load(Ordering::Relaxed);
        let count = if is_held_up { count.wrapping_add(1) } else { count.saturating_sub(1) };
        self.held_up.store(count, Ordering::Relaxed);
    }

    pub(super) fn is_held_up(&self) -> bool {
        self.held_up.load(Ordering::Relaxed) > 0
    }

    /// Notes that the kernel has taken bytes.
    pub(super) fn send(&self, length: usize) {
        if self.is_shared() && length > LONGEST_SIGNAL {
            self.sent.store(self.sent.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
    }

    /// Asks the task of a shared connection to say farewell.
    pub(super) fn retire(&self) {
        self.retired.notify_one();
    }

    /// Resolves when the timer wants the connection to end.
    pub(super) async fn retired(&self) {
        self.retired.notified().await;
    }

    /// Notes that bytes have come. False if the connection is being closed: then they were sent too late, and are not
    /// for us to read; the client sees a connection that was closed before it asked, and asks again on another one.
    pub(super) fn receive(&self) -> bool {
        let word = self.phase.load(Ordering::Relaxed);
        match Phase::of(word) {
            // what has come may be a signal, and a farewell gets every request through
            _ if self.is_shared() => true,
            Phase::New | Phase::Idle => {
                let head = (word & !PHASE).wrapping_add(PHASE + 1) | Phase::Head as u32;
                self.phase.compare_exchange(word, head, Ordering::AcqRel, Ordering::Relaxed).is_ok()
            }
            Phase::Closing => false,
            _ => true,
        }
    }

    /// Closes a connection on which nothing has come since `seen`; false if something has.
    pub(super) fn close(&self, seen: Look) -> bool {
        let closing = (seen.phase & !PHASE) | Phase::Closing as u32;
        self.phase.compare_exchange(seen.phase, closing, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Notes that the client does not take bytes, or that it has taken some.
    pub(super) fn set_blocked(&self, blocked: bool) {
        let changes = self.writing.load(Ordering::Relaxed) & !BLOCKED;
        self.writing.store(changes.wrapping_add(BLOCKED + 1) | u32::from(blocked), Ordering::Relaxed);
    }

    /// Notes that a request's body was not read to its end.
    pub(crate) fn leave_unread(&self) {
        self.unread.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_unread(&self) -> bool {
        self.unread.load(Ordering::Relaxed) && !self.is_shared()
    }

    /// What it does now, to be compared with an earlier look.
    pub(super) fn look(&self) -> Look {
        Look {
            phase: self.phase.load(Ordering::Acquire),
            writing: self.writing.load(Ordering::Relaxed),
            sent: self.sent.load(Ordering::Relaxed),
        }
    }
}

/// What the timer saw of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    phase: u32,
    writing: u32,
    sent: u32,
}

impl Look {
    pub(super) fn phase(self) -> Phase {
        Phase::of(self.phase)
    }

    /// Nobody misses the connection if it is closed now.
    pub(super) fn is_unused(self) -> bool {
        matches!(self.phase(), Phase::New | Phase::Idle)
    }

    pub(super) fn is_blocked(self) -> bool {
        self.writing & BLOCKED == BLOCKED
    }

    pub(super) fn same_phase(self, other: Self) -> bool {
        self.phase == other.phase
    }

    pub(super) fn same_sent(self, other: Self) -> bool {
        self.sent == other.sent
    }

    pub(super) fn same_writing(self, other: Self) -> bool {
        self.writing == other.writing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_came_back_is_told_from_one_that_lasts() {
        let pulse = Pulse::new();
        pulse.enter(Phase::Busy);
        let first = pulse.look();
        assert!(first.same_phase(pulse.look()));
        pulse.enter(Phase::Idle);
        pulse.enter(Phase::Busy);
        assert_eq!(pulse.look().phase(), Phase::Busy);
        assert!(!first.same_phase(pulse.look()));

        assert!(!first.is_blocked());
        pulse.set_blocked(true);
        let blocked = pulse.look();
        assert!(blocked.is_blocked() && blocked.same_writing(pulse.look()));
        pulse.set_blocked(false);
        pulse.set_blocked(true);
        assert!(pulse.look().is_blocked() && !blocked.same_writing(pulse.look()));
    }

    #[test]
    fn every_phase_is_read_as_it_was_written() {
        let pulse = Pulse::new();
        assert_eq!(pulse.phase(), Phase::New);
        for phase in
            [Phase::Idle, Phase::Head, Phase::Busy, Phase::Flushing, Phase::Lingering, Phase::Closing, Phase::New]
        {
            pulse.enter(phase);
            assert_eq!(pulse.phase(), phase);
        }
    }

    #[test]
    fn a_connection_is_either_closed_or_read_from() {
        let pulse = Pulse::new();
        let seen = pulse.look();
        assert!(seen.is_unused());
        assert!(pulse.receive());
        assert_eq!(pulse.phase(), Phase::Head);
        assert!(!pulse.close(seen), "a request is coming");

        pulse.enter(Phase::Idle);
        assert!(!pulse.close(seen), "another request was answered since");
        assert!(pulse.close(pulse.look()));
        assert!(!pulse.receive(), "it is closed");
    }
}
