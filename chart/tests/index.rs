//! Documents stitched from pages, as their readers see them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read as _;

use bytes::Bytes;
use chart::Digest;
use chart::index::{Body, Document, Entry, Format, Head, Page};
use flate2::bufread::GzDecoder;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

const FORMATS: [Format; 2] = [Format::Json, Format::Yaml];

fn text(body: &Body) -> String {
    let bytes = body.frames.concat();
    assert_eq!(bytes.len() as u64, body.length);
    String::from_utf8(bytes).unwrap()
}

/// What the one gzip member holds. Fails on anything behind it.
fn unzip(body: &Body) -> String {
    let bytes = body.frames.concat();
    assert_eq!(bytes.len() as u64, body.length);
    let mut decoder = GzDecoder::new(&bytes[..]);
    let mut text = String::new();
    decoder.read_to_string(&mut text).unwrap();
    assert!(decoder.into_inner().is_empty(), "more than one member");
    text
}

/// The text of a document, after checking that its two forms agree.
fn whole(document: &Document) -> String {
    let identity = text(&document.identity);
    assert_eq!(unzip(document.gzip.as_ref().unwrap()), identity);
    identity
}

fn head(context_path: &str) -> Head<'_> {
    Head { generated: "2026-02-03T04:05:06.789Z".parse().unwrap(), context_path }
}

/// Entries own their metadata here; pages borrow it.
#[derive(Debug, Clone)]
struct Chart {
    name: String,
    entries: Vec<(String, String, i64)>,
}

impl Chart {
    fn new(name: &str, versions: &[&str]) -> Self {
        let entry = |version: &&str| {
            let metadata = format!(r#"{{"name":"{name}","version":"{version}","apiVersion":"v2"}}"#);
            (metadata, format!("charts/{name}-{version}.tgz"), 1_700_000_000)
        };
        Self { name: name.to_owned(), entries: versions.iter().map(entry).collect() }
    }

    fn entries(&self) -> Vec<Entry<'_>> {
        fn entry((metadata, url, created): &(String, String, i64)) -> Entry<'_> {
            let created = Timestamp::from_second(*created).unwrap();
            Entry { metadata, url, created, digest: Digest::of(url.as_bytes()) }
        }
        self.entries.iter().map(entry).collect()
    }
}

fn page(format: Format, charts: &[Chart]) -> Page {
    let charts: Vec<_> = charts.iter().map(|chart| (chart.name.as_str(), chart.entries())).collect();
    Page::of_charts(format, &charts)
}

#[test]
fn an_index_is_laid_out_as_helm_expects() {
    let digest = |url: &str| Digest::of(url.as_bytes());
    let pages =
        |format| [page(format, &[Chart::new("a", &["2.0.0", "1.0.0"])]), page(format, &[Chart::new("b", &["0.1"])])];
    let json = whole(&Document::index(Format::Json, &head(""), &pages(Format::Json)));
    assert_eq!(
        json,
        format!(
            concat!(
                r#"{{"apiVersion":"v1","generated":"2026-02-03T04:05:06.789Z","entries":{{"#,
                r#""a":[{{"name":"a","version":"2.0.0","apiVersion":"v2","urls":["charts/a-2.0.0.tgz"],"#,
                r#""created":"2023-11-14T22:13:20Z","digest":"{}"}},"#,
                r#"{{"name":"a","version":"1.0.0","apiVersion":"v2","urls":["charts/a-1.0.0.tgz"],"#,
                r#""created":"2023-11-14T22:13:20Z","digest":"{}"}}],"#,
                r#""b":[{{"name":"b","version":"0.1","apiVersion":"v2","urls":["charts/b-0.1.tgz"],"#,
                r#""created":"2023-11-14T22:13:20Z","digest":"{}"}}]}},"serverInfo":{{}}}}"#,
            ),
            digest("charts/a-2.0.0.tgz"),
            digest("charts/a-1.0.0.tgz"),
            digest("charts/b-0.1.tgz")
        )
    );
    let yaml = whole(&Document::index(Format::Yaml, &head("/x/y"), &pages(Format::Yaml)));
    let entry = |name: &str, version: &str| {
        let url = format!("charts/{name}-{version}.tgz");
        format!(
            concat!(
                "  - apiVersion: \"v2\"\n    created: \"2023-11-14T22:13:20Z\"\n    digest: \"{}\"\n",
                "    name: \"{}\"\n    urls:\n    - \"{}\"\n    version: \"{}\"\n"
            ),
            digest(&url),
            name,
            url,
            version
        )
    };
    assert_eq!(
        yaml,
        format!(
            concat!(
                "apiVersion: \"v1\"\nentries:\n  \"a\":\n{}{}  \"b\":\n{}",
                "generated: \"2026-02-03T04:05:06.789Z\"\nserverInfo:\n  contextPath: \"/x/y\"\n"
            ),
            entry("a", "2.0.0"),
            entry("a", "1.0.0"),
            entry("b", "0.1")
        )
    );
}

