//! `/metrics`: names, types and numbers, held to what was done before.

use std::fs;

use acceptance::{Chart, Connection, Exposition, Launch, Server, exchange};
use reqwest::Method;

async fn read(server: &Server) -> Exposition {
    let answer = server.get("/metrics").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    Exposition::parse(answer.text())
}

/// Requests are counted when their answers are out, which is a moment after the client has them.
async fn until(server: &Server, what: &str, is_so: impl Fn(&Exposition) -> bool) -> Exposition {
    server
        .until(what, async |server| {
            let read = read(server).await;
            is_so(&read).then_some(read)
        })
        .await
}

#[tokio::test]
async fn chartmuseum_s_families_are_there_from_the_start_by_name_and_type() {
    let server = Server::with(&["--enable-metrics"]).await;
    let read = read(&server).await;
    for (name, kind) in [
        ("chartmuseum_charts_served_total", "gauge"),
        ("chartmuseum_chart_versions_served_total", "gauge"),
        ("chartmuseum_requests_total", "counter"),
        ("chartmuseum_request_duration_seconds", "histogram"),
        ("chartmuseum_request_size_bytes", "summary"),
        ("chartmuseum_response_size_bytes", "summary"),
        ("process_cpu_seconds_total", "counter"),
        ("process_resident_memory_bytes", "gauge"),
        ("process_virtual_memory_bytes", "gauge"),
        ("process_open_fds", "gauge"),
        ("process_max_fds", "gauge"),
        ("process_start_time_seconds", "gauge"),
        ("chandlery_commit_duration_seconds", "histogram"),
        ("chandlery_storage_calls_total", "counter"),
        ("chandlery_open_connections", "gauge"),
        ("chandlery_journal_lag_seconds", "gauge"),
    ] {
        assert_eq!(read.kind(name), Some(kind), "{name}");
    }
    assert_eq!(read.value("chartmuseum_charts_served_total", &[("repo", "")]), Some(0.0));
    assert_eq!(read.value("chartmuseum_chart_versions_served_total", &[("repo", "")]), Some(0.0));
    assert_eq!(read.value("chandlery_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), Some(1.0));
    assert!(read.value("process_resident_memory_bytes", &[]).unwrap() > 1e6);
    assert!(read.value("process_open_fds", &[]).unwrap() > 3.0);
    let started = read.value("process_start_time_seconds", &[]).unwrap();
    let now = jiff::Timestamp::now().as_second() as f64;
    assert!((now - started).abs() < 600.0, "{started} is not {now}");
}

#[tokio::test]
async fn uploads_and_deletes_move_the_numbers() {
    let server = Server::with(&["--enable-metrics"]).await;
    let chart = Chart::new("one", "1.0.0");
    for chart in [&chart, &Chart::new("one", "2.0.0"), &Chart::new("two", "1.0.0")] {
        server.publish("", chart).await;
    }
    server.upload(&chart).await.expect(409);
    server.delete("/api/charts/one/2.0.0").await.expect(200);
    let index = server.get("/index.yaml").await.expect(200).body;
    for _ in 0..3 {
        server.get("/charts/one-1.0.0.tgz").await.expect(200);
    }
    server.get("/charts/never-1.0.0.tgz").await.expect(404);

    let count = |read: &Exposition, code: &str, method: &str, url: &str| {
        read.value("chartmuseum_requests_total", &[("code", code), ("method", method), ("url", url)])
    };
    let read = until(&server, "all are counted", |read| {
        count(read, "200", "GET", "/:repo/charts/:filename") == Some(3.0)
            && count(read, "409", "POST", "/api/:repo/charts") == Some(1.0)
            && count(read, "201", "POST", "/api/:repo/charts") == Some(3.0)
            && count(read, "200", "DELETE", "/api/:repo/charts/:name/:version") == Some(1.0)
            && count(read, "200", "GET", "/:repo/index.yaml") == Some(1.0)
    })
    .await;
    assert_eq!(read.value("chartmuseum_charts_served_total", &[("repo", "")]), Some(2.0));
    assert_eq!(read.value("chartmuseum_chart_versions_served_total", &[("repo", "")]), Some(2.0));
    assert_eq!(read.value("chandlery_index_bytes", &[("repo", "")]), Some(index.len() as f64));
    let address = server.address().to_string();
    let of_ours = [("host", &*address), ("code", "201"), ("handler", "chandlery")];
    assert_eq!(read.value("chartmuseum_requests_total", &of_ours), Some(3.0));
    let not_found = [("code", "404")];
    assert_eq!(read.value("chartmuseum_requests_total", &not_found), None, "as ChartMuseum");
    assert!(read.all("chartmuseum_requests_total").iter().all(|sample| sample.labels["url"] != "/metrics"));

    let labels = [("code", "201"), ("method", "POST"), ("url", "/api/:repo/charts")];
    assert_eq!(read.value("chartmuseum_request_duration_seconds_count", &labels), Some(3.0));
    assert!(read.value("chartmuseum_request_duration_seconds_sum", &labels).unwrap() > 0.0);
    let sent = read.value("chartmuseum_response_size_bytes_sum", &[]).unwrap();
    assert!(sent >= (index.len() + 3 * chart.bytes.len()) as f64, "{sent}");
    assert!(read.value("chartmuseum_request_size_bytes_sum", &[]).unwrap() >= (2 * chart.bytes.len()) as f64);

    // what the server did at its start counts too
    assert!(read.value("chandlery_commit_duration_seconds_count", &[("outcome", "committed")]).unwrap() >= 4.0);
    assert!(read.value("chandlery_journal_sequence", &[]).unwrap() >= 4.0);
    assert!(read.value("chandlery_received_bytes_total", &[]).unwrap() >= (2 * chart.bytes.len()) as f64);
    assert_eq!(read.value("chandlery_package_cache_misses_total", &[]), Some(1.0));
    assert_eq!(read.value("chandlery_package_cache_hits_total", &[]), Some(2.0));
    let written = read.value("chandlery_storage_calls_total", &[("operation", "put_new"), ("outcome", "done")]);
    assert!(written.unwrap() >= 7.0, "{written:?}");
    assert!(read.value("chandlery_open_connections", &[]).unwrap() >= 1.0);
    assert!(read.value("chandlery_connections_total", &[]) >= read.value("chandlery_open_connections", &[]));
}

#[tokio::test]
async fn q_s9_only_repositories_that_exist_have_numbers_and_clients_cannot_make_more() {
    let server = Server::with(&["--enable-metrics", "--depth-dynamic", "--context-path=/helm"]).await;
    let put = server.request(Method::POST, "/helm/api/org/team/charts").body(Chart::new("one", "1.0.0").bytes);
    server.send(put).await.expect(201);
    for n in 0..40 {
        server.get(&format!("/helm/never-{n}/index.yaml")).await.expect(200);
        let mut connection = Connection::open(&server).await;
        let odd = format!("GET /helm/org/team/index.yaml HTTP/1.1\r\nhost: host-{n}\"\r\n\r\n");
        let own = format!("GET /helm/org/team/index.yaml HTTP/1.1\r\nhost: host-{n}.example.com\r\n\r\n");
        connection.send((odd + &own).as_bytes()).await.unwrap();
        connection.answer().await.expect(200);
        connection.answer().await.expect(200);
        exchange(&server, &format!("M{n}"), "/helm/org/team/index.yaml").await.expect(404);
    }
    let url = "/helm/:repo/index.yaml";
    let read = until(&server, "all are counted", |read| {
        read.value("chartmuseum_requests_total", &[("url", url)]) == Some(120.0)
    })
    .await;
    let repositories: Vec<&String> =
        read.all("chartmuseum_charts_served_total").iter().map(|sample| &sample.labels["repo"]).collect();
    assert_eq!(repositories, ["org/team"]);
    let by_host = read.all("chartmuseum_requests_total").into_iter().filter(|sample| sample.labels["url"] == url);
    assert!(by_host.count() <= 16);
    let other = read.value("chartmuseum_requests_total", &[("url", url), ("host", "other")]).unwrap();
    assert!(other >= 40.0 + 25.0, "{other}");
}

#[tokio::test]
async fn failures_of_the_storage_are_counted() {
    let server = Server::with(&["--enable-metrics"]).await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    fs::rename(server.settings().storage(), server.settings().storage().with_file_name("hidden")).unwrap();
    server.upload(&Chart::new("two", "1.0.0")).await.expect(503);
    let read = until(&server, "the failure is counted", |read| {
        read.value("chartmuseum_requests_total", &[("code", "503"), ("method", "POST")]) == Some(1.0)
            && read.value("chandlery_degraded", &[]) == Some(1.0)
    })
    .await;
    assert!(read.value("chandlery_storage_calls_total", &[("outcome", "unavailable")]).unwrap() > 0.0);
    assert_eq!(read.value("chartmuseum_charts_served_total", &[("repo", "")]), Some(1.0));
}

#[tokio::test]
async fn nothing_is_told_unless_asked_for() {
    for launch in [Launch::default(), Launch::default().with("--depth=1"), Launch::default().with("--depth-dynamic")] {
        launch.start().await.get("/metrics").await.expect_error(404, "not found");
    }
}

#[tokio::test]
async fn encrypted_connections_have_numbers_too() {
    let authority = acceptance::Authority::new("ours");
    let server = Launch::default().with_tls(&authority).with("--enable-metrics").start().await;
    let mut plain = Connection::open(&server).await;
    plain.send(b"\x16\x03\x01\0\x05hello").await.unwrap(); // begins like a handshake, and is none
    assert!(plain.closed().await);
    let address = server.address().to_string();
    let ready = [("url", "/-/ready"), ("code", "200"), ("host", &*address)];
    // a failed handshake is counted a moment after its connection is closed
    let read = until(&server, "the handshake and the probe are counted, with the name of HTTP/2 as its host", |read| {
        read.value("chartmuseum_requests_total", &ready) == Some(1.0)
            && read.value("chandlery_tls_failed_handshakes_total", &[]) == Some(1.0)
    })
    .await;
    assert!(read.value("chandlery_tls_not_after_seconds", &[]).unwrap() > 4e9);
    assert_eq!(read.value("chandlery_tls_reload_failed", &[]), Some(0.0));
}

#[tokio::test]
async fn numbers_need_no_credentials_and_tell_none() {
    let server =
        Server::with(&["--enable-metrics", "--basic-auth-user=me", "--basic-auth-pass=hush-hush", "--debug"]).await;
    server.get("/index.yaml?token=hush-hush").await.expect(401);
    let wrong = server.request(Method::GET, "/index.yaml").basic_auth("me", Some("hush-wrong"));
    server.send(wrong).await.expect(401);
    let right = server.request(Method::GET, "/index.yaml").basic_auth("me", Some("hush-hush"));
    server.send(right).await.expect(200);
    let labels = |code| [("code", code), ("url", "/:repo/index.yaml"), ("method", "GET")];
    until(&server, "all are counted", |read| {
        read.value("chartmuseum_requests_total", &labels("401")) == Some(2.0)
            && read.value("chartmuseum_requests_total", &labels("200")) == Some(1.0)
    })
    .await;
    assert!(!server.get("/metrics").await.text().contains("hush"));
    let encoded = "aHVzaC1"; // how both passwords begin in base64, wherever the user's name ends
    let log = server.log().text();
    assert!(!log.contains("hush") && !log.contains(encoded), "{log}");
}
