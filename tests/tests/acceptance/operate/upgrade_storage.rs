use std::fs;

use acceptance::{Chart, Launch, Server};
use serde_json::{Value, json};

use super::operate;

/// The last entry of a server's journal, and the key of the next one.
fn last_entry(server: &Server) -> (Value, String) {
    let journal = fs::read_dir(server.file(".chandlery/journal")).unwrap();
    let last = journal.map(|entry| entry.unwrap().path()).max().unwrap();
    let entry: Value = serde_json::from_slice(&fs::read(last).unwrap()).unwrap();
    let next = format!(".chandlery/journal/{:020}.json", entry["sequence"].as_u64().unwrap() + 1);
    (entry, next)
}

#[tokio::test]
async fn an_old_storage_is_raised_once_beside_a_running_server() {
    let launch = Launch::default();
    let id = "3f2a0c54-55d2-4b86-9d0e-6a1f7f0f7a11";
    launch.place(".chandlery/format.json", json!({ "format": 1, "id": id }).to_string().as_bytes());
    // as the first version left it: nothing in it names a level
    let first = json!({
        "sequence": 1, "id": "3f2a0c54-55d2-4b86-9d0e-6a1f7f0f7a12", "previous": "00000000-0000-0000-0000-000000000000",
        "writer": "3f2a0c54-55d2-4b86-9d0e-6a1f7f0f7a13", "at": "2026-01-01T00:00:00Z", "changes": ["adoption-finished"],
    });
    launch.place(&format!(".chandlery/journal/{:020}.json", 1), first.to_string().as_bytes());
    let server = launch.start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;

    let before = last_entry(&server).1;
    let dry = operate(&server, &["upgrade-storage", "--dry-run", "--output=json"]).await.expect(0).json();
    assert_eq!((&dry["dryRun"], &dry["before"]), (&json!(true), &json!(1)), "{dry}");
    assert_eq!(last_entry(&server).1, before);
    let newest = dry["level"].as_u64().unwrap();
    let raised = operate(&server, &["upgrade-storage", "--output=json"]).await.expect(0).json();
    assert_eq!(raised, json!({ "dryRun": false, "before": 1, "level": newest }));
    let again = operate(&server, &["upgrade-storage"]).await.expect(0).out;
    let nothing = format!("nothing to do: the storage is at level {newest}, the newest that this version knows\n");
    assert_eq!(again, nothing);

    server.publish("", &Chart::new("two", "1.0.0")).await;
    server.get("/-/ready").await.expect(200);
    let doctor = operate(&server, &["doctor", "--output=json"]).await.json();
    let checks = doctor["checks"].as_array().unwrap();
    let journal = checks.iter().find(|check| check["check"] == "journal").unwrap();
    assert_eq!(journal["facts"]["level"], newest, "{journal}");
}

#[tokio::test]
async fn a_server_that_does_not_know_the_level_says_so_and_changes_nothing() {
    let mut server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    let report = operate(&server, &["upgrade-storage", "--output=json"]).await.expect(0).json();
    let known = report["level"].as_u64().unwrap();

    // a later version raises the level
    let (mut entry, next) = last_entry(&server);
    entry["previous"] = entry["id"].clone();
    entry["id"] = json!("00000000-0000-4000-8000-000000000001");
    entry["sequence"] = json!(entry["sequence"].as_u64().unwrap() + 1);
    entry["changes"] = json!([{ "level-raised": { "level": known + 1 } }]);
    server.place(&next, entry.to_string().as_bytes());
    let ready = server
        .until("it is not ready", async |server| {
            let ready = server.get("/-/ready").await;
            (ready.status == 503).then_some(ready)
        })
        .await;
    let reason =
        format!("the storage is at level {} and this program knows level {known}: it needs a newer program", known + 1);
    assert_eq!(ready.json()["notReady"], json!([reason]));
    server.upload(&Chart::new("two", "1.0.0")).await.expect(503);
    assert_eq!(server.files(""), ["one-1.0.0.tgz"]);
    // what it has it serves to whoever still asks
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);

    let refused = operate(&server, &["upgrade-storage", "--output=json"]).await.expect(1);
    let error = refused.json()["error"].as_str().unwrap().to_owned();
    assert!(error.ends_with(&reason), "{refused:?}");
    server.kill();
    let mut command = server.settings().command();
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&reason), "{output:?}");
}
