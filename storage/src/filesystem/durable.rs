//! Making names durable: a new name is safe once its folder is synced, and a new folder once its parent is.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs;
use rustix::io::Errno;

/// Syncs folders, one sync for all who wait: a sync that begins after a name was made covers that name, so a writer
/// that arrives while one runs waits for the next, together with everybody else who arrived.
#[derive(Debug, Default)]
pub(super) struct FolderSync {
    /// By device and inode, which stay the folder's as long as a caller holds it open.
    folders: Mutex<HashMap<(u64, u64), Arc<Group>>>,
}

impl FolderSync {
    pub(super) fn sync(&self, folder: &OwnedFd) -> Result<(), Errno> {
        let stat = fs::fstat(folder)?;
        let name = (stat.st_dev, stat.st_ino);
        let group = Arc::clone(lock(&self.folders).entry(name).or_default());
        let outcome = group.run(|| fs::fsync(folder));
        let mut folders = lock(&self.folders);
        if Arc::strong_count(&group) == 2 {
            folders.remove(&name); // ours and the map's: nobody else is here, and only the map hands out more
        }
        outcome
    }
}

type Round = Arc<OnceLock<Result<(), Errno>>>;

#[derive(Debug, Default)]
struct Group {
    rounds: Mutex<Rounds>,
    finished: Condvar,
}

#[derive(Debug, Default)]
struct Rounds {
    running: bool,
    next: Option<Round>,
}

impl Group {
    fn run(&self, sync: impl FnOnce() -> Result<(), Errno>) -> Result<(), Errno> {
        let mut rounds = lock(&self.rounds);
        let round = Arc::clone(rounds.next.get_or_insert_default());
        loop {
            if let Some(outcome) = round.get() {
                return *outcome;
            }
            if !rounds.running {
                rounds.running = true;
                rounds.next = None; // whoever comes from now on may come too late for this sync
                drop(rounds);
                let outcome = sync();
                let mut rounds = lock(&self.rounds);
                rounds.running = false;
                let outcome = *round.get_or_init(|| outcome);
                self.finished.notify_all();
                return outcome;
            }
            rounds = self.finished.wait(rounds).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // nothing that can panic runs under these locks
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// How many wait for the next round.
    fn waiting(group: &Group) -> usize {
        lock(&group.rounds).next.as_ref().map_or(0, |round| Arc::strong_count(round) - 1)
    }

    #[test]
    fn those_who_arrive_during_a_sync_share_the_next_one() {
        let group = Group::default();
        let syncs = AtomicUsize::new(0);
        let (started, start) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        thread::scope(|scope| {
            let running = &group;
            let first = scope.spawn(move || {
                running.run(|| {
                    started.send(()).unwrap();
                    released.recv().unwrap();
                    Err(Errno::IO)
                })
            });
            start.recv().unwrap();
            let others: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        group.run(|| {
                            syncs.fetch_add(1, Ordering::SeqCst);
                            Ok(())
                        })
                    })
                })
                .collect();
            while waiting(&group) < 8 {
                thread::yield_now();
            }
            release.send(()).unwrap();
            assert_eq!(first.join().unwrap(), Err(Errno::IO), "the first sync's failure is the first caller's");
            for other in others {
                assert_eq!(other.join().unwrap(), Ok(()), "a sync that began before they came says nothing to them");
            }
        });
        assert_eq!(syncs.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_failed_sync_fails_all_who_shared_it_and_no_group_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        let handle: OwnedFd = std::fs::File::open(folder.path()).unwrap().into();
        let all = FolderSync::default();
        all.sync(&handle).unwrap();
        assert!(lock(&all.folders).is_empty());
        let group = Group::default();
        assert_eq!(group.run(|| Err(Errno::NOSPC)), Err(Errno::NOSPC));
        assert_eq!(group.run(|| Ok(())), Ok(()));
    }
}
