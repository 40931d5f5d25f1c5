//! The storage against a real S3 server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod probe;
mod start;

use storage_s3::gateway::{Gateway, gateway};
use storage_s3::{Options, S3Store};
use uuid::Uuid;

/// Options for a part of the bucket that nothing else uses.
fn options(gateway: &Gateway) -> Options {
    gateway.options(&format!("tests/{}", Uuid::new_v4().simple()))
}

async fn store(gateway: &Gateway) -> S3Store {
    gateway.open(options(gateway)).await.unwrap()
}
