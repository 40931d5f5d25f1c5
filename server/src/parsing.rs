//! Work on packages, which takes time and memory: not on the threads that answer requests, and not too much at once.

use std::sync::Arc;

use chart::Limits;
use tokio::sync::Semaphore;

/// Runs the reading of packages on the blocking threads, as many at a time as there are cores: more would not be
/// faster, and each may take tens of megabytes.
pub struct Parsing {
    permits: Arc<Semaphore>,
    limits: Arc<Limits>,
}

impl Parsing {
    /// Nothing runs yet.
    pub fn new(limits: Limits) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { permits: Arc::new(Semaphore::new(cores)), limits: Arc::new(limits) }
    }

    /// Does the work when its turn comes. Work that began is finished even if nobody waits for it any more, so the
    /// permit goes with the work.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce(&Limits) -> T + Send + 'static) -> T {
        let permit = self.permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        let limits = self.limits.clone();
        let work = tokio::task::spawn_blocking(move || {
            let done = work(&limits);
            drop(permit);
            done
        });
        match work.await {
            Ok(done) => done,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => std::future::pending().await, // cancelled: the runtime is going down
            },
        }
    }
}
