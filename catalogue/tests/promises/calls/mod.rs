//! One call after another.

mod adoption;
mod backup;
mod collect;
mod embedded;
mod hand_back;
mod level;
mod limits;
mod provenance;
mod publish;
mod reconcile;
pub mod registry;
mod remove;
mod replicas;
mod scrub;
mod sessions;
mod start;
