//! The suite that every backend and every wrapper passes: each promise of [`ObjectStore`], tried.
//!
//! Works on a store that holds other objects too: everything it makes begins with a name of its own.
//!
//! ```
//! # use std::sync::Arc;
//! # use storage::{contract, memory::MemoryStore};
//! # tokio::runtime::Runtime::new()?.block_on(contract::holds(Arc::new(MemoryStore::new())));
//! # Ok::<(), std::io::Error>(())
//! ```

mod listings;
mod objects;
mod races;
mod staged;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use uuid::Uuid;

use crate::{Key, Listed, ObjectMeta, ObjectStore, Prefix, Result};

/// Tries every promise.
///
/// # Panics
/// If one is broken. Run it on a runtime of several threads: some promises are about races.
pub async fn holds(store: Arc<dyn ObjectStore>) {
    let place = Place { store, name: format!("contract-{}", Uuid::new_v4().simple()) };
    objects::hold(&place).await;
    listings::hold(&place).await;
    staged::hold(&place).await;
    races::hold(&place).await;
}

/// A part of a store that nothing else uses.
#[derive(Clone)]
struct Place {
    store: Arc<dyn ObjectStore>,
    name: String,
}

impl Place {
    /// A part of the part.
    fn below(&self, name: &str) -> Self {
        Self { store: Arc::clone(&self.store), name: format!("{}/{name}", self.name) }
    }

    fn key(&self, text: &str) -> Key {
        must("make a key", Key::new(format!("{}/{text}", self.name)))
    }

    fn prefix(&self, text: &str) -> Prefix {
        must("make a prefix", Prefix::new(format!("{}/{text}", self.name)))
    }

    async fn put_new(&self, text: &str, bytes: impl Into<Bytes>) -> ObjectMeta {
        must("create an object", self.store.put_new(&self.key(text), bytes.into()).await)
    }

    async fn bytes(&self, text: &str) -> Bytes {
        must("read an object", self.store.get(&self.key(text), None).await).bytes
    }

    /// Everything that begins so, without the place's own name.
    async fn list(&self, prefix: &str) -> Vec<String> {
        let lines: Vec<_> = must("list", self.store.list(&self.prefix(prefix)).try_collect().await);
        lines.iter().map(|line| self.relative(line)).collect()
    }

    async fn list_folder(&self, folder: &str) -> Vec<String> {
        let lines: Vec<_> = must("list a folder", self.store.list_folder(&self.prefix(folder)).try_collect().await);
        lines.iter().map(|line| self.relative(line)).collect()
    }

    fn relative(&self, line: &Listed) -> String {
        let text = match line {
            Listed::Object(key, _) => key.as_str(),
            Listed::Folder(folder) => folder.as_str(),
        };
        let inside = text.strip_prefix(&self.name).and_then(|text| text.strip_prefix('/'));
        must("be given what was asked for", inside.ok_or(text)).to_owned()
    }

    async fn assert_absent(&self, text: &str) {
        let key = self.key(text);
        assert_not_found(&key, self.store.get(&key, None).await);
        assert_not_found(&key, self.store.head(&key).await);
        assert_eq!(self.list(text).await, [""; 0], "what is absent is not listed");
    }
}

#[track_caller]
fn must<T, E: std::fmt::Debug>(what: &str, outcome: Result<T, E>) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("could not {what}: {error:?}"),
    }
}

#[track_caller]
fn assert_not_found<T: std::fmt::Debug>(key: &Key, outcome: Result<T>) {
    match outcome {
        Err(crate::StorageError::NotFound(named)) => assert_eq!(named, *key, "the error names another key"),
        other => panic!("{key}: not found was due, not {other:?}"),
    }
}

#[track_caller]
fn assert_taken<T: std::fmt::Debug>(key: &Key, outcome: Result<T>) {
    match outcome {
        Err(crate::StorageError::AlreadyExists(named)) => assert_eq!(named, *key, "the error names another key"),
        other => panic!("{key}: already exists was due, not {other:?}"),
    }
}

#[cfg(test)]
mod tests;
