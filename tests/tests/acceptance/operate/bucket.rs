//! The same commands on a bucket, and between a bucket and a folder.

use std::process::Command;

use acceptance::{Chart, Launch, Server, gateway};

use super::Operated;
use super::backup::serve;

async fn run(mut command: Command) -> Operated {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    Operated::new(output.expect("the binary can be started"))
}

/// Runs a command with the settings of a server that was started without the word `serve`.
async fn operate(server: &Server, arguments: &[&str]) -> Operated {
    let mut command = server.settings().command();
    command.args(arguments);
    run(command).await
}

#[tokio::test]
async fn a_bucket_is_measured_read_again_copied_and_restored_into_a_folder() {
    let Some(gateway) = gateway() else { return };
    let server = Launch::default().in_bucket(gateway).without("serve").start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    server.publish("", &Chart::new("two", "1.0.0")).await;
    server.delete("/api/charts/two/1.0.0").await.expect(200);
    let index = server.get("/index.yaml").await.expect(200).body;

    let report = operate(&server, &["doctor", "--output=json"]).await.expect(0).json();
    assert!(report["storage"].as_str().unwrap().starts_with("s3://charts/tests/"), "{report:#}");
    let checks = report["checks"].as_array().unwrap();
    let race = checks.iter().find(|check| check["check"] == "exclusive-create").unwrap();
    assert_eq!((&race["status"], &race["facts"]["roundsWithTwoWinners"]), (&"ok".into(), &0.into()));
    assert!(!server.file(".chandlery/doctor").exists(), "probe objects are deleted");
    let sound = operate(&server, &["scrub", "--output=json"]).await.expect(0).json();
    assert_eq!(sound["files"], 2);

    let copy = format!("s3://charts/tests/{}", uuid::Uuid::new_v4().simple());
    let to = format!("--to={copy}");
    assert_eq!(operate(&server, &["backup", &to, "--output=json"]).await.expect(0).json()["copied"], 2);
    let again = operate(&server, &["backup", &to, "--output=json"]).await.expect(0).json();
    assert_eq!((&again["copied"], &again["present"]), (&0.into(), &2.into()));

    let folder = tempfile::tempdir().unwrap();
    let restored = folder.path().join("restored");
    let mut command = server.settings().bare_command();
    command
        .env("AWS_ENDPOINT_URL", gateway.endpoint())
        .args(["restore-backup", &format!("--from={copy}")])
        .arg(format!("--storage-local-rootdir={}", restored.display()));
    run(command).await.expect(0);
    let served = serve(&restored, &[]).await;
    assert_eq!(served.get("/index.yaml").await.expect(200).body, index);
    assert_eq!(served.pull("", "one", "1.0.0").await, chart.bytes);
}

#[tokio::test]
async fn a_repository_is_exported_into_a_bucket_as_files() {
    let Some(gateway) = gateway() else { return };
    let server = Launch::default().in_bucket(gateway).without("serve").start().await;
    let chart = Chart::new("one", "1.0.0+build");
    server.publish("", &chart).await;
    server.post("/api/prov", chart.provenance()).await.expect(201);
    let prefix = format!("tests/{}", uuid::Uuid::new_v4().simple());
    let to = format!("--to=s3://charts/{prefix}");
    let report = operate(&server, &["export", &to, "--output=json"]).await.expect(0).json();
    assert_eq!((&report["versions"], &report["written"]), (&1.into(), &2.into()), "{report}");
    let read = |file: &str| std::fs::read(gateway.files().join(&prefix).join(file)).unwrap();
    let index: serde_json::Value = serde_json::from_slice(&read("index.yaml")).unwrap();
    let entry = &index["entries"]["one"][0];
    assert_eq!(entry["digest"], chart.digest);
    let url = entry["urls"][0].as_str().unwrap().replace("%2B", "+");
    assert_eq!(read(&url), chart.bytes);
    assert_eq!(read(&format!("{url}.prov")), chart.provenance().as_bytes());
    let again = operate(&server, &["export", &to, "--output=json"]).await.expect(0).json();
    assert_eq!((&again["written"], &again["present"]), (&0.into(), &2.into()), "{again}");
}
