//! The charts of the stack: `values.yaml` is written by people, the schema and the table of the README follow from it.

mod readme;
mod schema;
mod values;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::values::Values;
use crate::workspace::Workspace;

/// Writes what follows from the values of each chart.
pub fn write(workspace: &Workspace) -> Result<()> {
    for (path, text) in derived(workspace)? {
        if current(&path) != text {
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            eprintln!("wrote {}", path.display());
        }
    }
    Ok(())
}

/// Refuses charts whose schema or README is not what follows from their values.
pub fn check(workspace: &Workspace) -> Result<()> {
    eprintln!("==> charts");
    let stale: Vec<_> = derived(workspace)?
        .into_iter()
        .filter(|(path, text)| current(path) != *text)
        .map(|(path, _)| path.strip_prefix(&workspace.root).unwrap_or(&path).display().to_string())
        .collect();
    if !stale.is_empty() {
        bail!("`cargo xtask charts` would change:\n  {}", stale.join("\n  "));
    }
    Ok(())
}

fn current(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn derived(workspace: &Workspace) -> Result<Vec<(PathBuf, String)>> {
    let folder = workspace.root.join("deploy/charts");
    let mut charts = fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    charts.retain(|chart| chart.join("values.yaml").is_file());
    charts.sort();
    let mut files = Vec::new();
    for chart in charts {
        derive(&chart, &mut files).with_context(|| chart.display().to_string())?;
    }
    Ok(files)
}

fn derive(chart: &Path, files: &mut Vec<(PathBuf, String)>) -> Result<()> {
    let read = |name: &str| fs::read_to_string(chart.join(name)).with_context(|| format!("cannot read {name}"));
    let values = Values::parse(&read("values.yaml")?)?;
    let metadata = serde_yaml::from_str(&read("Chart.yaml")?)?;
    files.push((chart.join("values.schema.json"), schema::render(&values, &metadata)?));
    files.push((chart.join("README.md"), readme::render(&read("README.md")?, &values)?));
    Ok(())
}
