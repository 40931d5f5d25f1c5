use acceptance::{Chart, Fault, Launch, gateway};

use super::behind_a_proxy;

/// Starts a server that is to end by itself, and returns what it says last.
async fn refused(launch: Launch) -> String {
    let mut command = launch.command();
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap().lines().last().unwrap().to_owned()
}

#[tokio::test]
async fn what_is_wrong_is_said_at_the_start() {
    let Some(gateway) = gateway() else { return };
    let launch = || Launch::default().in_bucket(gateway);
    let cases = [
        (launch().environment("AWS_SECRET_ACCESS_KEY", "wrong"), "(credentials): the secret key is not that of"),
        (launch().environment("AWS_ACCESS_KEY_ID", "nobody"), "does not know the access key"),
        (launch().environment("AWS_ACCESS_KEY_ID", ""), "(credentials): no credentials were found: "),
        (
            launch().with("--storage-amazon-bucket=missing"),
            "(setting storage-amazon-bucket): there is no bucket missing at",
        ),
        (launch().with("--storage-amazon-region=eu-west-9"), "(setting storage-amazon-region): the bucket charts is"),
        (launch().with("--storage-amazon-ca-file=/nowhere.pem"), "(setting storage-amazon-ca-file): /nowhere.pem: "),
        (
            launch().with("--storage-amazon-endpoint=http://127.0.0.1:1").with("--storage-amazon-retries=0"),
            "(setting storage-amazon-endpoint): http://127.0.0.1:1 does not answer",
        ),
    ];
    for (launch, expected) in cases {
        let said = refused(launch).await;
        assert!(said.contains("cannot open the storage ") && said.contains(expected), "{expected}: {said}");
    }
}

#[tokio::test]
async fn a_wrong_clock_and_a_bucket_elsewhere_are_said_at_the_start() {
    for (status, code, expected) in [
        (403, "RequestTimeTooSkewed", "(clock): the clock of this machine is not that of "),
        (301, "PermanentRedirect", "(setting storage-amazon-region): the bucket charts is not in the region us-east-1"),
        (400, "ExpiredToken", "(credentials): the session token is not valid, or not any more"),
        (
            403,
            "AccessDenied",
            "(setting storage-amazon-bucket): the credentials do not allow to list the bucket charts",
        ),
    ] {
        let Some((proxy, launch)) = behind_a_proxy().await else { return };
        proxy.plan(Fault::Answer(status, code), 0, usize::MAX, |_| true);
        let said = refused(launch).await;
        assert!(said.contains(expected), "{said}");
    }
}

#[tokio::test]
async fn a_bucket_is_served_and_chartmuseums_layout_kept() {
    let Some(gateway) = gateway() else { return };
    let mut server = Launch::default().in_bucket(gateway).with("--depth=1").start().await;
    let (plus, uml) = (Chart::new("one", "1.0.0+build.5"), Chart::new("grüße", "1.0.0"));
    server.publish("org", &plus).await;
    server.publish("org", &uml).await;
    assert_eq!(server.files("org"), ["grüße-1.0.0.tgz", "one-1.0.0+build.5.tgz"]);
    let ready = server.get("/-/ready").await.expect(200);
    assert_eq!(ready.text(), r#"{"ready":true}"#);
    server.restart().await;
    for chart in [&plus, &uml] {
        assert_eq!(server.pull("org", &chart.name, &chart.version).await, chart.bytes);
    }
}
