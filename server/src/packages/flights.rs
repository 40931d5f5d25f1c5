use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

/// Work that several may want at the same time and that is done once for all of them. If the one who does it stops
/// waiting, another begins anew.
pub(super) struct Flights<K, T> {
    under_way: Mutex<HashMap<K, Arc<OnceCell<T>>>>,
}

/// One who waits for a flight. The last takes it off the list.
struct Passenger<'a, K: Eq + Hash, T> {
    flights: &'a Flights<K, T>,
    name: K,
    cell: Arc<OnceCell<T>>,
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self { under_way: Mutex::default() }
    }
}

impl<K: Copy + Eq + Hash, T: Clone> Flights<K, T> {
    /// What the work of this name comes to: that which is under way, or else this. What it came to is not remembered.
    pub async fn join(&self, name: K, work: impl Future<Output = T>) -> T {
        let cell = Arc::clone(self.list().entry(name).or_default());
        let passenger = Passenger { flights: self, name, cell };
        passenger.cell.get_or_init(|| work).await.clone()
    }
}

impl<K, T> Flights<K, T> {
    fn list(&self) -> MutexGuard<'_, HashMap<K, Arc<OnceCell<T>>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash, T> Drop for Passenger<'_, K, T> {
    fn drop(&mut self) {
        let mut list = self.flights.list();
        let is_listed = list.get(&self.name).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
        // whoever comes after the landing begins anew; before it, nobody else may be on board: the list and this one
        if is_listed && (self.cell.initialized() || Arc::strong_count(&self.cell) == 2) {
            list.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::FutureExt;
    use futures_util::future::{join_all, pending, ready};

    use super::*;

    #[tokio::test]
    async fn many_who_want_the_same_share_the_work() {
        let flights = Flights::default();
        let done = AtomicU32::new(0);
        let work = || async {
            tokio::task::yield_now().await;
            done.fetch_add(1, Ordering::Relaxed)
        };
        assert_eq!(join_all((0..50).map(|_| flights.join("one", work()))).await, [0; 50]);
        assert_eq!(flights.join("one", work()).await, 1, "what it came to is not remembered");
        assert!(flights.list().is_empty());
    }

    #[tokio::test]
    async fn who_gives_up_leaves_the_work_to_the_next() {
        let flights = Flights::default();
        {
            let first = flights.join("one", pending::<u32>());
            let second = flights.join("one", ready(2));
            tokio::pin!(first, second);
            assert_eq!((&mut first).now_or_never(), None);
            assert_eq!((&mut second).now_or_never(), None, "the first is at work");
            first.set(flights.join("one", pending()));
            assert_eq!(second.await, 2);
        }
        let alone = flights.join("one", pending::<u32>());
        assert_eq!(Box::pin(alone).now_or_never(), None);
        assert!(flights.list().is_empty());
    }
}
