//! What holds for all versions and constraints.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chart::{ChartVersion, Constraint};
use proptest::prelude::*;

fn identifiers() -> impl Strategy<Value = String> {
    let identifier = prop_oneof!["0|[1-9][0-9]{0,2}", "[a-c]{1,2}", "[0-9]{0,2}[a-c-][0-9]{0,2}", "[1-9][0-9]{19,21}"];
    proptest::collection::vec(identifier, 1..4).prop_map(|identifiers| identifiers.join("."))
}

fn version() -> impl Strategy<Value = ChartVersion> {
    let number = || prop_oneof![0..4_u64, 8..12_u64, Just(u64::MAX)];
    (number(), number(), number(), proptest::option::of(identifiers()), proptest::option::of(identifiers())).prop_map(
        |(major, minor, patch, prerelease, build)| {
            let prerelease = prerelease.map(|text| format!("-{text}")).unwrap_or_default();
            let build = build.map(|text| format!("+{text}")).unwrap_or_default();
            ChartVersion::parse_strict(&format!("{major}.{minor}.{patch}{prerelease}{build}")).unwrap()
        },
    )
}

fn matches(constraint: &str, version: &ChartVersion) -> bool {
    Constraint::parse(constraint).unwrap_or_else(|error| panic!("{error}")).matches(version)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,40}", of_grammar in "[v0-9x*.,|<>=!~^ +a-]{0,24}") {
        for text in [text, of_grammar] {
            if ChartVersion::parse_strict(&text).is_ok() {
                let version = ChartVersion::parse(&text).unwrap();
                prop_assert_eq!(version.as_str(), &text);
            }
            if let Ok(version) = ChartVersion::parse(&text) {
                prop_assert!(!text.ends_with(char::is_whitespace));
                prop_assert!(ChartVersion::parse_strict(&version.semver().to_string()).is_ok());
            }
            if let Err(error) = Constraint::parse(&text) {
                prop_assert_eq!(error.0, text);
            }
        }
    }

    #[test]
    fn precedence_is_an_order(a in version(), b in version(), c in version()) {
        prop_assert_eq!(a.cmp_precedence(&b), b.cmp_precedence(&a).reverse());
        if a.cmp_precedence(&b).is_le() && b.cmp_precedence(&c).is_le() {
            prop_assert!(a.cmp_precedence(&c).is_le());
        }
        if a.cmp_precedence(&b).is_eq() {
            prop_assert_eq!(a.cmp_precedence(&c), b.cmp_precedence(&c));
            prop_assert_eq!(&a.semver().pre, &b.semver().pre);
        }
    }

    #[test]
    fn comparators_follow_precedence(a in version(), b in version()) {
        let order = b.cmp_precedence(&a);
        // A pre-release is looked at if the constraint names one.
        let seen = !b.is_prerelease() || a.is_prerelease();
        prop_assert_eq!(matches(&format!("={a}"), &b), seen && order.is_eq());
        prop_assert_eq!(matches(&format!("!={a}"), &b), seen && order.is_ne());
        prop_assert_eq!(matches(&format!(">{a}"), &b), seen && order.is_gt());
        prop_assert_eq!(matches(&format!(">={a}"), &b), seen && order.is_ge());
        prop_assert_eq!(matches(&format!("<{a}"), &b), seen && order.is_lt());
        prop_assert_eq!(matches(&format!("<={a}"), &b), seen && order.is_le());
        prop_assert!(matches(&a.to_string(), &a));
        let (tilde, caret) = (format!("~{a}"), format!("^{a}"));
        prop_assert!(matches(&tilde, &a) && matches(&caret, &a));
        prop_assert!(matches("*", &b) != b.is_prerelease());
        prop_assert_eq!(matches(&format!("{a} - {a}"), &b), seen && order.is_eq());
    }

    #[test]
    fn alternatives_add_and_comparators_narrow(a in version(), b in version(), c in version()) {
        let (at_least, below) = (format!(">={a}"), format!("<{b}"));
        prop_assert_eq!(matches(&format!("{at_least} || {below}"), &c), matches(&at_least, &c) || matches(&below, &c));
        if !c.is_prerelease() {
            prop_assert_eq!(matches(&format!("{at_least}, {below}"), &c), matches(&at_least, &c) && matches(&below, &c));
            prop_assert_eq!(matches(&format!("{at_least} {below}"), &c), matches(&format!("{at_least},{below}"), &c));
        }
    }
}
