//! The stack: our own charts as packages that the program carries, and the stack file, which says what is released where
//! and in which order.
//!
//! No runtime, no network and no clock. The build script reads `deploy/charts`; nothing here reads a file.

mod check;
mod file;
mod generate;
mod packages;
#[cfg(test)]
mod packaging;
mod plan;
mod released;

pub use check::{Report, Unresolved, check};
pub use file::{
    FileError, Layer, Lock, LockedChart, LockedManifest, Namespace, Profile, Release, Servers, Source, StackFile,
    Status,
};
pub use generate::{GenerateError, flux, helmfile};
pub use packages::packages;
pub use plan::plan;
pub use released::RELEASED;
