//! Whatever an upload is, reading it takes little more memory than its body. A binary of its own, since it counts what
//! all its threads allocate.

mod archives;

use archives::{Archive, CHART_YAML};
use bytes::Bytes;
use chart::{Limits, Package};
use peak_alloc::PeakAlloc;
use tar::EntryType;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What parsing may take beyond the body, with default limits.
const LIMIT: usize = 64 * 1024 * 1024;

/// A file of Helm's largest size.
const FILE: usize = 5 * 1024 * 1024;

/// The largest metadata file that is read.
const METADATA: usize = 1024 * 1024;

fn noise(length: usize) -> Vec<u8> {
    let mut state = 1u64;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(length)
    .collect()
}

/// A chart whose body is large enough for so many bytes of content.
fn chart(content: usize) -> Archive {
    Archive::default().file("c/noise", noise(content / 150))
}

fn fill(length: usize, line: &str) -> String {
    line.repeat(length / line.len())
}

fn numbered(length: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0.. {
        let line = line(number);
        if text.len() + line.len() > length {
            break;
        }
        text.push_str(&line);
    }
    text
}

/// Files of one chart that cost their reader as much as possible.
fn hostile_values() -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let texts = [
        ("many items", format!("a: [{}]", fill(FILE - 10, "0,"))),
        ("many maps", format!("a: [{}]", fill(FILE - 10, "{},"))),
        ("many pairs", format!("a: [{}]", fill(FILE - 10, "a: b,"))),
        ("many pairs in braces", format!("{{{}}}", fill(FILE - 10, "a: b,"))),
        ("many lines", fill(FILE, "a: b\n")),
        ("many questions", fill(FILE, "? a\n")),
        ("many dashes", format!("a:\n{}", fill(FILE - 10, "-\n"))),
        ("one word", format!("a: {}", "x".repeat(FILE - 10))),
        ("one quoted text", format!("a: \"{}\"", "x".repeat(FILE - 10))),
        ("escapes", format!("a: \"{}\"", fill(FILE - 10, "\\P"))),
        ("one block", format!("a: |\n  {}", "x".repeat(FILE - 10))),
        ("a block of lines", format!("a: |\n{}", fill(FILE - 10, "  x\n"))),
        ("a block of nothing", format!("a: |+\n{}", "\n".repeat(FILE - 10))),
        ("a folded text", format!("a: >\n{}", fill(FILE - 10, "  x\n\n"))),
        ("a text of many lines", format!("a:\n{}", fill(FILE - 10, " x\n"))),
        ("a text with blank lines", format!("a: x{}y", "\n ".repeat(FILE / 2 - 10))),
        ("blanks", format!("a: x{}y", " ".repeat(FILE - 10))),
        ("a comment", format!("#{}", "x".repeat(FILE - 10))),
        ("many keys", numbered(FILE, |number| format!("k{number}: {number}\n"))),
        ("many anchors", numbered(FILE, |number| format!("- &a{number} x\n"))),
        ("few anchors, many aliases", format!("a: &a [b]\nc: [{}]", fill(FILE - 30, "*a,"))),
        ("many tags", format!("a:\n{}", fill(FILE - 10, "- !!str x\n"))),
        ("a long tag", format!("a: !{} x", "t".repeat(FILE - 10))),
        ("many directives", numbered(FILE, |number| format!("%TAG !a{number}! x\n"))),
        ("brackets", "[".repeat(FILE)),
        ("indentation", numbered(FILE, |number| format!("{}a:\n", " ".repeat(number)))),
    ];
    let mut files: Vec<_> = texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    files.push(("UTF-16", [&b"\xFF\xFE"[..], &utf16(&format!("a: {}", "\u{20AC}".repeat(FILE / 2 - 10)))].concat()));
    files.push(("invalid", vec![0xFF; FILE]));
    files
}

