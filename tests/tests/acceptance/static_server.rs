//! Repositories that no server of ours serves: an index kept in the storage, and what `export` writes, behind a plain
//! server of files.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use acceptance::{Chart, ChartBuilder, HELM_3, HELM_4, Helm, Launch, Server, gateway};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Serves the files of a folder, and knows nothing else. Tests that run Helm before it need a second thread.
struct StaticServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl StaticServer {
    async fn of(folder: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (address, folder) = (listener.local_addr().unwrap(), folder.to_owned());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, folder.clone()));
            }
        });
        Self { address, task }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for StaticServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: TcpStream, folder: PathBuf) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.ok()? > 0 {}
    let path = head.split(' ').nth(1)?.split('?').next()?.trim_start_matches('/');
    // what is no plain path is a mistake of whoever wrote the address
    let is_plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte));
    assert!(is_plain && !path.contains(".."), "{path}");
    let mut bytes = path.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => u8::from_str_radix(std::str::from_utf8(&[bytes.next()?, bytes.next()?]).ok()?, 16).ok()?,
            byte => byte,
        });
    }
    let (status, content) = match fs::read(folder.join(String::from_utf8(decoded).ok()?)) {
        Ok(content) => ("200 OK", content),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", content.len());
    stream.write_all(&[head.as_bytes(), &content].concat()).await.ok()
}

fn helms() -> Vec<Helm> {
    [HELM_3, HELM_4].into_iter().filter_map(Helm::release).collect()
}

/// The index in the storage, if there is one.
fn published(server: &Server, folder: &str) -> Option<Value> {
    serde_yaml::from_slice(&fs::read(server.file(&format!("{folder}index.yaml"))).ok()?).ok()
}

/// Waits until the index in the storage has just these versions and digests of a chart.
async fn until_published(server: &Server, folder: &str, name: &str, charts: &[&Chart]) {
    let expected: Vec<_> = charts.iter().map(|chart| json!([chart.version, chart.digest])).collect();
    server
        .until("the index in the storage is the current one", async |server| {
            let index = published(server, folder)?;
            let entries = index["entries"][name].as_array().cloned().unwrap_or_default();
            let found: Vec<_> = entries.iter().map(|entry| json!([entry["version"], entry["digest"]])).collect();
            (found == expected).then_some(())
        })
        .await;
}

