//! Constraints and versions, a line each: never a panic, and an answer that does not depend on how a version is written.

#![no_main]

use chart::{ChartVersion, Constraint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (constraint, version) = text.split_once('\n').unwrap_or((text, text));
    let constraint = Constraint::parse(constraint);
    let Ok(version) = ChartVersion::parse(version) else { return };
    let complete = version.semver().to_string();
    let Ok(complete) = ChartVersion::parse_strict(&complete) else {
        // `1` is `1.0.0`: the only way to lose a version is to become too long.
        assert!(complete.len() > 256, "{version} became {complete}");
        return;
    };
    assert!(version.cmp_precedence(&complete).is_eq());
    if let Ok(constraint) = constraint {
        assert_eq!(constraint.matches(&version), constraint.matches(&complete));
    }
});
