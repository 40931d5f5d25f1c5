/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Log {
    /// Log what helps to find a fault.
    pub debug: bool,
    /// JSON instead of text.
    pub json: bool,
    /// Also log successful health checks.
    pub health: bool,
    /// Latency as integer nanoseconds.
    pub latency_integer: bool,
}
