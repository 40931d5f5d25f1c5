//! Provenance files alone.

pub(crate) mod upload;
