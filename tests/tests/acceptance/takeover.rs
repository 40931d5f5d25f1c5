//! ChartMuseum's folder taken over, and handed back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use acceptance::{Chart, ChartBuilder, Index, Launch, PLACED, Server};
use serde_json::{Value, json};

/// A folder as ChartMuseum leaves it at depth 1, with everything that it tolerates.
struct Museum {
    /// Served charts: repository, file, chart.
    charts: Vec<(&'static str, &'static str, Chart)>,
}

impl Museum {
    fn new() -> Self {
        let odd = |name: &str, version: &str, yaml: &str| ChartBuilder::new(name, version).chart_yaml(yaml).build();
        let charts = vec![
            ("org", "web-1.0.0.tgz", Chart::new("web", "1.0.0")),
            ("org", "web-1.1.0-rc.1.tgz", Chart::new("web", "1.1.0-rc.1")),
            ("org", "web-1.1.0+build.5.tgz", Chart::new("web", "1.1.0+build.5")),
            // loose versions and names that only a file system minds
            ("org", "My Chart-v1.2.tgz", Chart::new("My Chart", "v1.2")),
            ("org", "UPPER_case-1.tgz", Chart::new("UPPER_case", "1")),
            ("org", "plätzchen-0.1.0.tgz", Chart::new("plätzchen", "0.1.0")),
            // YAML 1.1: the name is true and the version 1.1
            ("org", "true-1.1.tgz", odd("true", "1.1", "name: y\nversion: 1.10\n")),
            // file names of people's choice: no version, several dots, another name
            ("org", "plain.tgz", Chart::new("plain", "3.0.0")),
            ("org", "some.thing.else.tgz", Chart::new("else", "2.0.0")),
            ("org", "liar-9.9.9.tgz", Chart::new("honest", "1.0.0")),
            ("org", ".hidden.tgz", Chart::new("hidden", "1.0.0")),
            ("other", "web-1.0.0.tgz", ChartBuilder::new("web", "1.0.0").file("README.md", "another").build()),
        ];
        Self { charts }
    }

    fn chart(&self, file: &str) -> &Chart {
        &self.charts.iter().find(|(_, known, _)| *known == file).unwrap().2
    }

    fn fill(&self, launch: &Launch) {
        for (repository, file, chart) in &self.charts {
            launch.place(&format!("{repository}/{file}"), &chart.bytes);
        }
        launch.place("org/web-1.0.0.tgz.prov", self.chart("web-1.0.0.tgz").provenance().as_bytes());
        launch.place("org/lone-1.0.0.tgz.prov", Chart::new("lone", "1.0.0").provenance().as_bytes());
        launch.place("org/copy of web.tgz", &ChartBuilder::new("web", "1.0.0").file("x", "other").build().bytes);
        for (file, garbage) in [("garbage-1.0.0.tgz", &b"no archive"[..]), ("empty-1.0.0.tgz", b"")] {
            launch.place(&format!("org/{file}"), garbage);
        }
        for stray in ["org/README.md", "org/web-2.0.0.TGZ", "org/web-2.0.0.tar.gz", "org/index.yaml", "top.txt"] {
            launch.place(stray, b"a stray");
        }
        // of another depth
        launch.place("org/team/deep-1.0.0.tgz", &Chart::new("deep", "1.0.0").bytes);
        launch.place("shallow-1.0.0.tgz", &Chart::new("shallow", "1.0.0").bytes);
        let web = self.chart("web-1.0.0.tgz");
        launch.place("org/index-cache.yaml", cached_index(web).as_bytes());
    }
}

/// As ChartMuseum writes it, one entry true, one of other bytes, one damaged.
fn cached_index(web: &Chart) -> String {
    let digest = &web.digest;
    let other = "0".repeat(64);
    format!(
        "apiVersion: v1\nentries:\n  plain:\n  - apiVersion: v1\n    created: 5\n    digest: null\n    name: plain\n    urls:\n    \
         - charts/plain.tgz\n    version: 3.0.0\n  web:\n  - apiVersion: v1\n    created: \"2021-03-04T05:06:07.123456789+01:00\"\n    \
         digest: {digest}\n    name: web\n    urls:\n    - charts/web-1.0.0.tgz\n    version: 1.0.0\n  - apiVersion: v1\n    \
         created: \"2021-03-04T05:06:07Z\"\n    digest: {other}\n    name: web\n    urls:\n    - charts/web-1.1.0-rc.1.tgz\n    \
         version: 1.1.0-rc.1\ngenerated: \"2021-03-04T05:06:07+01:00\"\nserverInfo: {{}}\n"
    )
}

