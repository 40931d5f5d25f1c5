use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use acceptance::{Chart, Fault, Gateway, Launch, Passing, Proxy, gateway};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

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

/// Which requests.
type Matches = fn(&Passing) -> bool;

#[tokio::test]
async fn a_store_that_does_not_answer_yet_is_waited_for() {
    let busy = Fault::Answer(503, "SlowDown");
    // first in the listing, then in the probe, then where the catalogue is opened, which looks at the journal three times
    let cases: [(usize, Matches); 4] = [
        (2, |request| request.lists()),
        (1, |request| request.is_conditional),
        (1, |request| request.reads("format.json")),
        (3, |request| request.reads("/journal/")),
    ];
    for (times, matches) in cases {
        let Some((proxy, launch)) = behind_a_proxy().await else { return };
        proxy.plan(busy, 0, times, matches);
        let server = launch.with("--storage-amazon-retries=0").start().await;
        let waited = |line: &Value| {
            let is_it = line["M"].as_str().is_some_and(|message| message.starts_with("The storage does not answer"));
            is_it.then(|| line["reason"].as_str().unwrap_or_default().to_owned())
        };
        assert!(server.log().find(0, waited).await.contains("SlowDown"));
        assert_eq!(proxy.count(), times);
        server.publish("", &Chart::new("one", "1.0.0")).await;
    }
}

#[tokio::test]
async fn a_store_with_tls_is_trusted_by_its_certificate_only() {
    let Some(gateway) = gateway() else { return };
    let (proxy, certificate) = Proxy::with_tls(gateway.port()).await;
    let launch = || Launch::default().in_bucket(gateway).environment("STORAGE_AMAZON_ENDPOINT", proxy.endpoint());
    let said = refused(launch().with("--storage-amazon-retries=0")).await;
    assert!(said.contains("(setting storage-amazon-endpoint): https://127.0.0.1:"), "{said}");
    assert!(said.contains("certificate"), "{said}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.pem");
    fs::write(&file, certificate).unwrap();
    let server = launch().with(format!("--storage-amazon-ca-file={}", file.display())).start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
}

/// Answers as a container's credentials do: new ones at each request, which hold for a moment only.
async fn container(gateway: &'static Gateway) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/credentials", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            count.fetch_add(1, Ordering::Relaxed);
            let [(_, access), (_, secret)] = gateway.credentials();
            let expiration = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(1);
            let body = serde_json::json!({
                "AccessKeyId": access, "SecretAccessKey": secret, "Token": "", "Expiration": expiration.to_string(),
            });
            let body = body.to_string();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    (url, asked)
}

#[tokio::test]
async fn credentials_come_from_a_shared_file_and_from_a_container_that_renews_them() {
    let Some(gateway) = gateway() else { return };
    let [(_, access), (_, secret)] = gateway.credentials();
    let nobody = || {
        let launch = Launch::default().in_bucket(gateway).environment("AWS_ACCESS_KEY_ID", "");
        launch.environment("AWS_SECRET_ACCESS_KEY", "")
    };
    let launch = nobody();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    fs::write(&file, format!("[charts]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n")).unwrap();
    let launch = launch.environment("AWS_SHARED_CREDENTIALS_FILE", &file).environment("AWS_PROFILE", "charts");
    launch.start().await.publish("", &Chart::new("one", "1.0.0")).await;

    let (url, asked) = container(gateway).await;
    let server = nobody().environment("AWS_CONTAINER_CREDENTIALS_FULL_URI", url).start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    server
        .until("the credentials were renewed", async |server| {
            server.index("").await;
            (asked.load(Ordering::Relaxed) > 2).then_some(())
        })
        .await;
    server.publish("", &Chart::new("one", "2.0.0")).await;
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
