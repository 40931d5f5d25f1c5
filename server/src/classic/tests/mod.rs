//! ChartMuseum's door from the request to the storage, in process.

mod charts;
mod delete;
pub(crate) mod fixtures;
mod form;
mod index;
mod limits;
mod packages;
mod stack;
mod unavailable;
mod upload;
