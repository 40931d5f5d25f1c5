//! The stack's charts, rendered by the real Helm of both major versions.
//!
//! What holds for every chart stands here: each of its `ci/*-values.yaml` is a case, so a new chart or case needs no line.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apache;
mod findings;
mod folder;
mod golden;
mod install;
mod machine;
mod mariadb;
mod policy;
mod refusals;
mod render;
mod restore;
mod schemas;
mod server;
mod workload;
