//! Versions and constraints mean what they mean in Helm's Go library. The tables are its own answers, see
//! `tests/golden/README.md`.

use chart::{ChartVersion, Constraint};
use serde::Deserialize;

#[derive(Deserialize)]
struct Version {
    text: String,
    /// What the lenient parser makes of the text.
    loose: Option<String>,
    strict: bool,
    rank: Option<u32>,
}

#[test]
fn versions_are_read_and_ordered_as_in_go() {
    let table: Vec<Version> = serde_json::from_str(include_str!("golden/versions.json")).unwrap();
    assert!(table.len() > 1000);
    let mut ranked = Vec::new();
    for row in &table {
        let parsed = ChartVersion::parse(&row.text);
        assert_eq!(parsed.as_ref().ok().map(|version| version.semver().to_string()), row.loose, "{:?}", row.text);
        assert_eq!(ChartVersion::parse_strict(&row.text).is_ok(), row.strict, "strict {:?}", row.text);
        if let (Ok(version), Some(rank)) = (parsed, row.rank) {
            ranked.push((rank, version));
        }
    }
    for (rank, version) in &ranked {
        for (other_rank, other) in &ranked {
            assert_eq!(version.cmp_precedence(other), rank.cmp(other_rank), "{version} {other}");
        }
    }
}

#[derive(Deserialize)]
struct Table {
    versions: Vec<String>,
    constraints: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    /// A digit for each version; none if the text is no constraint.
    matches: Option<String>,
}

#[test]
fn constraints_match_as_in_go() {
    let table: Table = serde_json::from_str(include_str!("golden/constraints.json")).unwrap();
    let versions: Vec<_> = table.versions.iter().map(|text| ChartVersion::parse(text).unwrap()).collect();
    assert!(versions.len() >= 16 && table.constraints.len() >= 60);
    let mut wrong = Vec::new();
    for row in &table.constraints {
        let matches = Constraint::parse(&row.text).ok().map(|constraint| {
            let digit = |version| if constraint.matches(version) { '1' } else { '0' };
            versions.iter().map(digit).collect::<String>()
        });
        if matches != row.matches {
            wrong.push(format!("{:?}\n  go {:?}\n us {matches:?}", row.text, row.matches));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), table.constraints.len(), wrong.join("\n"));
}
