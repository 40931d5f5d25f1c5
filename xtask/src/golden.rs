use anyhow::Result;

use crate::workspace::Workspace;
use crate::{step, tools};

/// Writes every case of the charts as it is rendered now, for a diff to be reviewed: the test that compares them does it.
pub fn write(workspace: &Workspace) -> Result<()> {
    tools::install(workspace)?;
    step::run(
        "golden renders",
        workspace
            .cargo()
            .args(["test", "--locked", "--package", "acceptance", "--test", "stack", "golden::every_case"])
            .env("CHANDLERY_WRITE_GOLDEN", "1")
            .env("CHANDLERY_TOOLS", tools::folder(workspace)),
    )
}
