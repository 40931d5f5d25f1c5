//! Where bytes live: objects under keys, on a directory, in a bucket or in memory.
//!
//! This crate knows keys and bytes, not charts. [`ObjectStore`] is small on purpose: everything above it
//! relies on the promises written at each method, and the contract suite holds every backend and wrapper to them.

mod error;
mod key;
mod operation;
mod store;

#[cfg(any(test, feature = "contract"))]
pub mod contract;
#[cfg(any(test, feature = "faulty"))]
pub mod faulty;
pub mod filesystem;
pub mod memory;
pub mod observed;

pub use error::{Result, StorageError};
pub use key::{Key, KeyError, MAX_KEY_LENGTH, MAX_SEGMENT_LENGTH, Prefix};
pub use operation::Operation;
pub use store::{ByteRange, Listed, Object, ObjectMeta, ObjectStore, StagedWrite};
