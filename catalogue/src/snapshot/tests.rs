use std::io::Read;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;
use crate::LEVEL;
use crate::history::{choices, history, storage};

/// A state with something of every kind in it.
fn rich() -> State {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let has_all = |state: &State| {
        let any =
            |of: &dyn Fn(&crate::Repository) -> bool| state.repositories.values().any(|repository| of(repository));
        any(&|repository| repository.version_count() > 3)
            && any(&|repository| !repository.trash.is_empty())
            && any(&|repository| repository.files.values().any(|facts| !facts.replaced.is_empty()))
            && !state.registry.blobs.is_empty()
            && !state.registry.manifests.is_empty()
            && !state.registry.tags.is_empty()
            && !state.unreferenced.is_empty()
            && !state.discarded.is_empty()
            && state.adopted
    };
    for _ in 0..1000 {
        let choices = choices(60).new_tree(&mut runner).unwrap().current();
        if let Some(moment) = history(&choices).into_iter().find(|moment| has_all(&moment.state)) {
            return (*moment.state).clone();
        }
    }
    panic!("no history has it all");
}

fn lines(snapshot: &[u8]) -> Vec<String> {
    let mut text = String::new();
    zstd::Decoder::new(snapshot).unwrap().read_to_string(&mut text).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A snapshot of these lines with a last line that tells of them.
fn of_lines(lines: &[String]) -> Vec<u8> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let end = End { facts: lines.len() as u64 - 1, sha256: Digest::of(text.as_bytes()) };
    zstd::encode_all(format!("{text}{}\n", serde_json::to_string(&end).unwrap()).as_bytes(), 1).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_state_survives_and_gives_equal_bytes(choices in choices(24)) {
        let state = history(&choices).pop().unwrap().state;
        let snapshot = encode(&state);
        let decoded = decode(&snapshot, LEVEL).unwrap();
        prop_assert_eq!(format!("{decoded:?}"), format!("{state:?}"));
        prop_assert!(encode(&decoded) == snapshot);
    }
}

#[test]
fn the_empty_state_has_a_snapshot_too() {
    let state = State::empty(storage());
    let snapshot = encode(&state);
    assert_eq!(lines(&snapshot).len(), 2);
    assert_eq!(format!("{:?}", decode(&snapshot, LEVEL).unwrap()), format!("{state:?}"));
}

#[test]
fn the_lines_are_what_the_documentation_says() {
    let lines = lines(&encode(&rich()));
    assert!(lines[0].starts_with(r#"{"format":1,"storage":"00000000-0000-0000-0000-000000000007","sequence":"#));
    assert!(lines[1].starts_with(r#"{"repository":{"path":"","changed":""#));
    let facts = &lines[1..lines.len() - 1];
    for kind in KINDS {
        assert!(facts.iter().any(|line| line.starts_with(&format!("{{\"{kind}\":"))), "{kind}");
    }
    assert!(lines.last().unwrap().starts_with(&format!("{{\"facts\":{},\"sha256\":\"", facts.len())));
}

#[test]
fn a_damaged_snapshot_is_refused() {
    let snapshot = encode(&rich());
    for length in (0..snapshot.len()).step_by(13) {
        assert!(decode(&snapshot[..length], LEVEL).is_err(), "cut at {length} of {}", snapshot.len());
    }
    for at in (0..snapshot.len()).step_by(11) {
        let mut damaged = snapshot.clone();
        damaged[at] ^= 0x20;
        // what the compression does not need to say may differ, what it says may not
        if let Ok(state) = decode(&damaged, LEVEL) {
            assert!(encode(&state) == snapshot, "changed at {at}");
        }
    }
    let longer = [&snapshot[..], b"\n"].concat();
    assert!(matches!(decode(&longer, LEVEL), Err(SnapshotError::Damaged)));
}

#[test]
fn a_line_that_is_missing_added_or_changed_is_noticed() {
    let lines = lines(&encode(&rich()));
    let whole: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let encoded = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    assert!(decode(&encoded(&whole), LEVEL).is_ok());
    let last = lines.len() - 1;
    let cut: String = whole.replacen(&format!("{}\n", lines[last - 1]), "", 1);
    let twice = whole.replacen(&lines[2], &format!("{}\n{}", lines[2], lines[2]), 1);
    let changed = whole.replacen("\"size\":0", "\"size\":1", 1);
    let no_end = whole.replacen(&format!("{}\n", lines[last]), "", 1);
    let more = format!("{whole}{}\n", lines[last]);
    for (what, text) in [("cut", cut), ("twice", twice), ("changed", changed), ("no end", no_end), ("more", more)] {
        assert_ne!(text, whole, "{what}");
        assert!(matches!(decode(&encoded(&text), LEVEL), Err(SnapshotError::Damaged)), "{what}");
    }
}

#[test]
fn what_a_newer_program_wrote_is_named() {
    let lines = lines(&encode(&rich()));
    let lines = &lines[..lines.len() - 1];
    assert!(decode(&of_lines(lines), LEVEL).is_ok());

    let mut newer = lines.to_vec();
    newer[0] = newer[0].replace("\"level\":1", &format!("\"level\":{}", LEVEL + 1));
    let error = decode(&of_lines(&newer), LEVEL).unwrap_err();
    assert!(matches!(error, SnapshotError::Level { level, known: LEVEL } if level == LEVEL + 1), "{error}");

    let mut newer = lines.to_vec();
    newer[0] = newer[0].replace("\"format\":1", "\"format\":2");
    assert!(matches!(decode(&of_lines(&newer), LEVEL), Err(SnapshotError::Format { found: 2 })));

    let mut newer = lines.to_vec();
    newer.insert(2, r#"{"blubber":{"digest":"00"}}"#.to_owned());
    let error = decode(&of_lines(&newer), LEVEL).unwrap_err();
    assert_eq!(error.to_string(), r#"line 3 of the snapshot holds "blubber", which level 1 does not know"#);
}

#[test]
fn facts_of_no_repository_and_malformed_facts_name_their_line() {
    let lines = lines(&encode(&rich()));
    let lines = &lines[..lines.len() - 1];
    let mut homeless = lines.to_vec();
    homeless.remove(1);
    assert!(matches!(decode(&of_lines(&homeless), LEVEL), Err(SnapshotError::Line { line: 2, .. })));
    let mut malformed = lines.to_vec();
    malformed[1] = r#"{"repository":{"path":".hidden","changed":"2026-11-25T12:00:00Z"}}"#.to_owned();
    let error = decode(&of_lines(&malformed), LEVEL).unwrap_err().to_string();
    assert!(error.starts_with("line 2 of the snapshot cannot be read: \".hidden\" is no repository path"), "{error}");
}

#[test]
fn memory_is_bounded_by_a_line() {
    let mut bomb = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let zeros = vec![b'0'; 1 << 20];
    for _ in 0..=decode::LINE_SIZE >> 20 {
        bomb.write_all(&zeros).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    assert!(bomb.len() < 100_000);
    assert!(matches!(decode(&bomb, LEVEL), Err(SnapshotError::LineSize)));
}
