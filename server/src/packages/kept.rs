use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use chart::Digest;

use super::CachedFile;

/// What an entry costs beside its bytes: key, tag, and its places in the table and in the queue.
const ENTRY_OVERHEAD: u64 = 512;

/// Files in memory, whose sum is below a bound at any moment. Room is made by letting go the oldest that nobody has asked
/// for since its turn came last.
pub(super) struct Kept {
    bound: u64,
    files: RwLock<Files>,
}

#[derive(Default)]
struct Files {
    bytes: u64,
    places: HashMap<Digest, Place>,
    /// The next to be let go first.
    queue: VecDeque<Digest>,
}

struct Place {
    file: Arc<CachedFile>,
    was_asked_for: AtomicBool,
}

fn weight(file: &CachedFile) -> u64 {
    file.bytes.len() as u64 + ENTRY_OVERHEAD
}

impl Kept {
    pub fn new(bound: u64) -> Self {
        Self { bound, files: RwLock::default() }
    }

    /// What they take.
    pub fn bytes(&self) -> u64 {
        self.files.read().unwrap_or_else(PoisonError::into_inner).bytes
    }

    pub fn find(&self, digest: &Digest) -> Option<Arc<CachedFile>> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let place = files.places.get(digest)?;
        // a write that changes nothing would make the processors wait for each other
        if !place.was_asked_for.load(Ordering::Relaxed) {
            place.was_asked_for.store(true, Ordering::Relaxed);
        }
        Some(Arc::clone(&place.file))
    }

    /// Keeps a file, if it is not larger than everything that may be kept.
    pub fn keep(&self, digest: Digest, file: &Arc<CachedFile>) {
        let weight = weight(file);
        if weight > self.bound {
            return;
        }
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if files.places.contains_key(&digest) {
            return;
        }
        while files.bytes + weight > self.bound && files.let_one_go() {}
        files.bytes += weight;
        files.queue.push_back(digest);
        files.places.insert(digest, Place { file: Arc::clone(file), was_asked_for: AtomicBool::new(false) });
    }
}

impl Files {
    /// False if there is none.
    fn let_one_go(&mut self) -> bool {
        while let Some(digest) = self.queue.pop_front() {
            let Some(place) = self.places.get_mut(&digest) else { continue };
            if std::mem::take(place.was_asked_for.get_mut()) {
                self.queue.push_back(digest);
                continue;
            }
            self.bytes -= weight(&place.file);
            self.places.remove(&digest);
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(number: u8, size: usize) -> (Digest, Arc<CachedFile>) {
        let file = CachedFile::of(vec![number; size].into());
        (Digest::of(&file.bytes), Arc::new(file))
    }

    #[test]
    fn what_is_asked_for_stays_and_the_sum_is_never_above_the_bound() {
        let kept = Kept::new(10 * 1024);
        let (hot, file_of_hot) = file(0, 1000);
        kept.keep(hot, &file_of_hot);
        for number in 1..=200 {
            let (digest, file) = file(number, 500 + usize::from(number));
            kept.keep(digest, &file);
            kept.keep(digest, &file);
            assert!(kept.bytes() <= 10 * 1024, "{} bytes", kept.bytes());
            let files = kept.files.read().unwrap();
            let sum: u64 = files.places.values().map(|place| weight(&place.file)).sum();
            assert_eq!((files.bytes, files.queue.len()), (sum, files.places.len()));
            assert!(files.places.get(&digest).is_some_and(|place| Arc::ptr_eq(&place.file, &file)));
            drop(files);
            assert!(kept.find(&hot).is_some(), "at {number}");
        }
        assert!(kept.find(&file(1, 501).0).is_none(), "it made room");
        let (large, file) = file(7, 10 * 1024);
        kept.keep(large, &file);
        assert!(kept.find(&large).is_none() && kept.bytes() > 5 * 1024, "one that is too large pushes nothing out");
    }
}
