//! `index.yaml`, whole and in part.

pub(crate) mod show;
mod views;

pub use views::{IndexView, IndexViews};
