use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use acceptance::{Chart, Launch, Server, skipped};
use serde_json::Value;

use super::{Operated, operate};

/// The check of this name.
#[track_caller]
fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no check {name}: {report:#}"))
}

#[tokio::test]
async fn a_good_storage_is_healthy_beside_a_running_server() {
    let server = Server::with(&["--depth=1"]).await;
    server.publish("org", &Chart::new("one", "1.0.0")).await;
    server.delete("/api/org/charts/one/1.0.0").await.expect(200);
    server.publish("org", &Chart::new("one", "1.0.0")).await;
    let before = server.get("/org/index.yaml").await.expect(200).body;
    let catalogue = format!("--catalogue={}", server.settings().catalogue().display());
    let report = operate(&server, &["doctor", "--output=json", &catalogue]).await.expect(0).json();
    assert_eq!(report["healthy"], true, "{report:#}");
    for name in [
        "open-files",
        "file-system",
        "disk-space",
        "links",
        "write",
        "latency",
        "clock",
        "exclusive-create",
        "journal",
        "journal-time",
        "catalogue-folder",
        "catalogue",
        "unreadable-packages",
        "missing-packages",
        "index-size",
    ] {
        let status = check(&report, name)["status"].as_str().unwrap();
        assert!(["ok", "note"].contains(&status), "{name}: {report:#}");
    }
    assert_eq!(check(&report, "exclusive-create")["facts"]["roundsWithTwoWinners"], 0);
    assert_eq!(check(&report, "journal")["facts"]["sequence"], 5, "level, adoption, upload, removal, upload");
    assert!(check(&report, "latency")["facts"]["writeMilliseconds"].as_f64().unwrap() > 0.0);
    let indexes = check(&report, "index-size")["facts"]["indexes"].as_array().unwrap().clone();
    let org = indexes.iter().find(|index| index["repository"] == "org").unwrap();
    assert_eq!(org["bytes"], before.len(), "as the server serves it");
    assert_eq!(server.get("/org/index.yaml").await.expect(200).body, before);
    let left = fs::read_dir(server.file(".chandlery/doctor")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "probe objects are deleted");
}

#[tokio::test]
async fn what_is_unreadable_or_missing_is_named() {
    let mut server = Server::start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    server.publish("", &Chart::new("two", "1.0.0")).await;
    server.kill();
    server.place("odd-1.0.0.tgz", b"no package");
    server.restart().await;
    server
        .until("the server has looked at it", async |server| {
            let report = operate(server, &["doctor", "--output=json"]).await.json();
            (check(&report, "unreadable-packages")["status"] == "warning").then_some(())
        })
        .await;
    fs::remove_file(server.file("two-1.0.0.tgz")).unwrap();
    let report = operate(&server, &["doctor", "--output=json"]).await.expect(1).json();
    assert_eq!(report["healthy"], false);
    let unreadable = &check(&report, "unreadable-packages")["facts"]["files"][0];
    assert_eq!((&unreadable["repository"], &unreadable["file"]), (&"".into(), &"odd-1.0.0.tgz".into()));
    assert!(!unreadable["reason"].as_str().unwrap().is_empty());
    let missing = check(&report, "missing-packages");
    assert_eq!(
        (&missing["status"], &missing["facts"]["files"][0]["file"]),
        (&"failed".into(), &"two-1.0.0.tgz".into())
    );
    let text = operate(&server, &["doctor"]).await.expect(1).out;
    assert!(
        text.contains("\nfailed   missing-packages: 1 files are not where they should be: two-1.0.0.tgz"),
        "{text}"
    );
    assert!(text.ends_with("\nnot healthy: 1 failed, 1 to be looked at\n"), "{text}");
}

#[tokio::test]
async fn a_storage_that_cannot_be_used_is_told_in_a_sentence() {
    let server = Server::start().await;
    let storage = server.settings().storage().to_owned();
    let missing = storage.with_file_name("missing");
    let report = super::operate_on(&server, &missing, &["doctor", "--output=json"]).await.expect(1).json();
    let message = check(&report, "storage")["message"].as_str().unwrap();
    assert_eq!(message, format!("the folder {} is missing; a server makes it", missing.display()));
    assert!(!missing.exists(), "doctor makes nothing");
    let to = format!("--to={}", storage.with_file_name("copy").display());
    for command in
        [&["scrub"][..], &["restore", "--list"], &["restore", "one", "1.0.0"], &["backup", &to], &["hand-back"]]
    {
        let refused = super::operate_on(&server, &missing, command).await.expect(1);
        let reason = format!("the folder {} is missing (setting storage-local-rootdir)\n", missing.display());
        assert!(refused.err.ends_with(&reason), "{refused:?}");
        assert!(!missing.exists() && !storage.with_file_name("copy").exists(), "{command:?} makes nothing");
    }

    // no process may write through a link out of the storage, whoever runs it
    let linked = storage.with_file_name("linked");
    fs::create_dir(&linked).unwrap();
    symlink(&storage, linked.join(".chandlery")).unwrap();
    let report = super::operate_on(&server, &linked, &["doctor", "--output=json"]).await.expect(1).json();
    let message = check(&report, "storage")["message"].as_str().unwrap();
    assert!(message.contains("symbolic links are not followed"), "{message}");
}

#[tokio::test]
async fn a_read_only_storage_is_told_in_a_sentence() {
    let possible = Command::new("unshare").args(["--mount", "true"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        return skipped("no right to mount a read-only disk");
    }
    let launch = Launch::default();
    fs::create_dir_all(launch.storage()).unwrap();
    let launch = launch.on_disk_of("1m,ro");
    let mut command = launch.bare_command();
    command.args(["doctor", "--output=json"]).arg(format!("--storage-local-rootdir={}", launch.storage().display()));
    let report = Operated::new(command.output().unwrap()).expect(1).json();
    let message = check(&report, "storage")["message"].as_str().unwrap();
    assert!(message.contains("read-only"), "{message}");
}
