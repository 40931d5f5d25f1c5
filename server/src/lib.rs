//! Chandlery: a Helm chart repository server.
//!
//! The binary is thin; everything is here so that tests can build the same parts in process: [`config::Settings`]
//! become an [`App`], an app becomes a [`router::Door`], and [`serve`] puts a door behind a socket.

pub mod answer;
pub mod app;
pub mod auth;
pub mod classic;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod error;
pub mod log;
pub mod metrics;
pub mod middleware;
pub mod native;
pub mod opening;
pub mod packages;
pub mod parsing;
pub mod probes;
pub mod publish;
pub mod reading;
pub mod reconcile;
pub mod redirects;
pub mod registry;
pub mod remove;
pub mod restore;
pub mod router;
pub mod serve;
pub mod startup;
pub mod upload_body;
pub mod warnings;

pub use app::App;

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
