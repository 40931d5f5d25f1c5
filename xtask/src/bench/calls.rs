//! What a server asked of its storage, from its own metrics: so a storage's time can be told from the server's.

use anyhow::{Result, bail};

use super::load;

/// Calls of the storage since the start of a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calls {
    /// How many.
    pub count: f64,
    /// How long they took together, in seconds.
    pub seconds: f64,
}

impl Calls {
    /// All calls up to now of a server with `--enable-metrics`.
    pub fn of(port: u16) -> Result<Self> {
        let text = String::from_utf8(load::body(port, "/metrics")?)?;
        let sum = |name: &str| -> f64 {
            let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
            lines.filter_map(|(_, value)| value.parse::<f64>().ok()).sum()
        };
        let name = "chandlery_storage_call_duration_seconds";
        let calls = Self { count: sum(&format!("{name}_count{{")), seconds: sum(&format!("{name}_sum{{")) };
        if calls.count == 0.0 {
            bail!("the server counts no calls of its storage");
        }
        Ok(calls)
    }

    /// Those after earlier ones.
    pub fn since(self, earlier: Self) -> Self {
        Self { count: self.count - earlier.count, seconds: self.seconds - earlier.seconds }
    }
}
