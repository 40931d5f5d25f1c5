//! Packages and their provenance.

pub(crate) mod download;
