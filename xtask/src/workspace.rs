use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::step;

/// What `cargo metadata` says of this workspace.
#[derive(Deserialize)]
pub struct Workspace {
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    #[serde(rename = "target_directory")]
    pub target: PathBuf,
    #[serde(rename = "workspace_members")]
    pub members: Vec<String>,
    pub packages: Vec<Package>,
    pub resolve: Resolve,
}

#[derive(Deserialize)]
pub struct Package {
    pub id: String,
    pub name: String,
    pub version: String,
    pub manifest_path: PathBuf,
}

#[derive(Deserialize)]
pub struct Resolve {
    pub nodes: Vec<Node>,
}

/// A package and what it depends on directly.
#[derive(Deserialize)]
pub struct Node {
    pub id: String,
    pub deps: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub pkg: String,
    pub dep_kinds: Vec<DependencyKind>,
}

/// `None` for a normal dependency, else `dev` or `build`.
#[derive(Deserialize)]
pub struct DependencyKind {
    pub kind: Option<String>,
}

impl Workspace {
    pub fn read() -> Result<Self> {
        let text = step::output(cargo().args(["metadata", "--format-version=1", "--locked"]))?;
        serde_json::from_str(&text).context("cargo metadata has an unknown form")
    }

    pub fn package(&self, id: &str) -> Result<&Package> {
        self.packages.iter().find(|package| package.id == id).with_context(|| format!("unknown package {id}"))
    }

    /// Cargo, run at the workspace's root.
    pub fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }

    /// The folder of a member.
    pub fn folder<'a>(&self, package: &'a Package) -> &'a Path {
        package.manifest_path.parent().unwrap_or(&package.manifest_path)
    }
}

/// The cargo that runs this program, so that its tool chain is ours.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}
