//! The storage of Chandlery in an S3 bucket, of AWS or of any store that speaks its protocol.
//!
//! This is the only crate that names the AWS SDK. [`S3Store`] keeps the promises of [`storage::ObjectStore`] where the
//! store does what S3 does with `If-None-Match: *`; [`probe`] finds out whether it does, and [`SingleWriter`] stands in
//! front of one that does not.

mod address;
mod client;
mod copies;
mod fault;
#[cfg(feature = "gateway")]
pub mod gateway;
mod leftovers;
mod listing;
mod names;
mod open;
mod options;
mod parts;
pub mod probe;
mod read;
mod single_writer;
mod store;
mod write;

pub use address::{Addresses, LONGEST_LIFE};
pub use open::{About, OpenError};
pub use options::{Checksums, Encryption, Options, SMALLEST_PART};
pub use single_writer::{SingleWriter, Turn, read_only};
pub use store::S3Store;