#[test]
fn an_empty_repository_has_an_empty_map() {
    let nothing = [
        Page::of_charts(Format::Json, &[]),
        Page::of_charts(Format::Json, &[("a", vec![])]),
        Page::of_part(Format::Json, "b", &[]),
    ];
    for pages in [&nothing[..], &[]] {
        assert_eq!(whole(&Document::listing(pages)), "{}");
        assert_eq!(
            whole(&Document::index(Format::Json, &head("/c"), pages)),
            concat!(
                r#"{"apiVersion":"v1","generated":"2026-02-03T04:05:06.789Z","entries":{},"#,
                r#""serverInfo":{"contextPath":"/c"}}"#
            )
        );
        assert_eq!(
            whole(&Document::index(Format::Yaml, &head(""), pages)),
            "apiVersion: \"v1\"\nentries: {}\ngenerated: \"2026-02-03T04:05:06.789Z\"\nserverInfo: {}\n"
        );
    }
    let view = [("a".to_owned(), vec![])];
    assert!(text(&Document::view(Format::Json, &head(""), &view).identity).contains(r#""entries":{}"#));
    assert!(text(&Document::view(Format::Yaml, &head(""), &view).identity).contains("entries: {}\n"));
}

#[test]
fn tags_change_with_all_that_is_said() {
    let one = [page(Format::Yaml, &[Chart::new("a", &["1.0.0"])])];
    let other = [page(Format::Yaml, &[Chart::new("a", &["1.0.1"])])];
    let mut later = head("");
    later.generated = "2026-02-03T04:05:07Z".parse().unwrap();
    let part = [Page::of_part(Format::Yaml, "a", &Chart::new("a", &["1.0.0"]).entries())];
    let named = [Page::of_part(Format::Yaml, "b", &Chart::new("a", &["1.0.0"]).entries())];
    let documents = [
        Document::index(Format::Json, &head(""), &one),
        Document::index(Format::Yaml, &head(""), &one),
        Document::index(Format::Json, &head("/a"), &one),
        Document::index(Format::Json, &later, &one),
        Document::index(Format::Json, &head(""), &other),
        Document::index(Format::Json, &head(""), &part),
        Document::index(Format::Json, &head(""), &named),
        Document::listing(&one),
        Document::listing(&other),
        Document::view(Format::Json, &head(""), &one[0].charts()),
        Document::view(Format::Yaml, &head(""), &one[0].charts()),
        Document::view(Format::Json, &head(""), &other[0].charts()),
    ];
    let mut tags: Vec<_> = documents.iter().flat_map(|document| [&document.etag, &document.etag_gzip]).collect();
    assert!(tags.iter().all(|tag| tag.starts_with('"') && tag.ends_with('"') && tag.len() >= 34));
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 2 * documents.len());
    assert_eq!(documents[0].etag, Document::index(Format::Json, &head(""), &one).etag);
    assert_eq!(documents[0].etag.trim_end_matches('"'), documents[0].etag_gzip.trim_end_matches("-gzip\""));
}

#[test]
fn long_pages_are_shared_and_short_ones_joined() {
    let versions: Vec<_> = (0..1024).map(|patch| format!("1.0.{patch}")).collect();
    let versions: Vec<_> = versions.iter().map(String::as_str).collect();
    let long = page(Format::Json, &[Chart::new("long", &versions)]);
    let short = page(Format::Json, &[Chart::new("short", &["1.0.0"])]);
    let document = Document::index(Format::Json, &head(""), &[long.clone(), short.clone()]);
    assert_eq!(document.identity.frames.len(), 3);
    let entry = &long.charts()[0].1[0];
    let frame = &document.identity.frames[1];
    assert!(frame.as_ptr_range().contains(&entry.as_ptr()), "the page's own memory");
    assert_eq!(Document::index(Format::Json, &head(""), &[short]).identity.frames.len(), 1);
}

#[test]
fn entries_are_found_by_chart() {
    let page = page(Format::Json, &[Chart::new("a", &["2.0.0", "1.0.0"]), Chart::new("b", &["3.0.0"])]);
    let entries = page.entries_of("a");
    let versions: Vec<_> =
        entries.iter().map(|entry| serde_json::from_slice::<Value>(entry).unwrap()["version"].clone()).collect();
    assert_eq!(versions, ["2.0.0", "1.0.0"]);
    assert_eq!(page.charts(), [("a".to_owned(), entries.clone()), ("b".to_owned(), page.entries_of("b"))]);
    let array = text(&Body::array(&[page.run_of("a").unwrap(), page.run_of("b").unwrap()]));
    assert_eq!(serde_json::from_str::<Vec<Value>>(&array).unwrap().len(), 3);
    assert_eq!(text(&Body::from(entries[0].clone())), String::from_utf8_lossy(&entries[0]));
    assert_eq!(page.run_of("c"), None);
    assert!(page.entries_of("c").is_empty());
}

#[test]
fn a_stored_page_comes_back_whole_or_not_at_all() {
    for format in FORMATS {
        for page in [
            page(format, &[Chart::new("a", &["2.0.0", "1.0.0"]), Chart::new("b", &["3.0.0"])]),
            Page::of_part(format, "é\u{85}", &Chart::new("a", &["1.0.0"]).entries()),
            Page::of_charts(format, &[]),
        ] {
            let stored = page.to_stored();
            let back = Page::from_stored(stored.clone().into()).unwrap();
            assert_eq!(back.hash(), page.hash());
            assert_eq!(back.charts(), page.charts());
            assert_eq!(back.to_stored(), stored);
            for format in FORMATS {
                let index = |page: &Page| Document::index(format, &head(""), std::slice::from_ref(page));
                assert_eq!(whole(&index(&back)), whole(&index(&page)));
                assert_eq!(index(&back).etag, index(&page).etag);
            }
            for length in 0..stored.len() {
                assert!(Page::from_stored(Bytes::copy_from_slice(&stored[..length])).is_none(), "cut at {length}");
            }
            for at in 0..stored.len() {
                let mut changed = stored.clone();
                changed[at] ^= 0x10;
                assert!(Page::from_stored(changed.into()).is_none(), "changed at {at}");
            }
            assert!(Page::from_stored([stored, vec![0]].concat().into()).is_none());
        }
    }
}

/// A stored page whose checksum is right and whose content lies.
#[test]
fn a_stored_page_that_lies_is_refused() {
    let stored = page(Format::Json, &[Chart::new("a", &["1.0.0"])]).to_stored();
    let line = stored.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let header_at = line + 12;
    let header_length = u64::from_le_bytes(stored[line + 4..header_at].try_into().unwrap()) as usize;
    let header = String::from_utf8(stored[header_at..header_at + header_length].to_vec()).unwrap();
    let with_header = |header: &str| {
        let mut rest = (header.len() as u64).to_le_bytes().to_vec();
        rest.extend_from_slice(header.as_bytes());
        rest.extend_from_slice(&stored[header_at + header_length..]);
        let mut out = stored[..line].to_vec();
        out.extend_from_slice(&crc32fast::hash(&rest).to_le_bytes());
        out.extend_from_slice(&rest);
        Page::from_stored(out.into())
    };
    assert!(with_header(&header).is_some());
    let (start, end) = header.split_once("[[5,").unwrap();
    for lie in [
        header.replace("[[5,", "[[500000,"),
        header.replace("[[5,", "[[5,6],[5,"),
        format!("{start}[[5,1{end}"),
        header.replace("\"json\":[", "\"json\":[1"),
        header.replace("\"json\":[", "\"json\":[18446744073709551615,18446744073709551615],\"x\":["),
        header.replace("{", "{{"),
    ] {
        assert_ne!(lie, header);
        assert!(with_header(&lie).is_none(), "{lie}");
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "\\PC{0,12}",
        proptest::collection::vec(any::<char>(), 0..12).prop_map(|characters| characters.into_iter().collect())
    ]
}

fn any_chart() -> impl Strategy<Value = Chart> {
    let entry = (any_text(), any_text(), 0_i64..4_000_000_000).prop_map(|(description, url, created)| {
        let metadata = serde_json::json!({"name": "n", "description": description, "annotations": {url.as_str(): ""}});
        (chart::index::to_json(&metadata), url, created)
    });
    (any_text(), proptest::collection::vec(entry, 1..12)).prop_map(|(name, entries)| Chart { name, entries })
}

/// Cuts charts into pages: `cuts` says after how many entries or charts the next page begins.
fn cut(format: Format, charts: &[Chart], cuts: &[usize]) -> Vec<Page> {
    let mut cuts = cuts.iter().copied().cycle();
    let (mut pages, mut group) = (Vec::new(), Vec::new());
    for chart in charts {
        let size = cuts.next().unwrap();
        if size == 0 {
            group.push(chart.clone());
            continue;
        }
        pages.push(page(format, &group));
        group.clear();
        for part in chart.entries().chunks(size) {
            pages.push(Page::of_part(format, &chart.name, part));
        }
    }
    pages.push(page(format, &group));
    pages
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_pages_are_cut_the_text_is_the_same(
        mut charts in proptest::collection::vec(any_chart(), 0..10),
        cuts in proptest::collection::vec(0_usize..5, 1..6),
    ) {
        charts.sort_by(|one, other| one.name.cmp(&other.name));
        charts.dedup_by(|one, other| one.name == other.name);
        let mut values = Vec::new();
        for format in FORMATS {
            let together = [page(format, &charts)];
            let apart = cut(format, &charts, &cuts);
            let made_for_json = cut(Format::Json, &charts, &cuts);
            let index = whole(&Document::index(format, &head("/p"), &apart));
            prop_assert_eq!(&index, &whole(&Document::index(format, &head("/p"), &together)));
            prop_assert_eq!(&index, &whole(&Document::index(format, &head("/p"), &made_for_json)));
            prop_assert_eq!(&index, &text(&Document::view(format, &head("/p"), &together[0].charts()).identity));
            prop_assert_eq!(whole(&Document::listing(&apart)), whole(&Document::listing(&together)));

            let listing: Value = serde_json::from_str(&whole(&Document::listing(&apart))).unwrap();
            let value: Value = serde_yaml::from_str(&index).unwrap();
            prop_assert_eq!(&value["entries"], &listing);
            prop_assert_eq!(listing.as_object().unwrap().len(), charts.len());
            values.push(value);
        }
        prop_assert_eq!(&values[0], &values[1]);
    }
}
