//! What is a provenance file, and what it says.

use chart::{Digest, Provenance, ProvenanceError};
use proptest::prelude::*;

/// Made by `helm package --sign` (4.2.4), which escapes the dashes of its list of maintainers.
const REAL: &str = include_str!("golden/signed-0.1.0.tgz.prov");

const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----\n\nwsBcBAEBCgAQBQJc\nd3N0\n=k9Y9\n-----END PGP SIGNATURE-----\n";

fn message(signed: &str) -> String {
    format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{signed}\n{SIGNATURE}")
}

fn parse(text: &str) -> Result<Provenance, ProvenanceError> {
    Provenance::parse(text.as_bytes())
}

#[test]
fn what_helm_signs_is_read() {
    let provenance = parse(REAL).unwrap();
    assert_eq!(provenance.name(), "signed");
    assert_eq!(provenance.version(), "0.1.0");
    assert_eq!(provenance.package_file_name(), "signed-0.1.0.tgz");
    assert_eq!(provenance.digest(), Some(Digest::of(include_bytes!("golden/signed-0.1.0.tgz"))));
    assert_eq!(parse(&REAL.replace('\n', "\r\n")).unwrap(), provenance);
    assert_eq!(parse(&REAL.replace('\n', " \t\n")).unwrap(), provenance);
    assert_eq!(parse(REAL.trim_end()).unwrap(), provenance);
}

#[test]
fn name_and_version_are_those_of_the_top_level() {
    let digest = "ab".repeat(32);
    for (signed, name, version, has_digest) in [
        ("name: a\nversion: 1.0.0", "a", "1.0.0", false),
        ("maintainers:\n- - name: m\n  version: 9\nname: a\nversion: 1.0.0", "a", "1.0.0", false),
        ("name: \"a\"\nversion: '1.10'", "a", "1.10", false),
        ("name: a # comment\nversion:   1.0.0   ", "a", "1.0.0", false),
        (&format!("name: a\nversion: 1.0.0\n\n...\nfiles:\n  a-1.0.0.tgz: sha256:{digest}"), "a", "1.0.0", true),
        (&format!("name: a\nversion: 1.0.0\n\n...\nfiles:\n  \"a-1.0.0.tgz\": 'sha256:{digest}'"), "a", "1.0.0", true),
        (&format!("name: a\nversion: 1.0.0\n\n...\nfiles:\n  b-1.0.0.tgz: sha256:{digest}"), "a", "1.0.0", false),
        (&format!("name: a\nversion: 1.0.0\n\n...\nfiles:\n  a-1.0.0.tgz: sha512:{digest}"), "a", "1.0.0", false),
        ("name: a\nversion: 1.0.0\n\n...\nfiles:\n  a-1.0.0.tgz: sha256:abc", "a", "1.0.0", false),
        ("name: a\nversion: 1.0.0\n\n...\nfiles: {}", "a", "1.0.0", false),
        ("name: é\nversion: 1.0.0+b", "é", "1.0.0+b", false),
        ("name: 1\nversion: 1.10", "1", "1.1", false),
        ("name: a\nversion: 2.0.0\nversion: 1.0.0", "a", "1.0.0", false),
        ("{name: a, version: 1.0.0, description: 'name: b'}", "a", "1.0.0", false),
        ("name: >-\n  a\nversion: &v 1.0.0\nappVersion: *v", "a", "1.0.0", false),
    ] {
        let provenance = parse(&message(signed)).unwrap_or_else(|error| panic!("{error}: {signed}"));
        assert_eq!((provenance.name(), provenance.version()), (name, version), "{signed}");
        assert_eq!(
            provenance.digest().map(|digest| digest.to_string()),
            has_digest.then(|| digest.clone()),
            "{signed}"
        );
    }
}

#[test]
fn other_texts_are_refused_in_chartmuseums_words() {
    let good = message("name: a\nversion: 1.0.0");
    assert!(parse(&good).is_ok());
    for text in [
        "",
        "badbadverybad",
        "-----BEGIN PGP SIGNED MESSAGE-----",
        "-----BEGIN PGP SIGNED MESSAGE-----\nname: a\nversion: 1.0.0",
        &format!("\n{good}"),
        &format!("\u{feff}{good}"),
        &format!("{good}more"),
        &message("version: 1.0.0"),
        &message("name: a"),
        &message("name:\nversion: 1.0.0"),
        &message("name: a\nversion: \"\""),
        &message("chart:\n  name: a\n  version: 1.0.0"),
        &message("...\nname: a\nversion: 1.0.0"),
        &message("name: a\nversion: 1.0.0\n\t: ]"),
        &message("name: [a]\nversion: 1.0.0"),
        &message("- - name: a\n- - version: 1.0.0"),
        &good.replace("Hash: SHA512\n\n", "Hash: SHA512\n"),
        &good.replace("Hash: SHA512", "Hash"),
        &good.replace("MESSAGE-----", "MESSAGE-----x"),
        &good.replace("BEGIN PGP SIGNATURE", "BEGIN PGP PUBLIC KEY BLOCK"),
        &good.replace("-----END PGP SIGNATURE-----", ""),
        &good.replace("END PGP SIGNATURE", "END PGP MESSAGE"),
        &good.replace("SIGNATURE-----\n\nwsBc", "SIGNATURE-----\nwsBc"),
        &good.replace("wsBcBAEBCgAQBQJc\nd3N0\n=k9Y9\n", ""),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error, ProvenanceError::Invalid, "{text}");
        assert_eq!(error.to_string(), "invalid provenance file");
    }
    assert_eq!(Provenance::parse(&[message("name: a").as_bytes(), b"\xff"].concat()), Err(ProvenanceError::Invalid));
}

#[test]
fn armour_may_be_that_of_other_writers() {
    let good = message("name: a\nversion: 1.0.0");
    for text in [
        good.replace("SIGNATURE-----\n\n", "SIGNATURE-----\nVersion: GnuPG v2\nComment: x: y\n\n"),
        good.replace("=k9Y9\n", ""),
        good.replace("d3N0", "d3N0d3M="),
        good.replace("d3N0", "d3N0dw=="),
        good.replace("d3N0", "d3N"),
        format!("{good}\n\n"),
        good.replace("Hash: SHA512\n", ""),
        good.replace("Hash: SHA512\n", "Hash: SHA256, SHA512\nHash: SHA1\n"),
    ] {
        assert_eq!(parse(&text), parse(&good), "{text}");
    }
}

#[test]
fn a_name_that_leaves_the_folder_is_named() {
    for (name, version) in [("../evil", "1.0.0"), ("a", "1/../../0"), ("/a", "1.0.0")] {
        let error = parse(&message(&format!("name: {name}\nversion: {version}"))).unwrap_err();
        assert_eq!(error.to_string(), format!("{name}-{version}.tgz.prov is improperly formatted"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_never_panic(at in 0..REAL.len(), byte: u8, cut in 0..REAL.len()) {
        let mut bytes = REAL.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = Provenance::parse(&bytes);
        bytes.truncate(cut);
        prop_assert!(Provenance::parse(&bytes).is_err());
    }
}
