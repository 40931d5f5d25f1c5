//! Packages the charts of `deploy/charts` into the program.

use std::path::Path;
use std::{env, fs, io};

#[path = "src/packaging.rs"]
mod packaging;
#[path = "src/released.rs"]
mod released;

fn main() -> io::Result<()> {
    let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/charts");
    println!("cargo::rerun-if-changed={}", charts.display());
    let output = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo gives no OUT_DIR"))?;
    let output = Path::new(&output);
    let mut list = String::from("&[\n");
    for package in packaging::package_all(&charts).map_err(io::Error::other)? {
        let file = package.file_name();
        fs::write(output.join(&file), package.bytes())?;
        list.push_str(&format!("    include_bytes!({file:?}),\n"));
    }
    list.push_str("]\n");
    fs::write(output.join("packages.rs"), list)
}
