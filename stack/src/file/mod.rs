//! The stack file and its lock, as people write them.

mod lock;
mod read;
mod stack_file;

pub use lock::{Lock, LockedChart, LockedManifest, Status};
pub use read::FileError;
pub(crate) use stack_file::merge;
pub use stack_file::{Layer, Namespace, Profile, Release, Servers, Source, StackFile};
