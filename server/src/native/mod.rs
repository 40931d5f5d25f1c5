//! The API that ChartMuseum does not have, below `/-/api/v1/`: one folder per resource, one file per verb.
//!
//! A repository is named by the parameter `repository` of the query and not by the path: it has any number of segments,
//! and so has the path of every other route, so that a name in the path could be read in two ways. Left out of a list it means all
//! repositories.

pub(crate) mod charts;
mod cursor;
mod fields;
mod filter;
mod page;
mod parameters;
mod pattern;
mod reach;
pub(crate) mod reconcile;
pub(crate) mod repositories;
#[cfg(test)]
mod tests;
pub(crate) mod trash;
pub(crate) mod versions;
mod walk;
