use std::cell::RefCell;
use std::fs;
use std::path::Path;

use acceptance::{Chart, ChartBuilder, Launch, Server};
use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::sync::watch;

use super::{operate, operate_on};

/// A server on another storage than its own.
pub(super) async fn serve(storage: &Path, arguments: &[&str]) -> Server {
    let launch = Launch::default().without("--storage-local-rootdir");
    let launch = launch.with(format!("--storage-local-rootdir={}", storage.display()));
    arguments.iter().fold(launch, Launch::with).start().await
}

#[tokio::test]
async fn a_backup_taken_under_load_has_every_version_that_was_answered_before_it_began() {
    const UPLOADERS: usize = 8;
    let server = Server::start().await;
    let copy = server.settings().storage().with_file_name("copy");
    let to = format!("--to={}", copy.display());
    let published = RefCell::new(Vec::<Chart>::new());
    let (answered, stopped) = (watch::Sender::new(0_usize), watch::Sender::new(false));
    let load = join_all((0..UPLOADERS).map(async |uploader| {
        for n in 0.. {
            if *stopped.borrow() {
                return;
            }
            let chart = ChartBuilder::new(&format!("chart{uploader}"), &format!("1.{n}.0")).ballast(2000).build();
            server.upload(&chart).await.expect(201);
            if n % 4 == 3 {
                // removals move files while they are copied
                server.delete(&format!("/api/charts/{}/{}", chart.name, chart.version)).await.expect(200);
            } else {
                published.borrow_mut().push(chart);
            }
            answered.send_modify(|count| *count += 1);
        }
    }));
    let backup = async {
        let mut count = answered.subscribe();
        count.wait_for(|count| *count >= 60).await.unwrap();
        let before = published.borrow().clone();
        let first = operate(&server, &["backup", &to, "--output=json"]).await;
        let second_begins = *count.borrow_and_update() + 20;
        count.wait_for(|count| *count >= second_begins).await.unwrap();
        let between = published.borrow().clone();
        let second = operate(&server, &["backup", &to, "--output=json"]).await;
        stopped.send_replace(true);
        (before, first, between, second)
    };
    let (_, (before, first, between, second)) = join(load, backup).await;
    let (first, second) = (first.expect(0).json(), second.expect(0).json());
    assert!(first["versions"].as_u64().unwrap() >= before.len() as u64, "{first}");
    assert_eq!((&first["damaged"], &second["damaged"]), (&json!([]), &json!([])));
    assert!(second["present"].as_u64().unwrap() >= before.len() as u64, "only what is new is copied: {second}");
    assert!(second["sequence"].as_u64() > first["sequence"].as_u64());

    let served = serve(&copy, &[]).await;
    let index = served.index("").await;
    for chart in &between {
        assert_eq!(index.entry(&chart.name, &chart.version)["digest"], chart.digest);
        let bytes = served.get(&format!("/charts/{}", chart.file_name())).await.expect(200).body;
        assert_eq!(bytes, chart.bytes, "{}", chart.file_name());
    }
    assert_eq!(index.entries().count() as u64, second["versions"].as_u64().unwrap());
    served.publish("", &Chart::new("later", "1.0.0")).await;
}

#[tokio::test]
async fn a_copy_serves_the_same_bytes_and_so_does_what_is_restored_from_it() {
    let server = Server::with(&["--depth=1"]).await;
    for n in 0..3 {
        server.publish("org", &Chart::new("one", &format!("1.{n}.0"))).await;
        server.publish("org", &Chart::new(&format!("chart{n}"), "1.0.0")).await;
    }
    server.delete("/api/org/charts/one/1.1.0").await.expect(200);
    let folder = server.settings().storage().parent().unwrap().to_owned();
    let (copy, restored) = (folder.join("copy"), folder.join("restored"));
    operate(&server, &["backup", &format!("--to={}", copy.display())]).await.expect(0);
    let from = format!("--from={}", copy.display());
    let report = operate_on(&server, &restored, &["restore-backup", &from, "--output=json"]).await.expect(0).json();
    assert_ne!(report["storage"], report["source"]);
    let again = operate_on(&server, &restored, &["restore-backup", &from]).await.expect(1);
    assert!(again.err.contains("is not empty"), "{again:?}");

    let index = server.get("/org/index.yaml").await.expect(200);
    let copied = serve(&copy, &["--depth=1"]).await;
    let answer = copied.get("/org/index.yaml").await.expect(200);
    assert_eq!((answer.header("etag"), &answer.body), (index.header("etag"), &index.body), "clients notice nothing");
    let own = serve(&restored, &["--depth=1"]).await;
    assert_eq!(own.get("/org/index.yaml").await.expect(200).body, index.body);
    for served in [&copied, &own] {
        assert_eq!(served.pull("org", "one", "1.2.0").await, Chart::new("one", "1.2.0").bytes);
        served.upload_to("org", &Chart::new("one", "1.0.0")).await.expect(409);
    }
    operate_on(&server, &restored, &["restore", "org/one", "1.1.0"]).await.expect(0);
    own.until("the removed version is back", async |own| {
        (own.index("org").await.versions("one") == ["1.2.0", "1.1.0", "1.0.0"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_backup_is_refused_where_something_else_is_or_would_be_taken_for_packages() {
    let server = Server::start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    let storage = server.settings().storage().to_owned();
    for place in [storage.clone(), storage.join("backup"), storage.parent().unwrap().to_owned()] {
        let refused = operate(&server, &["backup", &format!("--to={}", place.display())]).await.expect(2);
        assert!(refused.err.contains(" are not apart\n"), "{refused:?}");
    }
    let refused = operate(&server, &["backup", "--to=ftp://far/away", "--output=json"]).await.expect(2);
    assert!(refused.err.contains("ftp"), "{refused:?}");
    operate(&server, &["backup"]).await.expect(2);

    let used = storage.with_file_name("used");
    fs::create_dir(&used).unwrap();
    fs::write(used.join("two-1.0.0.tgz"), "somebody's").unwrap();
    let refused = operate(&server, &["backup", &format!("--to={}", used.display()), "--output=json"]).await.expect(1);
    let reason = refused.json()["error"].as_str().unwrap().to_owned();
    assert!(reason.ends_with("is no backup of this storage: it holds two-1.0.0.tgz"), "{reason}");
    let missing = format!("--from={}", storage.with_file_name("missing").display());
    let refused = operate_on(&server, &storage.with_file_name("new"), &["restore-backup", &missing]).await.expect(1);
    assert!(refused.err.contains("is no folder"), "{refused:?}");
}
