//! What the catalogue promises, through its public calls: case by case, after a crash at every storage call, and in
//! random histories of several replicas.

#![expect(clippy::unwrap_used, reason = "all of this is test code, its helpers too")]

mod calls;
mod crash;
mod disk;
mod nfs;
mod packages;
mod simulation;
mod site;
mod time;
