//! The storage against a real S3 server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod probe;
mod start;

use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use storage_s3::gateway::{Gateway, PROGRAM};
use storage_s3::{Options, S3Store};
use uuid::Uuid;

/// The one server of this process; none if the tool is missing, which is then said.
fn gateway() -> Option<&'static Gateway> {
    static GATEWAY: OnceLock<Option<Gateway>> = OnceLock::new();
    let gateway = GATEWAY.get_or_init(|| {
        let program = tools().join(PROGRAM);
        let promised = std::env::var_os("CHANDLERY_TOOLS").is_some();
        assert!(program.is_file() || !promised, "there is no {}", program.display());
        program.is_file().then(|| Gateway::start(&program))
    });
    if gateway.is_none() {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // past the test runner's capture; a closed standard error must not fail what did not even run
        let _ = writeln!(std::io::stderr(), "skipped: {test}: the S3 server is missing (cargo xtask tools)");
    }
    gateway.as_ref()
}

/// Where the tests' tools are: as `cargo xtask test` says, else where it puts them.
fn tools() -> PathBuf {
    match std::env::var_os("CHANDLERY_TOOLS") {
        Some(path) => PathBuf::from(path),
        None => {
            let own = std::env::current_exe().expect("the system knows this program");
            own.ancestors().nth(3).expect("test programs are in <target>/<profile>/deps").join("tools")
        }
    }
}

/// Options for a part of the bucket that nothing else uses.
fn options(gateway: &Gateway) -> Options {
    gateway.options(&format!("tests/{}", Uuid::new_v4().simple()))
}

async fn store(gateway: &Gateway) -> S3Store {
    gateway.open(options(gateway)).await.unwrap()
}
