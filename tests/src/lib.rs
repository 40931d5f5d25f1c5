//! What the acceptance tests need to stand before Chandlery's front door: the built server as a process, charts to
//! give it, plain and odd HTTP requests, and the real Helm.
//!
//! Everything here is for tests: what cannot be done panics with the reason.

mod answer;
mod authority;
mod charts;
mod client;
mod cluster;
mod connection;
mod contract;
mod diagnosis;
mod exposition;
mod helm;
mod index;
mod launch;
mod log;
mod proxy;
mod python;
mod registry;
mod requests;
mod schemathesis;
mod server;
mod skip;
mod soak;
mod tokens;

pub use answer::Answer;
pub use authority::{Authority, Papers};
pub use charts::{Chart, ChartBuilder, provenance};
pub use client::{Client, Outcome};
pub use cluster::Cluster;
pub use connection::{Connection, exchange};
pub use contract::{Contract, Operation};
pub use exposition::{Exposition, Sample};
pub use helm::{HELM_3, HELM_4, Helm, KeyRing};
pub use index::Index;
pub use launch::{Launch, PLACED, write_papers};
pub use log::Log;
pub use proxy::{Fault, Passing, Proxy};
pub use python::python;
pub use registry::{CHART_CONFIG, CHART_PACKAGE, CHART_PROVENANCE, INDEX, MANIFEST, descriptor, image, sha256, sha512};
pub use schemathesis::Schemathesis;
pub use server::{Server, client};
pub use skip::skipped;
pub use soak::{Soak, SoakEnd, SoakStorage, SoakSummary};
pub use storage_s3::gateway::{Gateway, gateway};
pub use tokens::TokenService;