fn hostile_metadata() -> Vec<(&'static str, String)> {
    vec![
        ("many keywords", format!("keywords: [{}]", fill(199_000, "k,"))),
        ("too many keywords", format!("keywords: [{}]", fill(METADATA - 20, "k,"))),
        ("many dependencies", format!("dependencies: [{}]", fill(290_000, "{},"))),
        ("many maintainers", format!("maintainers: [{}]", fill(290_000, "{},"))),
        (
            "many named dependencies",
            numbered(480_000, |number| match number {
                0 => "dependencies:\n".to_owned(),
                _ => format!("- name: d{number}\n"),
            }),
        ),
        (
            "many annotations",
            numbered(570_000, |number| match number {
                0 => "annotations:\n".to_owned(),
                _ => format!("  a{number}: b\n"),
            }),
        ),
        ("unknown maps", format!("x: [{}]", fill(230_000, "{a: b},"))),
        ("deep maps", format!("x: [{}]", fill(250_000, "{a: {a: {a: {a: {}}}}},"))),
        ("imports", format!("dependencies: [{{import-values: [{}]}}]", fill(230_000, "{a: b},"))),
        ("aliases", format!("a: &a [{}]\nkeywords: *a\nsources: *a\nx: *a", fill(49_000, "k,"))),
        ("aliases of a long text", format!("a: &a {}\nx: [*a, *a, *a]", "x".repeat(METADATA / 5))),
        ("a long text", format!("description: \"{}\"", "\\u0001".repeat(METADATA / 6 - 10))),
        ("quotes in a long text", format!("description: '{}'", "\"".repeat(METADATA - 40))),
    ]
}

fn subcharts(path: impl Fn(usize) -> String, count: usize, text: &str) -> Archive {
    (0..count).fold(chart(count * text.len().max(2048)).file("c/Chart.yaml", CHART_YAML), |archive, number| {
        archive.file(&path(number), text)
    })
}

fn hostile_packages() -> Vec<(String, Bytes)> {
    let mut packages = Vec::new();
    for (name, text) in hostile_values() {
        let archive = chart(FILE).file("c/Chart.yaml", CHART_YAML).file("c/values.yaml", &text);
        packages.push((format!("values.yaml: {name}"), archive.pack()));
    }
    for (name, text) in hostile_metadata() {
        for file in ["Chart.yaml", "requirements.yaml", "Chart.lock"] {
            let archive = chart(FILE).file(&format!("c/{file}"), format!("name: c\nversion: 1.0.0\n{text}"));
            packages.push((format!("{file}: {name}"), archive.pack()));
        }
    }
    let large = format!("name: d\nversion: 1.0.0\nkeywords: [{}]\n#{}", fill(190_000, "k,"), "x".repeat(300_000));
    let nested = |number: usize| format!("c/{}Chart.yaml", "charts/d/".repeat(number + 1));
    packages.push(("charts within charts".to_owned(), subcharts(nested, 16, &large).pack()));
    packages.push((
        "charts beside charts".to_owned(),
        subcharts(|number| format!("c/charts/d{number}/Chart.yaml"), 16, &large).pack(),
    ));
    packages.push((
        "too much metadata".to_owned(),
        subcharts(|number| format!("c/charts/d{number}/Chart.yaml"), 40, &large).pack(),
    ));
    packages.push((
        "many charts with long names".to_owned(),
        subcharts(|number| format!("c/charts/{number}{}/x", "d".repeat(1000)), 9000, "").pack(),
    ));
    packages.push((
        "many templates".to_owned(),
        subcharts(|number| format!("c/templates/{number}"), 19, &"x".repeat(FILE)).pack(),
    ));
    let archive = (0..16).fold(Archive::default().file("d/Chart.yaml", &large), |inner, _| {
        let packed = inner.pack();
        Archive::default().file("d/Chart.yaml", &large).file("d/noise", noise(10_000)).file("d/charts/d.tgz", packed)
    });
    packages.push(("archives within archives".to_owned(), archive.pack()));
    let extension = vec![b'x'; 1024 * 1024];
    let archive = (0..90).fold(chart(90 * extension.len()), |archive, _| {
        archive.entry(EntryType::GNULongName, b"x", &extension, |_| {})
    });
    packages.push(("extended headers".to_owned(), archive.file("c/Chart.yaml", CHART_YAML).pack()));
    packages
}

#[test]
fn parsing_takes_less_than_64_mib_beyond_the_body() {
    // what the first use of anything allocates is not the upload's
    Package::parse(Archive::chart().pack(), &Limits::default()).unwrap();
    let mut largest = (0, String::new());
    let mut accepted = 0;
    for (name, body) in hostile_packages() {
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        let parsed = Package::parse(body, &Limits::default());
        let taken = ALLOCATED.peak_usage() - before;
        let result = match &parsed {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string().chars().take(100).collect(),
        };
        println!("{:6.1} MiB  {name}: {result}", taken as f64 / 1024.0 / 1024.0);
        accepted += usize::from(parsed.is_ok());
        assert!(taken < LIMIT, "{name} takes {taken} bytes");
        if taken > largest.0 {
            largest = (taken, name);
        }
    }
    // else nothing was measured
    assert!(largest.0 > 10 * 1024 * 1024, "{largest:?}");
    assert!(accepted > 15, "{accepted}");
}
