//! Provenance files: never a panic, and never a name that leaves its folder.

#![no_main]

use chart::Provenance;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(provenance) = Provenance::parse(bytes) {
        assert!(!provenance.name().is_empty() && !provenance.version().is_empty());
        assert!(!provenance.package_file_name().contains('/'));
    }
});
