use anyhow::Result;

use crate::workspace::Workspace;
use crate::{check, step, tools};

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
    )
}
