//! A store that fails, request by request: nothing that was answered is lost, nothing is there twice or with other
//! bytes, clients are told to come again, and when the store is well again so is the server.

use acceptance::{Answer, Chart, Fault, Passing, Proxy, Server};

use super::{behind_a_proxy, expect_unavailable};

/// What happens to writes.
const WRITE_FAULTS: [Fault; 8] = [
    Fault::Answer(503, "SlowDown"),
    Fault::Answer(500, "InternalError"),
    Fault::Answer(409, "ConditionalRequestConflict"),
    Fault::Answer(403, "ExpiredToken"),
    Fault::AnswerAfter(500, "InternalError"),
    Fault::AnswerAfter(503, "SlowDown"),
    Fault::CutBefore,
    Fault::CutAfter,
];

/// Whether the SDK or the server tries again by itself.
fn is_repeated(fault: Fault) -> bool {
    !matches!(fault, Fault::Answer(403, _))
}

/// A server behind a proxy that gives up soon, and reads every package from the store.
async fn site() -> Option<(Proxy, Server)> {
    let (proxy, launch) = behind_a_proxy().await?;
    let launch = launch.with("--storage-amazon-retries=1").with("--package-cache-size=0").with("--cache-interval=0");
    Some((proxy, launch.start().await))
}

/// The version is there once, with its bytes.
async fn expect_whole(server: &Server, chart: &Chart) {
    let index = server.index("").await;
    assert_eq!(index.entry(&chart.name, &chart.version)["digest"], chart.digest);
    assert_eq!(server.pull("", &chart.name, &chart.version).await, chart.bytes);
}

/// The upload that a client repeats after an answer that left everything open: it is done now, or was then.
async fn expect_settled(server: &Server, chart: &Chart, first: &Answer) {
    if first.status != 201 {
        expect_unavailable(first);
        let again = server.upload(chart).await;
        assert!([201, 409].contains(&again.status), "{again:?}");
        if again.status == 409 && server.index("").await.versions(&chart.name).is_empty() {
            // its bytes lie there and nobody committed them: a reconcile would take them in, or they are overwritten
            server.post("/api/charts?force", chart.bytes.clone()).await.expect(201);
        }
    }
    expect_whole(server, chart).await;
}

