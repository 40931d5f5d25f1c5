//! Comparing the storage with what is known of it.

mod report;
pub(crate) mod run;
pub(crate) mod show;
