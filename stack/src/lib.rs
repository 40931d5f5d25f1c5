//! The stack: our own charts as packages that the program carries, and the stack file, which says what is released where
//! and in which order.
//!
//! No runtime, no network and no clock. The build script reads `deploy/charts`; nothing here reads a file.

mod packages;
#[cfg(test)]
mod packaging;
mod released;

pub use packages::packages;
pub use released::RELEASED;
