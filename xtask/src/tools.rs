use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{debian, python, step};

/// A program that tests run, built from source at a pinned version.
struct Tool {
    name: &'static str,
    version: &'static str,
    /// What `go install` is asked for, without the version.
    package: &'static str,
    /// Of the installed program.
    program: &'static str,
}

/// The clients whose users we serve, a store to serve them from, and a judge of our charts. The tests find them under these
/// names: `tests/src/client.rs`, `storage/s3/src/gateway.rs`, `tests/tests/stack/findings.rs`.
const TOOLS: &[Tool] = &[
    Tool { name: "helm", version: "3.21.4", package: "helm.sh/helm/v3/cmd/helm", program: "helm" },
    Tool { name: "helm", version: "4.2.4", package: "helm.sh/helm/v4/cmd/helm", program: "helm" },
    Tool {
        name: "versitygw",
        version: "1.8.0",
        package: "github.com/versity/versitygw/cmd/versitygw",
        program: "versitygw",
    },
    Tool { name: "oras", version: "1.3.6", package: "oras.land/oras/cmd/oras", program: "oras" },
    Tool {
        name: "crane",
        version: "0.22.1",
        package: "github.com/google/go-containerregistry/cmd/crane",
        program: "crane",
    },
    Tool {
        name: "kube-score",
        version: "1.20.0",
        package: "github.com/zegl/kube-score/cmd/kube-score",
        program: "kube-score",
    },
];

/// Where the tools are: beside the build, so that a kept target folder keeps them too.
pub fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("tools")
}

/// Installs what is missing. A tool is there whole or not at all: it is built elsewhere and renamed.
pub fn install(workspace: &Workspace) -> Result<()> {
    let tools = folder(workspace);
    for tool in TOOLS {
        let place = tools.join(format!("{}-{}", tool.name, tool.version));
        if place.join(tool.program).is_file() {
            continue;
        }
        let unfinished = tools.join(format!(".{}-{}.{}", tool.name, tool.version, std::process::id()));
        fs::create_dir_all(&unfinished).with_context(|| format!("cannot create {}", unfinished.display()))?;
        step::run(
            &format!("install {} {}", tool.name, tool.version),
            Command::new("go")
                .arg("install")
                .arg(format!("{}@v{}", tool.package, tool.version))
                .current_dir(&unfinished) // outside any Go module
                .env("GOBIN", &unfinished)
                .env("GO111MODULE", "on")
                .env_remove("GOFLAGS"),
        )
        .context("the tools are built with Go 1.26 or newer, which must be on the PATH")?;
        let renamed = fs::rename(&unfinished, &place);
        if renamed.is_err() {
            // Another run may have been faster; its tool is as good.
            fs::remove_dir_all(&unfinished).ok();
            if !place.join(tool.program).is_file() {
                bail!("cannot move {} {} to {}", tool.name, tool.version, place.display());
            }
        }
    }
    debian::install(&tools)?;
    python::install(workspace, &tools)
}
