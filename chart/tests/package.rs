//! Packages, honest and otherwise.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archives;
mod go;

use archives::{Archive, CHART_YAML, gzip};
use bytes::Bytes;
use chart::{ArchiveError, Digest, Limits, Package, PackageError};
use proptest::prelude::*;
use tar::EntryType;

fn parse(bytes: impl Into<Bytes>) -> Result<Package, PackageError> {
    Package::parse(bytes.into(), &Limits::default())
}

fn lie(archive: &Archive) -> ArchiveError {
    match parse(archive.pack()) {
        Err(PackageError::Archive(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_package_says_what_is_in_it() {
    let bytes = Archive::chart()
        .file("c/values.yaml", "\u{feff}a: 1 # one\n")
        .file("c/templates/a.yaml", "a")
        .file("c/templates/sub/b.yaml", "b")
        .file("c/README.md", "# c\n")
        .file("c/values.schema.json", "{")
        .file("c/charts/d/Chart.yaml", "name: d\nversion: 1.0.0")
        .file("c/charts/d/templates/d.yaml", "d")
        .pack();
    let package = parse(bytes.clone()).unwrap();
    assert_eq!(package.name().as_str(), "c");
    assert_eq!(package.version().as_str(), "1.0.0");
    assert_eq!(package.metadata().api_version, "v2");
    assert_eq!(package.metadata_json(), r#"{"name":"c","version":"1.0.0","apiVersion":"v2"}"#);
    assert_eq!(package.digest(), Digest::of(&bytes));
    assert_eq!(package.bytes(), &bytes);
    assert_eq!(package.file_name(), "c-1.0.0.tgz");

    let limits = Limits::default();
    assert_eq!(Package::values(&bytes, &limits).unwrap().unwrap(), "a: 1 # one\n");
    let templates = Package::templates(&bytes, &limits).unwrap();
    assert_eq!(
        templates,
        [("templates/a.yaml".to_owned(), Bytes::from("a")), ("templates/sub/b.yaml".to_owned(), Bytes::from("b"))]
    );
    let file = |path| Package::file(&bytes, &limits, path).unwrap();
    assert_eq!(file("README.md").unwrap(), "# c\n");
    assert_eq!(file("values.schema.json").unwrap(), "{");
    assert_eq!(file("charts/d/templates/d.yaml").unwrap(), "d");
    assert_eq!(file("LICENSE"), None);
    assert_eq!(Package::values(&Archive::chart().pack(), &limits), Ok(None));
    assert_eq!(
        Package::templates(&Bytes::from("x"), &limits).unwrap_err(),
        PackageError::Archive(ArchiveError::Truncated)
    );
}

#[test]
fn archives_come_in_several_forms() {
    let long = format!("c/templates/{}.yaml", "x".repeat(300));
    for (form, bytes) in [
        ("two gzip members", {
            let tar = Archive::chart().tar();
            [gzip(&tar[..600]), gzip(&tar[600..])].concat().into()
        }),
        ("no end of the tar", gzip(&Archive::chart().tar()[..1024])),
        ("no padding at the end", gzip(&Archive::chart().tar()[..512 + CHART_YAML.len()])),
        ("rubbish behind the tar", gzip(&[Archive::chart().tar(), vec![1; 2000]].concat())),
        ("backslashes", Archive::default().file("c\\Chart.yaml", CHART_YAML).file("c\\templates\\a", "").pack()),
        ("a byte order mark", Archive::default().file("c/Chart.yaml", format!("\u{feff}{CHART_YAML}")).pack()),
        (
            "folders",
            Archive::default()
                .entry(EntryType::Directory, b"/x/..", b"", |_| {})
                .file("c/Chart.yaml", CHART_YAML)
                .pack(),
        ),
        ("a folder by its mode", {
            let folder = Archive::default().entry(EntryType::Regular, b"..", b"x", |header| header.set_mode(0o040_755));
            folder.file("c/Chart.yaml", CHART_YAML).pack()
        }),
        ("a folder by its name", {
            let folder =
                Archive::default().entry(EntryType::Regular, b"d/", b"", |header| header.as_old_mut().linkflag = [0]);
            folder.file("c/Chart.yaml", CHART_YAML).pack()
        }),
        ("a global header", {
            let note =
                Archive::default().entry(EntryType::XGlobalHeader, b"pax_global_header", b"14 comment=ab\n", |_| {});
            note.file("c/Chart.yaml", CHART_YAML).pack()
        }),
        ("a name in a PAX header", {
            Archive::default().pax(&[("path", b"c/Chart.yaml"), ("mtime", b"1.5")]).file("x", CHART_YAML).pack()
        }),
        ("a long name of GNU", {
            let name = [long.as_bytes(), b"\0"].concat();
            Archive::chart().entry(EntryType::GNULongName, b"././@LongLink", &name, |_| {}).file("x", "").pack()
        }),
        ("blank fields", {
            let blank = |header: &mut tar::Header| {
                header.as_old_mut().mode = *b"        ";
                header.as_old_mut().uid = [0; 8];
            };
            Archive::default().entry(EntryType::Regular, b"c/Chart.yaml", CHART_YAML.as_bytes(), blank).pack()
        }),
        ("a binary size", {
            let binary = |header: &mut tar::Header| {
                let mut size = [0; 12];
                size[0] = 0x80;
                size[11] = CHART_YAML.len() as u8;
                header.as_old_mut().size = size;
            };
            Archive::default().entry(EntryType::Regular, b"c/Chart.yaml", CHART_YAML.as_bytes(), binary).pack()
        }),
        ("extra files where Helm does not look", {
            Archive::chart().file("c/charts/_x", "").file("c/charts/.y/z", "").file("c/charts/d.tgz.prov", "x").pack()
        }),
    ] {
        let package = parse(bytes).unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(package.file_name(), "c-1.0.0.tgz", "{form}");
    }
}

/// Packages, and what Helm says to them.
type Refused = Vec<(Bytes, String)>;

fn refused(packages: impl IntoIterator<Item = (impl Into<Bytes>, impl Into<String>)>) -> Refused {
    packages.into_iter().map(|(package, sentence)| (package.into(), sentence.into())).collect()
}

fn no_archives() -> Refused {
    let tar = Archive::chart().tar();
    let whole = gzip(&tar);
    let mut header = tar.clone();
    header[0] ^= 1;
    let two_members = [&gzip(&[0; 512])[..], b"rubbish rubbish"].concat();
    refused([
        (Bytes::new(), "EOF"),
        (Bytes::from("x"), "unexpected EOF"),
        (Bytes::from("not a gzip file"), "gzip: invalid header"),
        (whole.slice(..20), "unexpected EOF"),
        (whole.slice(..whole.len() / 2), "unexpected EOF"),
        (gzip(b""), "no files in chart archive"),
        (gzip(&[0; 1024]), "no files in chart archive"),
        (gzip(b"short"), "unexpected EOF"),
        (gzip(&[b'x'; 600]), "archive/tar: invalid tar header"),
        (gzip(&tar[..520]), "unexpected EOF"),
        (gzip(&[&[0; 512][..], &[1; 512]].concat()), "archive/tar: invalid tar header"),
        (Archive::default().entry(EntryType::Directory, b"c/", b"", |_| {}).pack(), "no files in chart archive"),
        (gzip(&header), "archive/tar: invalid tar header"),
        (two_members.into(), "gzip: invalid header"),
    ])
}

#[test]
fn damaged_data_is_not_taken_for_something_else() {
    let mut damaged = Archive::chart().pack().to_vec();
    damaged[12] ^= 0xFF;
    assert!(matches!(parse(damaged).unwrap_err(), PackageError::Archive(ArchiveError::Corrupt | ArchiveError::NotTar)));
    let mut damaged = [&gzip(&[0; 512])[..], &gzip(&[0; 512])].concat();
    let first = damaged.len() / 2;
    damaged[first - 8] ^= 1;
    assert_eq!(parse(damaged).unwrap_err().to_string(), "gzip: invalid checksum");
}

#[test]
fn each_lie_is_refused_by_its_own_variant() {
    let chart = Archive::chart;
    let bytes = |text: &str| text.as_bytes().to_vec();
    assert_eq!(lie(&chart().file("x", "")), ArchiveError::OutsideBase(bytes("x")));
    assert_eq!(lie(&chart().file("/c/x", "")), ArchiveError::Absolute);
    assert_eq!(lie(&chart().file("c//etc/passwd", "")), ArchiveError::Absolute);
    assert_eq!(lie(&chart().file("c/../x", "")), ArchiveError::Parent);
    assert_eq!(lie(&chart().file("c\\..\\x", "")), ArchiveError::Parent);
    assert_eq!(lie(&chart().file("c/d:/x", "")), ArchiveError::Drive);
    assert_eq!(lie(&chart().pax(&[("path", b"c/\0x")]).file("c/x", "")), ArchiveError::Nul(bytes("c/\0x")));
    assert_eq!(lie(&Archive::default().file("Chart.yaml/x", "")), ArchiveError::ChartYamlAsFolder);
    assert_eq!(lie(&chart().file("d/x", "")), ArchiveError::TwoFolders { first: bytes("c"), second: bytes("d") });
    assert_eq!(lie(&chart().file("c/x\\y", "")), ArchiveError::TwoFolders { first: bytes("c"), second: bytes("c/x") });
    for kind in [EntryType::Symlink, EntryType::Link] {
        assert_eq!(lie(&chart().entry(kind, b"c/x", b"", |_| {})), ArchiveError::Link(bytes("c/x")), "{kind:?}");
    }
    for kind in [
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::GNUSparse,
        EntryType::new(b'D'),
        EntryType::new(b'Z'),
    ] {
        assert_eq!(lie(&chart().entry(kind, b"c/x", b"", |_| {})), ArchiveError::Special(bytes("c/x")), "{kind:?}");
    }
    let sparse = chart().pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0")]).file("c/x", "");
    assert_eq!(lie(&sparse), ArchiveError::Special(bytes("c/x")));
    assert_eq!(lie(&chart().pax(&[("size", b"5")]).file("c/x", "1234")), ArchiveError::TwoSizes(bytes("c/x")));
    assert_eq!(lie(&chart().pax(&[("size", b"x")]).file("c/x", "1234")), ArchiveError::NotTar);
    assert_eq!(lie(&chart().entry(EntryType::XHeader, b"x", b"rubbish", |_| {}).file("c/x", "")), ArchiveError::NotTar);
    assert_eq!(
        lie(&chart().file("c/./Chart.yaml", CHART_YAML)),
        ArchiveError::DuplicateChartYaml("Chart.yaml".to_owned())
    );
}

#[test]
fn two_versions_of_one_dependency_lie_in_one_folder_as_helm_packs_them() {
    let old = "apiVersion: v2\nname: d\nversion: 1.0.0\n";
    let new = "apiVersion: v2\nname: d\nversion: 2.0.0\n";
    let twice =
        |first, second| Archive::chart().file("c/charts/d/Chart.yaml", first).file("c/charts/d/Chart.yaml", second);
    assert!(parse(twice(old, new).pack()).is_ok());
    assert!(parse(twice(new, old).pack()).is_ok());
}

#[test]
fn each_limit_has_its_own_variant() {
    let chart = Archive::chart;
    let limits = Limits::default();
    let fail = |archive: &Archive, limits: &Limits| match Package::parse(archive.pack(), limits) {
        Err(PackageError::Archive(error)) => error,
        other => panic!("{other:?}"),
    };

    let large = |header: &mut tar::Header| header.set_size(5 * 1024 * 1024 + 1);
    let error = lie(&chart().entry(EntryType::Regular, b"c/x", b"", large));
    assert_eq!(error.to_string(), r#"decompressed chart file "c/x" is larger than the maximum file size 5242880"#);
    let larger = |header: &mut tar::Header| header.set_size(100 * 1024 * 1024 + 1);
    let error = lie(&chart().entry(EntryType::Regular, b"c/x", b"", larger));
    assert_eq!(error.to_string(), "decompressed chart is larger than the maximum file size 104857600");

    let small = Limits { unpacked_size: 1000, ..limits.clone() };
    assert!(Package::parse(chart().file("c/x", [0; 900]).pack(), &small).is_ok());
    assert_eq!(
        fail(&chart().file("c/x", [0; 500]).file("c/y", [0; 500]), &small),
        ArchiveError::TooLarge { limit: 1000 }
    );
    let exact = 1000 - CHART_YAML.len();
    assert_eq!(fail(&chart().file("c/x", vec![0; exact]), &small), ArchiveError::TooLarge { limit: 1000 });

    let few = Limits { entries: 3, ..limits.clone() };
    let folder = |archive: Archive| archive.entry(EntryType::Directory, b"c/", b"", |_| {});
    assert!(Package::parse(folder(folder(chart())).pack(), &few).is_ok());
    assert_eq!(fail(&folder(folder(folder(chart()))), &few), ArchiveError::TooManyEntries { limit: 3 });

    let name = [b"c/".as_slice(), &[b'x'; 1022]].concat();
    let long = |name: &[u8]| chart().entry(EntryType::GNULongName, b"././@LongLink", name, |_| {}).file("x", "");
    assert!(parse(long(&name).pack()).is_ok());
    assert_eq!(lie(&long(&[&name[..], b"x"].concat())), ArchiveError::LongPath { limit: 1024 });

    let zeros = vec![0; 3 * 1024 * 1024];
    assert_eq!(lie(&chart().file("c/x", &zeros)), ArchiveError::Ratio { limit: 200 });
    assert!(parse(chart().file("c/x", &zeros[..900_000]).pack()).is_ok());
    // headers, folders and skipped content count as well
    let padded = (0..4000).fold(chart(), |archive, _| folder(archive));
    assert_eq!(lie(&padded), ArchiveError::Ratio { limit: 200 });

    let nested =
        |depth: usize| chart().file(&format!("c/{}Chart.yaml", "charts/d/".repeat(depth)), "name: d\nversion: 1.0.0");
    assert!(matches!(parse(nested(16).pack()), Err(PackageError::SubChart { .. })));
    assert_eq!(fail(&nested(4), &Limits { subchart_depth: 3, ..limits.clone() }), ArchiveError::TooDeep { limit: 3 });

    // the noise makes up for what compresses too well
    let comment = format!("#{}", "x".repeat(1_000_000));
    let charts = (0..9).fold(chart().file("c/noise", noise(100_000)), |archive, number| {
        archive.file(&format!("c/charts/d{number}/Chart.yaml"), &comment)
    });
    assert_eq!(lie(&charts), ArchiveError::TooMuchMetadata { limit: 8 * 1024 * 1024 });
}

/// Bytes that do not compress, the same every time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(length)
    .collect()
}

#[test]
fn limits_count_over_sub_charts_and_archives_within() {
    let inner = Archive::default().file("d/Chart.yaml", "name: d\nversion: 1.0.0").file("d/x", noise(600_000));
    let outer = Archive::chart().file("c/charts/d.tgz", inner.pack()).file("c/charts/e.tgz", inner.pack());
    assert!(parse(outer.pack()).is_ok());
    let limits = Limits { unpacked_size: 1_900_000, ..Limits::default() };
    assert_eq!(
        Package::parse(outer.pack(), &limits).unwrap_err(),
        PackageError::Archive(ArchiveError::TooLarge { limit: 1_900_000 })
    );
    let limits = Limits { entries: 6, ..Limits::default() };
    assert_eq!(
        Package::parse(outer.pack(), &limits).unwrap_err(),
        PackageError::Archive(ArchiveError::TooManyEntries { limit: 6 })
    );
    // a bomb within a chart within a chart
    let bomb = Archive::default().file("e/Chart.yaml", "name: e\nversion: 1.0.0").file("e/x", vec![0; 4_000_000]);
    let inner = Archive::default().file("d/Chart.yaml", "name: d\nversion: 1.0.0").file("d/charts/e.tgz", bomb.pack());
    assert_eq!(lie(&Archive::chart().file("c/charts/d.tgz", inner.pack())), ArchiveError::Ratio { limit: 200 });
}

#[test]
fn metadata_for_an_index_is_limited_by_itself() {
    let limits = Limits { metadata_size: 100, ..Limits::default() };
    let chart = |length: usize| {
        Archive::default().file("c/Chart.yaml", format!("{CHART_YAML}description: {}", "x".repeat(length))).pack()
    };
    assert!(Package::parse(chart(30), &limits).is_ok());
    let error = Package::parse(chart(100), &limits).unwrap_err();
    assert_eq!(error.to_string(), "metadata has 165 bytes, more than the 100 that fit into an index");
    let large = Package::parse(chart(300_000), &Limits::default()).unwrap_err();
    assert!(matches!(large, PackageError::MetadataTooLarge { limit: 262_144, .. }), "{large}");
}

fn broken_files() -> Refused {
    let chart = Archive::chart;
    let sequence = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type";
    let packages: Vec<(Archive, String)> = vec![
        (Archive::default().file("c/values.yaml", ""), "Chart.yaml file is missing".to_owned()),
        (Archive::default().file("c/d/Chart.yaml", CHART_YAML), "Chart.yaml file is missing".to_owned()),
        (
            Archive::default().file("c/Chart.yaml", "a: b: c"),
            "cannot load Chart.yaml: error converting YAML to JSON: yaml: mapping values are not allowed in this context".to_owned(),
        ),
        (
            Archive::default().file("c/Chart.yaml", "\nname: [a]"),
            "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct field Metadata.name of type string".to_owned(),
        ),
        (Archive::default().file("c/Chart.yaml", "[]"), format!("cannot load Chart.yaml: {sequence} chart.Metadata")),
        (Archive::default().file("c/Chart.yaml", ""), "validation: chart.metadata.name is required".to_owned()),
        (
            chart().file("c/values.yaml", "[]"),
            format!("cannot load values.yaml: {sequence} map[string]interface {{}}"),
        ),
        (
            chart().file("c/values.yaml", "a: [\nb: c"),
            "cannot load values.yaml: error converting YAML to JSON: yaml: line 2: did not find expected ',' or ']'".to_owned(),
        ),
        (chart().file("c/Chart.lock", "[]"), format!("cannot load Chart.lock: {sequence} chart.Lock")),
        (chart().file("c/requirements.lock", "[]"), format!("cannot load requirements.lock: {sequence} chart.Lock")),
        (
            chart().file("c/requirements.yaml", "[]"),
            format!("cannot load requirements.yaml: {sequence} chart.Metadata"),
        ),
        (
            Archive::default().file("c/requirements.yaml", "name: a"),
            "validation: chart.metadata.apiVersion is required".to_owned(),
        ),
        (Archive::default().file("c/requirements.lock", ""), "validation: chart.metadata.apiVersion is required".to_owned()),
        // Chart.yaml comes first wherever it stands, the others as they stand
        (
            Archive::default().file("c/values.yaml", "[]").file("c/Chart.yaml", "[]"),
            format!("cannot load Chart.yaml: {sequence} chart.Metadata"),
        ),
        (
            chart().file("c/values.yaml", "[]").file("c/Chart.lock", "[]"),
            format!("cannot load values.yaml: {sequence} map[string]interface {{}}"),
        ),
        (
            chart().file("c/charts/d/Chart.yaml", "[]").file("c/values.yaml", "[]"),
            format!("cannot load values.yaml: {sequence} map[string]interface {{}}"),
        ),
    ];
    refused(packages.iter().map(|(archive, sentence)| (archive.pack(), sentence.as_str())))
}

#[test]
fn requirements_are_decoded_over_the_metadata() {
    let chart_yaml = "apiVersion: v1\nname: c\nversion: 1.0.0\n";
    let requirements = "dependencies:\n- name: d\n  version: 1.10\n  repository: http://e\nversion: 2.0.0\n";
    for archive in [
        Archive::default().file("c/Chart.yaml", chart_yaml).file("c/requirements.yaml", requirements),
        Archive::default().file("c/requirements.yaml", requirements).file("c/Chart.yaml", chart_yaml),
    ] {
        let package = parse(archive.pack()).unwrap();
        assert_eq!(
            package.metadata_json(),
            r#"{"name":"c","version":"2.0.0","apiVersion":"v1","dependencies":[{"name":"d","version":"1.1","repository":"http://e"}]}"#
        );
        assert_eq!(package.version().as_str(), "2.0.0");
    }
}

fn broken_subcharts() -> Refused {
    let chart = Archive::chart;
    let sub = "name: d\nversion: 1.0.0";
    let inner = |archive: Archive| archive.pack();
    let good = Archive::default().file("d/Chart.yaml", sub);
    refused([

        (chart().file("c/charts/README.md", ""), "error unpacking subchart README.md in c: Chart.yaml file is missing"),
        (chart().file("c/charts/d/values.yaml", ""), "error unpacking subchart d in c: Chart.yaml file is missing"),
        (
            chart().file("c/charts/d/Chart.yaml", "name: d"),
            "error unpacking subchart d in c: validation: chart.metadata.version is required",
        ),
        (
            chart().file("c/charts/d/Chart.yaml", sub).file("c/charts/d/charts/e/Chart.yaml", "name: e"),
            "error unpacking subchart d in c: error unpacking subchart e in d: validation: chart.metadata.version is required",
        ),
        (chart().file("c/charts/d.tgz", "x"), "error unpacking subchart d.tgz in c: unexpected EOF"),
        (chart().file("c/charts/d.tgz", ""), "error unpacking subchart d.tgz in c: EOF"),
        (
            chart().file("c/charts/d.tgz", "some other file"),
            "error unpacking subchart d.tgz in c: gzip: invalid header",
        ),
        (chart().file("c/charts/d.tgz/x", "x"), "error unpacking subchart tar in c: expected d.tgz, got d.tgz/x"),
        (
            chart().file("c/charts/d.tgz", inner(Archive::default().file("d/values.yaml", ""))),
            "error unpacking subchart d.tgz in c: Chart.yaml file is missing",
        ),
        (
            chart().file("c/charts/d.tgz", inner(good.clone().file("d/charts/e/x", ""))),
            "error unpacking subchart d.tgz in c: error unpacking subchart e in d: Chart.yaml file is missing",
        ),
        // the chart itself is looked at first
        (
            Archive::default().file("c/charts/d.tgz", "x").file("c/Chart.yaml", "name: c"),
            "validation: chart.metadata.version is required",
        ),
    ]
    .map(|(archive, sentence)| (archive.pack(), sentence)))
}

#[test]
fn refusals_are_in_helms_words() {
    let packages: Refused = no_archives().into_iter().chain(broken_files()).chain(broken_subcharts()).collect();
    for (bytes, sentence) in &packages {
        assert_eq!(parse(bytes.clone()).unwrap_err().to_string(), *sentence, "{bytes:?}");
    }
    let line = |bytes: &Bytes| format!("{}\n", serde_json::json!({"name": "", "bytes": go::base64(bytes)}));
    let input: String = packages.iter().map(|(bytes, _)| line(bytes)).collect();
    let Some(output) = go::run("refusals_are_in_helms_words", "./charts", input.as_bytes()) else { return };
    let lines = std::str::from_utf8(&output).unwrap().lines();
    let said: Vec<serde_json::Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.len(), packages.len());
    for ((bytes, sentence), said) in packages.iter().zip(&said) {
        assert_eq!(said["error"].as_str(), Some(sentence.as_str()), "{bytes:?}");
    }
}

#[test]
fn sub_charts_may_look_odd() {
    let chart = Archive::chart;
    let good = Archive::default().file("d/Chart.yaml", "name: d\nversion: 1.0.0");
    let marked = [b"\xEF\xBB\xBF".as_slice(), &good.pack()].concat();
    assert!(parse(chart().file("c/charts/d.tgz", marked).pack()).is_ok());
    // the first of two wins, and files behind an archive of the same name are nobody's
    let twice = chart().file("c/charts/d.tgz", good.pack()).file("c/charts/d.tgz", "x").file("c/charts/d.tgz/y", "");
    assert!(parse(twice.pack()).is_ok());
    // an outer archive that ends within an inner one is not the inner one's fault
    let tar = chart().file("c/charts/d.tgz", good.pack()).tar();
    assert_eq!(parse(gzip(&tar[..1600])).unwrap_err().to_string(), "unexpected EOF");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(bytes).is_err());
    }

    #[test]
    fn tar_headers_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1500), at in 0usize..512, byte: u8) {
        let _ = parse(gzip(&bytes));
        // a real archive with one byte changed and a checksum that fits
        let change = |header: &mut tar::Header| header.as_mut_bytes()[at] = byte;
        let archive = Archive::chart().entry(EntryType::Regular, b"c/values.yaml", b"a: b", change);
        let _ = parse(archive.pack());
    }

    #[test]
    fn damaged_packages_never_panic(at in 0usize..400, byte: u8) {
        let mut bytes = Archive::chart().file("c/values.yaml", noise(100)).pack().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = parse(bytes);
    }

    #[test]
    fn a_chart_that_was_built_parses_back(
        name in "[a-z][a-z0-9-]{0,20}",
        version in (0u32..100, 0u32..100, 0u32..100, proptest::option::of("[a-z][a-z0-9]{0,8}")),
        description in "[ -~é日]{0,60}",
        keywords in proptest::collection::vec("[ -~]{1,20}", 0..5),
        annotations in proptest::collection::btree_map("[a-z./]{1,20}", "[ -~]{0,20}", 0..5),
    ) {
        let (major, minor, patch, pre) = version;
        let version = format!("{major}.{minor}.{patch}{}", pre.map(|pre| format!("-{pre}")).unwrap_or_default());
        let chart_yaml = serde_yaml::to_string(&serde_json::json!({
            "apiVersion": "v2", "name": name, "version": version, "description": format!("d{description}"),
            "keywords": keywords.iter().map(|keyword| format!("k{keyword}")).collect::<Vec<_>>(),
            "annotations": annotations.iter().map(|(key, value)| (format!("a{key}"), format!("v{value}"))).collect::<std::collections::BTreeMap<_, _>>(),
        })).unwrap();
        // names such as `on` are booleans to Helm, and the emitter does not know
        prop_assume!(!["y", "n", "on", "off", "yes", "no"].contains(&name.as_str()));
        let bytes = Archive::default().file(&format!("{name}/Chart.yaml"), &chart_yaml).pack();
        let package = parse(bytes).unwrap();
        prop_assert_eq!(package.file_name(), format!("{name}-{version}.tgz"));
        let metadata = package.metadata();
        prop_assert_eq!(&metadata.description, &format!("d{description}"));
        let expected: Vec<_> = keywords.iter().map(|keyword| format!("k{keyword}")).collect();
        prop_assert_eq!(&metadata.keywords, &expected);
        prop_assert_eq!(metadata.annotations.len(), annotations.len());
        let read: chart::Metadata = serde_json::from_str(&package.metadata_json()).unwrap();
        prop_assert_eq!(&read, metadata);
    }
}
