//! Work that takes time and memory, such as reading packages: not on the threads that answer requests, and not too much at
//! once.

use std::sync::Arc;

use chart::Limits;
use tokio::sync::Semaphore;

/// Runs such work on the blocking threads, as much at a time as there are cores: more would not be faster, and reading a
/// package may take tens of megabytes.
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use futures_util::FutureExt;

    use super::*;

    /// Work that a client no longer waits for still counts: otherwise clients that hang up could start any number.
    #[tokio::test]
    async fn a_permit_goes_with_the_work_and_not_with_the_client() {
        let parsing = Parsing::new(Limits::default());
        let cores = parsing.permits.available_permits();
        let (began, begun) = mpsc::channel();
        let mut ends = Vec::new();
        for _ in 0..cores {
            let began = began.clone();
            let (end, ended) = mpsc::channel::<()>();
            ends.push(end);
            let mut work = Box::pin(parsing.run(move |_| {
                began.send(()).unwrap();
                let _ = ended.recv();
            }));
            assert!((&mut work).now_or_never().is_none());
        }
        for _ in 0..cores {
            begun.recv().unwrap();
        }
        assert_eq!(parsing.permits.available_permits(), 0);
        assert!(parsing.run(|_| ()).now_or_never().is_none());
        drop(ends);
        assert_eq!(parsing.run(Limits::clone).await, Limits::default());
        let all = parsing.permits.acquire_many(u32::try_from(cores).unwrap()).await;
        assert!(all.is_ok());
    }

    #[tokio::test]
    #[should_panic(expected = "a fault of ours")]
    async fn a_panic_reaches_the_one_who_waits() {
        Parsing::new(Limits::default()).run(|_| panic!("a fault of ours")).await;
    }
}
