use anyhow::Result;

use crate::workspace::Workspace;
use crate::{charts, direction, length, step};

/// What needs no test run. Flags that rebuild dependencies, such as `RUSTFLAGS`, are avoided.
pub fn run(workspace: &Workspace) -> Result<()> {
    step::run("format", workspace.cargo().args(["fmt", "--all", "--check"]))?;
    direction::check(workspace)?;
    length::check(workspace)?;
    charts::check(workspace)?;
    step::run(
        "clippy",
        workspace.cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    )?;
    // Not a member of the workspace: it is built with other flags when it is run.
    step::run(
        "fuzz targets",
        workspace
            .cargo()
            .args(["clippy", "--locked", "--manifest-path", "fuzz/Cargo.toml", "--target-dir"])
            .arg(&workspace.target)
            .args(["--", "-D", "warnings"]),
    )?;
    step::run(
        "documentation",
        workspace.cargo().args(["doc", "--locked", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"),
    )
}
