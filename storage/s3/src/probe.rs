//! Whether a store creates an object only if its key is free, and for one of several writers only.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use storage::{Key, ObjectStore, StorageError};
use tokio::sync::Barrier;
use uuid::Uuid;

/// Keys that are raced for. One store answers a sequence of writes rightly and lets several writers win a race, nearly
/// always.
const RACES: usize = 3;
/// Writers for each of them.
const RACERS: usize = 8;

/// What a store may be trusted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Any number of replicas may write.
    Exclusive,
    /// Only one replica may write, and why.
    NotExclusive(String),
    /// Nothing may be written, and why.
    ReadOnly(String),
}

/// Creates objects of its own in the store's `.chandlery/probe/`, and removes them.
///
/// # Errors
/// If the store fails, so that nothing is known.
pub async fn probe(store: &Arc<dyn ObjectStore>) -> Result<Finding, StorageError> {
    let place = format!(".chandlery/probe/{}", Uuid::new_v4().simple());
    let keys: Vec<Key> = (0..=RACES).filter_map(|number| Key::new(format!("{place}/{number}")).ok()).collect();
    let finding = try_all(store, &keys).await;
    // at once, as the races: every start waits for it
    for (key, deleted) in keys.iter().zip(join_all(keys.iter().map(|key| store.delete(key))).await) {
        if let Err(error) = deleted
            && !matches!(finding, Ok(Finding::ReadOnly(_)))
        {
            tracing::warn!(%key, %error, "an object of the probe stays in the storage");
        }
    }
    finding
}

async fn try_all(store: &Arc<dyn ObjectStore>, keys: &[Key]) -> Result<Finding, StorageError> {
    let not_exclusive = |reason: &str| Ok(Finding::NotExclusive(reason.to_owned()));
    let Some((first, raced)) = keys.split_first() else { return not_exclusive("nothing was tried") };
    match store.put_new(first, Bytes::from_static(b"first")).await {
        Ok(_) => {}
        Err(StorageError::Denied(reason)) => return Ok(Finding::ReadOnly(reason)),
        Err(StorageError::Unsupported(reason)) => {
            return Ok(Finding::NotExclusive(format!("it does not know conditional writes ({reason})")));
        }
        Err(error) => return Err(error),
    }
    match store.put_new(first, Bytes::from_static(b"second")).await {
        Ok(_) => return not_exclusive("it ignores the condition of a write"),
        Err(StorageError::AlreadyExists(_)) => {}
        Err(error) => return Err(error),
    }
    for winners in join_all(raced.iter().map(|key| winners(store, key))).await {
        match winners? {
            1 => {}
            0 => return not_exclusive("no writer wins a race"),
            _ => return not_exclusive("several writers win a race"),
        }
    }
    Ok(Finding::Exclusive)
}

async fn winners(store: &Arc<dyn ObjectStore>, key: &Key) -> Result<usize, StorageError> {
    let start = Arc::new(Barrier::new(RACERS));
    let racers = (0..RACERS).map(|number| {
        let (store, key, start) = (Arc::clone(store), key.clone(), Arc::clone(&start));
        tokio::spawn(async move {
            start.wait().await;
            store.put_new(&key, Bytes::from(format!("racer {number}"))).await
        })
    });
    let mut winners = 0;
    for outcome in join_all(racers).await {
        match outcome.unwrap_or_else(|error| Err(StorageError::Unavailable(error.to_string()))) {
            Ok(_) => winners += 1,
            Err(StorageError::AlreadyExists(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(winners)
}

#[cfg(test)]
mod tests;