async fn is_served_when_no_server_runs(launch: Launch) {
    launch.place("org/index-cache.yaml", b"of ChartMuseum");
    let launch = launch.with("--depth=1").with("--publish-index").with("--cache-interval=0");
    let mut server = launch.start().await;
    let (plain, plus) = (Chart::new("web", "1.0.0"), Chart::new("web", "1.1.0+build.5"));
    server.publish("org", &plain).await;
    server.publish("org", &plus).await;
    until_published(&server, "org/", "web", &[&plus, &plain]).await;
    // a version that was published again lies elsewhere
    server.delete("/api/org/charts/web/1.0.0").await.expect(200);
    until_published(&server, "org/", "web", &[&plus]).await;
    let again = ChartBuilder::new("web", "1.0.0").file("again", "yes").build();
    server.publish("org", &again).await;
    server.publish("other", &plain).await;
    until_published(&server, "org/", "web", &[&plus, &again]).await;
    until_published(&server, "other/", "web", &[&plain]).await;
    let index = published(&server, "org/").unwrap();
    assert_eq!(index["entries"]["web"][0]["urls"], json!(["web-1.1.0%2Bbuild.5.tgz"]));
    let url = index["entries"]["web"][1]["urls"][0].as_str().unwrap().to_owned();
    assert!(url.starts_with("../.chandlery/objects/") && url.ends_with("/web-1.0.0.tgz"), "{url}");
    server.kill();

    let site = StaticServer::of(server.settings().storage()).await;
    for helm in helms() {
        helm.ok(&["repo", "add", "org", &site.url("/org")]);
        helm.pull(&["org/web", "--version", "1.0.0"], "pulled");
        helm.pull(&["org/web", "--version", "1.1.0+build.5"], "pulled");
        assert_eq!(helm.read("pulled/web-1.0.0.tgz"), again.bytes);
        assert_eq!(helm.read("pulled/web-1.1.0+build.5.tgz"), plus.bytes);
    }
    assert_eq!(fs::read(server.file("org/index-cache.yaml")).unwrap(), b"of ChartMuseum");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_in_a_folder_is_served_when_no_server_runs() {
    is_served_when_no_server_runs(Launch::default()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_index_in_a_bucket_is_served_when_no_server_runs() {
    let Some(gateway) = gateway() else { return };
    is_served_when_no_server_runs(Launch::default().in_bucket(gateway)).await;
}

#[tokio::test]
async fn an_index_that_is_not_the_current_one_is_written_anew_by_the_next_reconcile() {
    let launch = Launch::default();
    launch.place("index.yaml", b"of somebody else");
    let mut server = launch.with("--publish-index").with("--cache-interval=50ms").start().await;
    let chart = Chart::new("web", "1.0.0");
    server.publish("", &chart).await;
    until_published(&server, "", "web", &[&chart]).await;
    let current = fs::read(server.file("index.yaml")).unwrap();
    for wrong in [Some(b"{}".to_vec()), None, Some(vec![b' '; current.len()])] {
        match wrong {
            Some(text) => fs::write(server.file("index.yaml"), text).unwrap(),
            None => fs::remove_file(server.file("index.yaml")).unwrap(),
        }
        server
            .until("it is written anew", async |server| {
                (fs::read(server.file("index.yaml")).ok()? == current).then_some(())
            })
            .await;
    }
    // it is no foreign file either
    let report = server.post("/-/api/v1/reconcile", "").await.expect(200);
    assert_eq!(report.json()["ignored"], json!([]), "{report:?}");

    // one who was killed before it wrote is made good by the next start
    server.kill();
    fs::write(server.file("index.yaml"), "{}").unwrap();
    server.run().await;
    until_published(&server, "", "web", &[&chart]).await;
    assert_eq!(fs::read(server.file("index.yaml")).unwrap(), current, "the same state, the same bytes");
}

#[tokio::test]
async fn of_the_indexes_that_several_replicas_write_the_newest_stays() {
    let settings = ["--publish-index", "--cache-interval=0"];
    let start = |launch: Launch| settings.iter().fold(launch, Launch::with).start();
    let one = start(Launch::default()).await;
    let two = start(Launch::default().on_storage_of(&one)).await;
    let mut charts = Vec::new();
    for round in 0..4 {
        let uploads: Vec<_> = (0..8).map(|n| Chart::new("web", &format!("1.{round}.{n}"))).collect();
        let publish = |(n, chart): (usize, _)| [&one, &two][n % 2].publish("", chart);
        join_all(uploads.iter().enumerate().map(publish)).await;
        charts.extend(uploads);
        let newest_first: Vec<_> = charts.iter().rev().collect();
        until_published(&one, "", "web", &newest_first).await;
    }
}

/// Runs `export` on a server's storage.
fn export(server: &Server, arguments: &[&str]) -> (i32, Value) {
    let mut command: Command = server.settings().bare_command();
    let root = server.settings().storage().display().to_string();
    command.args(["export", "--output=json", "--depth=1", "--storage-local-rootdir", &root]).args(arguments);
    let output = command.output().unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap_or_else(|| panic!("{output:?}")), report)
}

fn numbers(report: &Value) -> Value {
    let number = |name: &str| report[name].clone();
    json!([number("repositories"), number("versions"), number("written"), number("present")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_exported_is_a_repository_on_any_server_of_files() {
    let server = Server::with(&["--depth=1"]).await;
    let (plain, plus) = (Chart::new("web", "1.0.0"), Chart::new("web", "1.1.0+build.5"));
    server.publish("org", &plain).await;
    server.publish("org", &plus).await;
    server.post("/api/org/prov", plain.provenance()).await.expect(201);
    let again = ChartBuilder::new("web", "1.1.0+build.5").file("again", "yes").build();
    server.post("/api/org/charts?force", again.bytes.clone()).await.expect(201);
    server.publish("other", &plain).await;
    let folder = tempfile::tempdir().unwrap();
    let (all, one) = (folder.path().join("all"), folder.path().join("one"));
    let to = |folder: &Path| format!("--to={}", folder.display());

    let (code, report) = export(&server, &[&to(&all)]);
    assert_eq!((code, numbers(&report)), (0, json!([2, 3, 4, 0])), "{report}");
    let (code, report) = export(&server, &[&to(&one), "--repository=org"]);
    assert_eq!((code, numbers(&report)), (0, json!([1, 2, 3, 0])), "{report}");
    for (path, folder) in [("/org", &all), ("", &one)] {
        let site = StaticServer::of(folder).await;
        for helm in helms() {
            helm.ok(&["repo", "add", "org", &site.url(path)]);
            helm.pull(&["org/web", "--version", "1.0.0", "--prov"], "pulled");
            helm.pull(&["org/web", "--version", "1.1.0+build.5"], "pulled");
            assert_eq!(helm.read("pulled/web-1.0.0.tgz"), plain.bytes);
            assert_eq!(helm.read("pulled/web-1.0.0.tgz.prov"), plain.provenance().as_bytes());
            assert_eq!(helm.read("pulled/web-1.1.0+build.5.tgz"), again.bytes);
        }
    }

    // once more: what is there is left, what is new is added
    let newer = Chart::new("web", "2.0.0");
    server.publish("org", &newer).await;
    let (code, report) = export(&server, &[&to(&all)]);
    assert_eq!((code, numbers(&report)), (0, json!([2, 4, 1, 4])), "{report}");
    assert_eq!(fs::read(all.join("org/web-2.0.0.tgz")).unwrap(), newer.bytes);

    // a package that is gone is told, and is in no index
    fs::remove_file(server.file("org/web-2.0.0.tgz")).unwrap();
    let short = folder.path().join("short");
    let (code, report) = export(&server, &[&to(&short), "--repository=org"]);
    assert_eq!((code, numbers(&report)), (1, json!([1, 2, 3, 0])), "{report}");
    assert_eq!(report["damaged"][0]["file"], "web-2.0.0.tgz", "{report}");
    let index: Value = serde_yaml::from_slice(&fs::read(short.join("index.yaml")).unwrap()).unwrap();
    let versions: Vec<_> = index["entries"]["web"].as_array().unwrap().iter().map(|entry| &entry["version"]).collect();
    assert_eq!(versions, ["1.1.0+build.5", "1.0.0"]);
}

#[tokio::test]
async fn nothing_is_exported_where_it_would_be_taken_for_packages() {
    let (server, other) = (Server::start().await, Server::start().await);
    server.publish("", &Chart::new("web", "1.0.0")).await;
    let to = |folder: PathBuf| format!("--to={}", folder.display());
    assert_eq!(export(&server, &[&to(server.file("below"))]).0, 2);
    let (code, report) = export(&server, &[&to(other.settings().storage().to_owned())]);
    assert_eq!(code, 1, "{report}");
    assert!(report["error"].as_str().unwrap().contains("it is the storage of a server"), "{report}");
    let (code, report) =
        export(&server, &[&to(server.settings().storage().with_file_name("to")), "--repository=nobody"]);
    assert_eq!((code, &report["error"]), (1, &json!("there is no repository nobody")));
}