fn command(launch: &Launch, arguments: &[&str]) -> Output {
    let mut command = launch.bare_command();
    let storage = format!("--storage-local-rootdir={}", launch.storage().display());
    command.args(arguments).arg(storage).arg(format!("--catalogue={}", launch.catalogue().display()));
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[tokio::test]
async fn everything_that_chartmuseum_served_is_served() {
    let museum = Museum::new();
    let launch = Launch::default().with("--depth=1");
    museum.fill(&launch);
    let server = launch.start().await;
    let index = server.index("org").await;
    assert_eq!(
        index.names(),
        ["My Chart", "UPPER_case", "else", "hidden", "honest", "plain", "plätzchen", "true", "web"]
    );
    for (repository, file, chart) in &museum.charts {
        let index = server.index(repository).await;
        let entry = index.entry(&chart.name, &chart.version);
        assert_eq!(entry["digest"], chart.digest, "{file}");
        assert_eq!(entry["urls"], json!([format!("charts/{file}")]));
        let path = format!("/{repository}/charts/{file}").replace(' ', "%20");
        assert_eq!(server.get(&path).await.expect(200).body, chart.bytes, "{file}");
        let created = entry["created"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        // the cached index vouches for one of them; the time of a file is kept for the others
        let noted: jiff::Timestamp = "2021-03-04T04:06:07.123456789Z".parse().unwrap();
        let placed = jiff::Timestamp::from_second(PLACED).unwrap();
        let expected = if (*repository, *file) == ("org", "web-1.0.0.tgz") { noted } else { placed };
        assert_eq!(created, expected, "{file}");
    }
    assert_eq!(index.versions("web"), ["1.1.0+build.5", "1.1.0-rc.1", "1.0.0"], "the copy is not in the way");
    for (file, text) in [
        ("web-1.0.0.tgz.prov", museum.chart("web-1.0.0.tgz").provenance()),
        ("lone-1.0.0.tgz.prov", Chart::new("lone", "1.0.0").provenance()),
    ] {
        assert_eq!(server.get(&format!("/org/charts/{file}")).await.expect(200).text(), text);
    }
    // what is no version, or the second one, downloads by its own name
    let copy = ChartBuilder::new("web", "1.0.0").file("x", "other").build();
    assert_eq!(server.get("/org/charts/copy%20of%20web.tgz").await.expect(200).body, copy.bytes);
    assert_eq!(server.get("/org/charts/garbage-1.0.0.tgz").await.expect(200).text(), "no archive");
    server.get("/org/charts/never-1.0.0.tgz").await.expect(404);
    // where no address leads is said
    let unreached = server
        .log()
        .find(0, |line| (line["M"] == "Packages cannot be reached under these settings").then(|| line.clone()))
        .await;
    assert_eq!((&unreached["repositories"], &unreached["versions"]), (&json!(2), &json!(2)), "{unreached}");
    // the log's summary
    let told = server.log().find(0, |line| (line["M"] == "the storage is taken in").then(|| line.clone())).await;
    assert_eq!((&told["packages"], &told["served"], &told["refused"]), (&json!(17), &json!(14), &json!(3)), "{told}");
    assert_eq!((&told["provenances"], &told["ignored"]), (&json!(2), &json!(5)), "{told}");
}

#[test]
fn a_report_says_what_was_adopted_and_what_not_and_why() {
    let museum = Museum::new();
    let launch = Launch::default();
    museum.fill(&launch);
    let report = command(&launch, &["reconcile", "--depth=1", "--output=json"]);
    assert_eq!(report.status.code(), Some(0), "{report:?}");
    let report = json(&report);
    assert_eq!(report["firstAdoption"], true);
    let paths = |list: &str| {
        let list = report[list].as_array().unwrap().iter();
        list.map(|place| place["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut served: Vec<_> = museum.charts.iter().map(|(repository, file, _)| format!("{repository}/{file}")).collect();
    served.extend(["org/team/deep-1.0.0.tgz".to_owned(), "shallow-1.0.0.tgz".to_owned()]);
    served.sort();
    let mut adopted = paths("adopted");
    adopted.sort();
    assert_eq!(adopted, served);
    assert_eq!(paths("provenances"), ["org/lone-1.0.0.tgz.prov", "org/web-1.0.0.tgz.prov"]);
    let reasons: BTreeMap<_, _> = (report["unreadable"].as_array().unwrap().iter())
        .map(|place| (place["path"].as_str().unwrap(), place["reason"].as_str().unwrap()))
        .collect();
    let expected = BTreeMap::from([
        ("org/copy of web.tgz", "web 1.0.0 is served from another file already"),
        ("org/empty-1.0.0.tgz", "EOF"),
        ("org/garbage-1.0.0.tgz", "gzip: invalid header"),
    ]);
    assert_eq!(reasons, expected);
    let mut ignored = paths("ignored");
    ignored.sort();
    assert_eq!(ignored, ["org/README.md", "org/index.yaml", "org/web-2.0.0.TGZ", "org/web-2.0.0.tar.gz", "top.txt"]);
    let unreached: Vec<_> = (report["notReached"].as_array().unwrap().iter())
        .map(|place| (place["repository"].as_str().unwrap(), place["versions"].as_u64().unwrap()))
        .collect();
    assert_eq!(unreached, [("", 1), ("org/team", 1)]);
    // nothing is new the next time, and what is not served is still told
    let again = json(&command(&launch, &["reconcile", "--depth=1", "--output=json"]));
    assert_eq!((&again["firstAdoption"], &again["adopted"]), (&json!(false), &json!([])));
    assert_eq!(again["unreadable"].as_array().unwrap().len(), 3);
}

/// What an index promises: chart and version, digest.
fn digests(index: &Index) -> Vec<(String, String)> {
    let of = |entry: &Value| (format!("{} {}", entry["name"], entry["version"]), entry["digest"].to_string());
    index.entries().map(of).collect()
}

/// Every file that ChartMuseum would look at.
fn flat(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with(".chandlery") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[tokio::test]
async fn going_back_keeps_every_chart() {
    let museum = Museum::new();
    let launch = Launch::default().with("--depth=1");
    museum.fill(&launch);
    let mut expected = flat(launch.storage());
    expected.remove("org/index-cache.yaml");
    let mut server = launch.start().await;
    let new = |name: &str, version: &str| ChartBuilder::new(name, version).file("README.md", "new").build();
    let [web, plain, again] = [new("web", "1.0.0"), new("plain", "3.0.0"), new("again", "1.0.0")];
    // overwritten, with its provenance; overwritten under another file's name; removed and published again; new; removed
    let signed = web.provenance();
    let form = [("chart", &*web.bytes), ("prov", signed.as_bytes())];
    server.post_form("/api/org/charts?force", &form).await.expect(201);
    server.post("/api/org/charts?force", plain.bytes.clone()).await.expect(201);
    server.publish("org", &Chart::new("again", "1.0.0")).await;
    server.delete("/api/org/charts/again/1.0.0").await.expect(200);
    server.publish("org", &again).await;
    server.publish("third", &Chart::new("first", "1.0.0")).await;
    server.delete("/api/org/charts/web/1.1.0-rc.1").await.expect(200);
    let index = server.index("org").await;
    let served = digests(&index);
    expected.insert("org/web-1.0.0.tgz".to_owned(), web.bytes.to_vec());
    expected.insert("org/web-1.0.0.tgz.prov".to_owned(), web.provenance().into_bytes());
    expected.remove("org/plain.tgz");
    expected.insert("org/plain-3.0.0.tgz".to_owned(), plain.bytes.to_vec());
    expected.insert("org/again-1.0.0.tgz".to_owned(), again.bytes.to_vec());
    expected.insert("third/first-1.0.0.tgz".to_owned(), Chart::new("first", "1.0.0").bytes.to_vec());
    expected.remove("org/web-1.1.0-rc.1.tgz");

    // not while it is served
    let refused = command(server.settings(), &["hand-back"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("stop every replica first"), "{refused:?}");
    server.terminate();
    assert!(server.exit().await.success());
    let done = command(server.settings(), &["hand-back", "--output=json"]);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(flat(server.settings().storage()), expected);
    let report = json(&done);
    let places = json!(["org/again-1.0.0.tgz", "org/plain-3.0.0.tgz", "org/web-1.0.0.tgz", "org/web-1.0.0.tgz.prov"]);
    let mut written = report["written"].clone();
    written.as_array_mut().unwrap().sort_by_key(ToString::to_string);
    assert_eq!(written, places);
    assert_eq!(report["deletedIndexes"], json!(["org/index-cache.yaml"]));
    // the older bytes are kept aside
    let aside = report["displaced"].as_array().unwrap();
    let older = aside.iter().find(|moved| moved["from"] == "org/web-1.0.0.tgz").unwrap();
    assert_eq!(fs::read(server.file(older["to"].as_str().unwrap())).unwrap(), museum.chart("web-1.0.0.tgz").bytes);
    let repeated = command(server.settings(), &["hand-back", "--output=json"]);
    assert_eq!((repeated.status.code(), &json(&repeated)["written"]), (Some(0), &json!([])));
    assert_eq!(command(server.settings(), &["hand-back", "--output=xml"]).status.code(), Some(2));

    // and forth again: the same versions with the same bytes
    server.run().await;
    let index = server.index("org").await;
    assert_eq!(digests(&index), served);
    assert_eq!(server.pull("org", "web", "1.0.0").await, web.bytes);
    assert_eq!(server.pull("org", "again", "1.0.0").await, again.bytes);
    assert_eq!(flat(server.settings().storage()), expected);
}

/// A plain server needs nothing handed back: it writes where ChartMuseum does.
#[tokio::test]
async fn what_was_never_overwritten_lies_where_chartmuseum_looks() {
    let server = Server::start().await;
    let chart = Chart::new("web", "1.0.0");
    let signed = chart.provenance();
    let form = [("chart", &*chart.bytes), ("prov", signed.as_bytes())];
    server.post_form("/api/charts", &form).await.expect(201);
    let expected = BTreeMap::from([
        ("web-1.0.0.tgz".to_owned(), chart.bytes.to_vec()),
        ("web-1.0.0.tgz.prov".to_owned(), chart.provenance().into_bytes()),
    ]);
    assert_eq!(flat(server.settings().storage()), expected);
}
