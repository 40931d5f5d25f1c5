use std::path::PathBuf;

use storage_s3::gateway::tools;

use crate::skip::skipped;

/// The interpreter that has a Python program, if it is installed. Else the test that asks is named as skipped.
pub fn python(program: &str, version: &str) -> Option<PathBuf> {
    let python = tools().join(format!("{program}-{version}/bin/python"));
    if !python.is_file() {
        skipped(&format!(
            "{program} {version} is not installed; `cargo xtask tools` does it, with Python 3.10 or newer"
        ));
        return None;
    }
    Some(python)
}
