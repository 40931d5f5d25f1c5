use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

/// How the server is told to stop, and how its parts learn of it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stage: watch::Sender<Stage>,
    /// Of `stage`, for those who look at every request.
    is_asked: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    Stopping,
    Urgent,
}

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(Inner { stage: watch::Sender::new(Stage::Running), is_asked: AtomicBool::new(false) }))
    }
}

impl Stop {
    /// Asks the server to stop; asked again, it does not wait for running requests.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::Relaxed);
        self.0.stage.send_modify(|stage| {
            *stage = if *stage == Stage::Running { Stage::Stopping } else { Stage::Urgent };
        });
    }

    /// True once the server was asked.
    pub fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::Relaxed)
    }

    /// Resolves when the server is asked to stop.
    pub async fn asked(&self) {
        self.reached(Stage::Stopping).await;
    }

    /// Resolves when the server is asked a second time.
    pub async fn urged(&self) {
        self.reached(Stage::Urgent).await;
    }

    async fn reached(&self, stage: Stage) {
        // the channel cannot close: its sender is here
        let _ = self.0.stage.subscribe().wait_for(|reached| *reached >= stage).await;
    }
}