#[tokio::test]
async fn one_failure_while_a_version_is_written_costs_nothing() {
    let Some((proxy, server)) = site().await else { return };
    for (number, fault) in WRITE_FAULTS.into_iter().enumerate() {
        for (place, part) in [("package", ".tgz"), ("journal", "/journal/")] {
            let chart = Chart::new(&format!("{place}-{number}"), "1.0.0");
            proxy.plan(fault, 0, 1, move |request: &Passing| request.writes(part));
            let answer = server.upload(&chart).await;
            assert_eq!(proxy.calm(), [""; 0], "{fault:?} at the {place}");
            // the journal's writer tries again whatever the reason
            if is_repeated(fault) || place == "journal" {
                assert_eq!(answer.status, 201, "{fault:?} at the {place}: {answer:?}");
            }
            expect_settled(&server, &chart, &answer).await;
            server.upload(&chart).await.expect_error(409, "file already exists");
        }
    }
    let ready = server.get("/-/ready").await.expect(200);
    assert_eq!(ready.text(), r#"{"ready":true}"#);
}

#[tokio::test]
async fn the_journal_is_written_without_a_look_at_what_was_written() {
    let Some((proxy, server)) = site().await else { return };
    proxy.plan(Fault::CutBefore, 0, usize::MAX, |request| {
        request.method == "HEAD" && request.target.contains("/journal/")
    });
    server.publish("", &Chart::new("one", "1.0.0")).await;
    assert_eq!((proxy.count(), proxy.calm().len()), (0, 1));
}

#[tokio::test]
async fn a_store_that_goes_on_failing_is_503_and_no_version_is_lost_or_doubled() {
    let Some((proxy, mut server)) = site().await else { return };
    let kept = Chart::new("kept", "1.0.0");
    server.publish("", &kept).await;
    let faults = [Fault::Answer(503, "SlowDown"), Fault::CutAfter, Fault::Answer(403, "ExpiredToken")];
    for (number, fault) in faults.into_iter().enumerate() {
        for (place, part) in [("package", ".tgz"), ("journal", "/journal/")] {
            let chart = Chart::new(&format!("{place}-{number}"), "1.0.0");
            proxy.plan(fault, 0, usize::MAX, move |request: &Passing| request.writes(part));
            let answer = server.upload(&chart).await;
            // what was done is found to be done, but for a package whose owner could not be asked
            if answer.status != 201 {
                expect_unavailable(&answer);
            }
            assert!(matches!(fault, Fault::CutAfter) || answer.status == 503, "{answer:?}");
            proxy.calm();
            expect_settled(&server, &chart, &answer).await;
        }
    }
    let index = server.get("/index.yaml").await.expect(200).body;
    server.restart().await;
    assert_eq!(server.get("/index.yaml").await.expect(200).body, index);
    expect_whole(&server, &kept).await;
    assert_eq!(server.index("").await.entries().count(), 1 + 2 * faults.len());
}

#[tokio::test]
async fn a_package_is_served_whole_or_with_503() {
    let Some((proxy, launch)) = behind_a_proxy().await else { return };
    let launch = launch.with("--storage-amazon-retries=1").with("--package-cache-size=0").with("--cache-interval=0");
    let server = launch.with("--storage-amazon-attempt-timeout=1s").start().await;
    let chart = acceptance::ChartBuilder::new("one", "1.0.0").ballast(300_000).build();
    let path = "/charts/one-1.0.0.tgz";
    while server.upload(&chart).await.status == 503 {} // a busy machine may need longer than it has
    for fault in [
        Fault::Answer(503, "SlowDown"),
        Fault::Answer(500, "InternalError"),
        Fault::Answer(403, "ExpiredToken"),
        Fault::CutBefore,
        Fault::CutAfter,
        Fault::CutBody,
        Fault::StalledBody,
    ] {
        proxy.plan(fault, 0, 1, |request| request.reads(".tgz"));
        server
            .until("the package comes", async |server| {
                let answer = server.get(path).await;
                if answer.status != 200 {
                    expect_unavailable(&answer);
                    return None;
                }
                assert_eq!(answer.body, chart.bytes, "{fault:?}");
                Some(())
            })
            .await;
        assert_eq!(proxy.calm(), [""; 0], "{fault:?}");

        proxy.plan(fault, 0, usize::MAX, |request| request.reads(".tgz"));
        expect_unavailable(&server.get(path).await);
        proxy.calm();
        server.until("the package comes", async |server| (server.get(path).await.status == 200).then_some(())).await;
    }
    proxy.plan(Fault::SlowBody, 0, usize::MAX, |request| request.reads(".tgz"));
    server
        .until("the package comes slowly", async |server| {
            let answer = server.get(path).await;
            (answer.status == 200).then(|| assert_eq!(answer.body, chart.bytes))
        })
        .await;
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_asked_again() {
    let Some((proxy, launch)) = behind_a_proxy().await else { return };
    let server = launch.with("--storage-amazon-attempt-timeout=2s").with("--cache-interval=0").start().await;
    for (place, part) in [("package", ".tgz"), ("journal", "/journal/")] {
        let chart = Chart::new(place, "1.0.0");
        proxy.plan(Fault::Silence, 0, 1, move |request: &Passing| request.writes(part));
        let answer = server.upload(&chart).await;
        assert_eq!(proxy.calm(), [""; 0], "{place}");
        expect_settled(&server, &chart, &answer).await;
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_gives_the_last_state_with_a_warning_and_takes_no_upload() {
    let Some((proxy, server)) = site().await else { return };
    server.publish("", &Chart::new("one", "1.0.0")).await;
    let index = server.get("/index.yaml").await.expect(200);
    assert_eq!(index.header("warning"), None);
    for fault in [Fault::Answer(503, "SlowDown"), Fault::Answer(403, "ExpiredToken"), Fault::CutBefore] {
        proxy.plan(fault, 0, usize::MAX, |request| request.reads("/journal/"));
        let stale = server.get("/index.yaml").await.expect(200);
        assert_eq!(stale.body, index.body);
        assert!(stale.header("warning").is_some_and(|warning| warning.starts_with("110 ")), "{stale:?}");
        expect_unavailable(&server.upload(&Chart::new("two", "1.0.0")).await);
        expect_unavailable(&server.get("/charts/three-1.0.0.tgz").await);
        let ready = server.get("/-/ready").await.expect(200);
        assert!(ready.json()["degraded"][0].is_string(), "{ready:?}");
        proxy.calm();
        server
            .until("the storage answers again", async |server| {
                server.get("/index.yaml").await.header("warning").is_none().then_some(())
            })
            .await;
    }
    assert_eq!(server.get("/-/ready").await.expect(200).text(), r#"{"ready":true}"#);
}

#[tokio::test]
async fn a_listing_that_breaks_off_makes_nothing_go() {
    let Some((proxy, launch)) = behind_a_proxy().await else { return };
    let server = launch.with("--storage-amazon-retries=0").with("--cache-interval=20ms").start().await;
    for n in 0..3 {
        server.publish("", &Chart::new("one", &format!("1.{n}.0"))).await;
    }
    let index = server.get("/index.yaml").await.expect(200).body;
    for fault in [Fault::CutBody, Fault::CutBefore, Fault::Answer(503, "SlowDown"), Fault::AnswerAfter(200, "")] {
        let seen = proxy.count();
        proxy.plan(fault, 0, usize::MAX, Passing::lists);
        proxy.reached(seen + 6).await; // several reconciles
        proxy.calm();
        assert_eq!(server.get("/index.yaml").await.expect(200).body, index, "{fault:?}");
    }
    server.place("one-1.9.0.tgz", &Chart::new("one", "1.9.0").bytes);
    server
        .until("what was placed is taken in", async |server| {
            (server.index("").await.versions("one").first() == Some(&"1.9.0")).then_some(())
        })
        .await;
}
