use bytes::Bytes;
use chart::{Limits, Package, PackageError};

static PACKAGES: &[&[u8]] = include!(concat!(env!("OUT_DIR"), "/packages.rs"));

/// Our charts, in order of names.
///
/// # Errors
/// Never of the bytes that were built in, which the build script read in the same way.
pub fn packages() -> Result<Vec<Package>, PackageError> {
    PACKAGES.iter().map(|bytes| Package::parse(Bytes::from_static(bytes), &Limits::default())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::path::Path;

    use super::*;
    use crate::packaging;

    #[test]
    fn packaging_again_makes_the_same_bytes() {
        let charts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/charts");
        let again = packaging::package_all(&charts).unwrap();
        let built_in = packages().unwrap();
        assert_eq!(again.len(), built_in.len());
        for (again, built_in) in again.iter().zip(&built_in) {
            assert_eq!(again.digest(), built_in.digest(), "{}", built_in.file_name());
            assert_eq!(again.bytes(), built_in.bytes(), "{}", built_in.file_name());
        }
    }

    #[test]
    fn a_package_has_the_library_and_nothing_of_our_tests() {
        for package in packages().unwrap() {
            let file = |path: &str| Package::file(package.bytes(), &Limits::default(), path).unwrap();
            let name = package.name();
            for path in
                ["README.md", "values.schema.json", "charts/chandlery-library/Chart.yaml", "templates/NOTES.txt"]
            {
                assert!(file(path).is_some(), "{name} has no {path}");
            }
            for path in ["ci/default-values.yaml", "Chart.lock", ".helmignore", "icon.svg"] {
                assert!(file(path).is_none(), "{name} has {path}");
            }
        }
    }
}
