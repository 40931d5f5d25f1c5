use anyhow::Result;

use crate::workspace::Workspace;
use crate::{check, step, tools};

/// Acceptance tests that are run with a bucket too: what a storage is asked for, and what must outlive a kill.
const IN_A_BUCKET: &[&str] = &["kill::", "packages::", "removal::", "repositories::", "uploads::", "versions::"];

/// Everything, with one build profile. The acceptance tests get the server that was built here.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    tools::install(workspace)?;
    check::run(workspace)?;
    // Together, so that features are unified as they are for the tests and nothing is compiled twice.
    step::run("build", workspace.cargo().args(["build", "--locked", "--workspace", "--bins", "--tests"]))?;
    step::run(
        "tests",
        workspace
            .cargo()
            .args(["test", "--locked", "--workspace", "--no-fail-fast"])
            .args(arguments)
            .env("CHANDLERY_BINARY", workspace.target.join("debug/chandlery"))
            .env("CHANDLERY_TOOLS", tools::folder(workspace)),
    )?;
    if !arguments.is_empty() {
        return Ok(()); // a part was asked for
    }
    step::run(
        "acceptance tests with a bucket",
        workspace
            .cargo()
            .args(["test", "--locked", "--workspace", "--test", "acceptance", "--"])
            .args(IN_A_BUCKET)
            .env("CHANDLERY_TEST_STORAGE", "bucket")
            .env("CHANDLERY_BINARY", workspace.target.join("debug/chandlery"))
            .env("CHANDLERY_TOOLS", tools::folder(workspace)),
    )
}
