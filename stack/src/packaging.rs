//! From the folders of our charts to packages. The build script does it; a test does it again.

use std::fs;
use std::path::Path;

use chart::{Folder, Package};

use crate::released::RELEASED;

/// The library that every chart depends on. It renders nothing, and is no package of its own.
const LIBRARY: &str = "chandlery-library";
/// Where Helm puts a chart's dependencies on this machine; ours come from beside it.
const DEPENDENCIES: &str = "charts";

/// A package of each chart, in order of names.
///
/// # Errors
/// The chart that makes no package, and why.
pub fn package_all(charts: &Path) -> Result<Vec<Package>, String> {
    let library = folder(charts, LIBRARY)?;
    let mut names = Vec::new();
    for entry in fs::read_dir(charts).map_err(|error| format!("{}: {error}", charts.display()))? {
        let name = entry.map_err(|error| error.to_string())?.file_name().to_string_lossy().into_owned();
        if name != LIBRARY && charts.join(&name).is_dir() {
            names.push(name);
        }
    }
    names.sort();
    let package = |name: &String| {
        let mut folder = folder(charts, name)?;
        folder.depend_on(LIBRARY, &library);
        folder.package(name, RELEASED).map_err(|error| format!("{name}: {error}"))
    };
    names.iter().map(package).collect()
}

fn folder(charts: &Path, name: &str) -> Result<Folder, String> {
    let mut files = Vec::new();
    read(&charts.join(name), "", &mut files).map_err(|error| format!("{name}: {error}"))?;
    Folder::new(files).map_err(|error| format!("{name}: {error}"))
}

fn read(folder: &Path, below: &str, files: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if path == DEPENDENCIES {
            continue;
        }
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push((path, fs::read(entry.path())?));
        }
    }
    Ok(())
}
