//! The files that a replica keeps on its local disk.

use std::fs;
use std::path::Path;

/// Copies what SQLite keeps, as a killed process leaves it.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["catalogue.sqlite", "catalogue.sqlite-wal"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}
