use jiff::Timestamp;

/// Where the time comes from. Tests set it; nothing in this crate asks the system by itself.
pub trait Clock: Send + Sync + 'static {
    /// The time now, as far as this replica knows.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
