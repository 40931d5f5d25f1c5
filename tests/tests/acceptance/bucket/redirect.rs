//! Downloads that the store answers itself: `--storage-redirect`.

use acceptance::{Answer, Chart, ChartBuilder, Gateway, Helm, Launch, Server, client, gateway};
use reqwest::Method;
use reqwest::header::{IF_NONE_MATCH, RANGE};

const PATH: &str = "/charts/one-1.0.0.tgz";

fn redirecting(gateway: &Gateway) -> Launch {
    Launch::default().in_bucket(gateway).with("--storage-redirect")
}

/// A version whose bytes lie where only servers write: it was replaced.
async fn publish_twice(server: &Server) -> Chart {
    server.publish("", &Chart::new("one", "1.0.0")).await;
    let chart = ChartBuilder::new("one", "1.0.0").ballast(100_000).build();
    server.post("/api/charts?force", chart.bytes.clone()).await.expect(201);
    chart
}

#[track_caller]
fn location(answer: &Answer) -> String {
    assert_eq!((answer.status, answer.body.len()), (307, 0), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("private, no-store"));
    answer.header("location").unwrap().to_owned()
}

#[tokio::test]
async fn only_what_nobody_else_can_write_is_redirected_and_only_when_its_bytes_are_wanted() {
    let Some(gateway) = gateway() else { return };
    let server = redirecting(gateway).with("--storage-redirect-expiry=2m").start().await;
    let first = Chart::new("one", "1.0.0");
    server.publish("", &first).await;
    assert_eq!(server.get(PATH).await.expect(200).body, first.bytes, "where people write too it is hashed first");
    let chart = ChartBuilder::new("one", "1.0.0").ballast(100_000).build();
    server.post("/api/charts?force", chart.bytes.clone()).await.expect(201);

    for path in [PATH.to_owned(), format!("/charts/{}/one-1.0.0.tgz", chart.digest)] {
        let address = location(&server.get(&path).await);
        assert!(address.starts_with(&gateway.endpoint()) && address.contains("/.chandlery/objects/"), "{address}");
        let stranger = client(None).build().unwrap();
        let found = stranger.get(&address).send().await.unwrap();
        assert_eq!(found.status().as_u16(), 200);
        assert_eq!(found.headers()["content-type"], "application/x-tar");
        assert_eq!(found.headers()["cache-control"], "private, max-age=120");
        assert!(found.bytes().await.unwrap() == chart.bytes);
        let part = stranger.get(&address).header(RANGE, "bytes=10-19").send().await.unwrap();
        assert_eq!((part.status().as_u16(), part.bytes().await.unwrap()), (206, chart.bytes.slice(10..20)));
        let forged = stranger.get(address.replace("/one-1.0.0.tgz", "/two-1.0.0.tgz")).send().await.unwrap();
        assert_eq!(forged.status().as_u16(), 403);

        let head = server.send(server.request(Method::HEAD, &path)).await.expect(200);
        assert_eq!(head.header("content-length"), Some(&*chart.bytes.len().to_string()));
        let etag = format!("\"{}\"", chart.digest);
        assert_eq!((head.header("etag"), head.header("location")), (Some(&*etag), None));
        server.send(server.request(Method::GET, &path).header(IF_NONE_MATCH, etag)).await.expect(304);
    }
    server.get("/charts/one-2.0.0.tgz").await.expect(404);
    let old = server.get(&format!("/charts/{}/one-1.0.0.tgz", first.digest)).await.expect(200);
    assert_eq!(old.body, first.bytes);
}

#[tokio::test]
async fn an_address_lives_for_a_while() {
    let Some(gateway) = gateway() else { return };
    let server = redirecting(gateway).with("--storage-redirect-expiry=1s").start().await;
    publish_twice(&server).await;
    let address = location(&server.get(PATH).await);
    let stranger = client(None).build().unwrap();
    server
        .until("the address is dead", async |_| {
            let answer = stranger.get(&address).send().await.unwrap();
            (answer.status() == 403).then_some(())
        })
        .await;
}

#[tokio::test]
async fn who_may_not_read_is_told_no_address_and_helm_pulls_from_the_store() {
    let Some(gateway) = gateway() else { return };
    let launch = redirecting(gateway).with("--basic-auth-user=me").with("--basic-auth-pass=secret");
    // clients send credentials on to hosts of the same name, whatever their port
    let endpoint = format!("http://localhost:{}", gateway.port());
    let mut server = launch.with(format!("--storage-redirect-endpoint={endpoint}")).start().await;
    assert_eq!(server.get(PATH).await.expect(401).header("location"), None);
    server.authorize("Basic bWU6c2VjcmV0");
    let chart = publish_twice(&server).await;
    assert!(location(&server.get(PATH).await).starts_with(&endpoint));
    server.forget_credentials();
    assert_eq!(server.get(PATH).await.expect(401).header("location"), None);
    for helm in [acceptance::HELM_3, acceptance::HELM_4] {
        let Some(helm) = Helm::release(helm) else { return };
        helm.ok(&["repo", "add", "charts", &server.url(""), "--username", "me", "--password", "secret"]);
        helm.pull(&["charts/one", "--version", "1.0.0"], "pulled");
        assert!(helm.read("pulled/one-1.0.0.tgz") == chart.bytes);
    }
}
