use std::process::{Command, Output};

use acceptance::{Chart, Launch, gateway};
use uuid::Uuid;

async fn run(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

#[tokio::test]
async fn a_bucket_is_copied_to_another_place_and_restored_to_a_folder() {
    let Some(gateway) = gateway() else { return };
    let server = Launch::default().in_bucket(gateway).start().await;
    let charts = ["1.0.0", "2.0.0"].map(|version| Chart::new("one", version));
    for chart in &charts {
        server.publish("", chart).await;
    }
    let place = format!("s3://charts/backups/{}", Uuid::new_v4().simple());
    let beside = Launch::default().on_storage_of(&server).without("serve");
    let mut command = beside.command();
    command.args(["backup", "--to", &place]);
    run(command).await;

    let mut launch = Launch::default().environment("AWS_ENDPOINT_URL", gateway.endpoint());
    for (name, value) in gateway.credentials() {
        launch = launch.environment(name, value);
    }
    let mut command = launch.bare_command();
    command.args(["restore-backup", "--from", &place, "--storage-local-rootdir"]).arg(launch.storage());
    run(command).await;
    let restored = launch.start().await;
    for chart in &charts {
        assert_eq!(restored.pull("", "one", &chart.version).await, chart.bytes);
    }
}
