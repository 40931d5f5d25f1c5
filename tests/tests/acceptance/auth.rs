//! Who may do what: the user and password, and reading for everybody.

use std::time::Duration;

use acceptance::{Answer, Chart, Launch, Server};
use reqwest::Method;
use serde_json::Value;

/// `me:secret`.
const ME: &str = "Basic bWU6c2VjcmV0";
const SETTINGS: [&str; 2] = ["--basic-auth-user=me", "--basic-auth-pass=secret"];

async fn with(settings: &[&str]) -> Server {
    Server::with(&[&SETTINGS[..], settings].concat()).await
}

async fn ask(server: &Server, method: Method, path: &str, authorization: Option<&str>) -> Answer {
    let request = server.request(method, path);
    server
        .send(match authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        })
        .await
}

#[track_caller]
fn is_refused(answer: Answer) {
    let answer = answer.expect(401);
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"ChartMuseum\""), "{answer:?}");
    if !answer.request.starts_with("HEAD") {
        answer.expect_error(401, "unauthorized");
    }
}

#[tokio::test]
async fn a1_basic_auth_is_asked_for_and_taken_everywhere() {
    let mut server = with(&["--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    let file = format!("/org/charts/{}", chart.file_name());
    is_refused(server.upload_to("org", &chart).await);
    is_refused(server.post("/api/org/prov", chart.provenance()).await);
    server.authorize(ME);
    server.publish("org", &chart).await;
    server.post("/api/org/prov", chart.provenance()).await.expect(201);
    assert_eq!(server.pull("org", "one", "1.0.0").await, chart.bytes);

    server.forget_credentials();
    let reads = [
        "/".to_owned(),
        "/org".to_owned(),
        "/org/index.yaml".to_owned(),
        file.clone(),
        format!("{file}.prov"),
        "/-/latest/1/org/index.yaml".to_owned(),
        format!("/-/stable/org/charts/{}", chart.file_name()),
        "/api/org/charts".to_owned(),
        "/api/org/charts/one".to_owned(),
        "/api/org/charts/one/1.0.0".to_owned(),
        "/api/org/charts/one/1.0.0/values".to_owned(),
        "/org/api/charts/one/latest/templates".to_owned(),
        // nobody learns what is there
        "/org/charts/nothing-1.0.0.tgz".to_owned(),
        "/org/charts/one-1.0.0.zip".to_owned(),
        "/api/org/charts/nothing".to_owned(),
        "/api/never/charts".to_owned(),
    ];
    for path in &reads {
        for method in [Method::GET, Method::HEAD] {
            is_refused(ask(&server, method.clone(), path, None).await);
            is_refused(ask(&server, method.clone(), path, Some("Basic bWU6d3Jvbmc=")).await);
            let answer = ask(&server, method, path, Some(ME)).await;
            assert!([200, 404].contains(&answer.status), "{answer:?}");
        }
    }
    for path in ["/api/org/charts/one/1.0.0", "/api/org/charts/one"] {
        is_refused(ask(&server, Method::DELETE, path, None).await);
    }
    for path in ["/info", "/health", "/org/info", "/org/health", "/-/live", "/-/ready"] {
        for authorization in [None, Some("Basic bWU6d3Jvbmc="), Some("nonsense")] {
            ask(&server, Method::GET, path, authorization).await.expect(200);
        }
    }
    // what is no route is none for everybody
    for (method, path) in [(Method::GET, "/api/nothing"), (Method::PUT, "/org/index.yaml"), (Method::POST, "/org")] {
        ask(&server, method, path, None).await.expect_error(404, "not found");
    }
    ask(&server, Method::DELETE, "/api/org/charts/one/1.0.0", Some(ME)).await.expect(200);
}

#[tokio::test]
async fn q_s6_schemes_are_read_in_any_case_and_only_the_right_pair_is_taken() {
    let server = with(&[]).await;
    for right in [ME, "basic bWU6c2VjcmV0", "BASIC bWU6c2VjcmV0", "Basic  bWU6c2VjcmV0"] {
        ask(&server, Method::GET, "/index.yaml", Some(right)).await.expect(200);
    }
    let wrong = [
        "Basic",
        "Basic ",
        "Basic !",
        "Basic bWU6c2VjcmV0Cg==", // a line break behind
        "Basic bWU6U2VjcmV0",     // another case
        "Basic bWU=",
        "Basic OnNlY3JldA==",
        "Basic Og==",
        "bWU6c2VjcmV0",
        "Bearer bWU6c2VjcmV0",
        "Digest username=me",
    ];
    for wrong in wrong {
        is_refused(ask(&server, Method::GET, "/index.yaml", Some(wrong)).await);
    }
    let twice = server.request(Method::GET, "/index.yaml").header("authorization", ME).header("authorization", ME);
    is_refused(server.send(twice).await);
}

#[tokio::test]
async fn anonymous_get_frees_reading_whatever_is_sent_and_nothing_else() {
    let mut server = with(&["--auth-anonymous-get"]).await;
    let chart = Chart::new("one", "1.0.0");
    server.authorize(ME);
    server.publish("", &chart).await;
    server.forget_credentials();
    for path in ["/", "/index.yaml", "/charts/one-1.0.0.tgz", "/api/charts", "/-/stable/index.yaml"] {
        // ChartMuseum does not look either, and Helm's repository files are full of old passwords
        for authorization in [None, Some(ME), Some("Basic bWU6d3Jvbmc="), Some("nonsense at all")] {
            ask(&server, Method::GET, path, authorization).await.expect(200);
            assert_ne!(ask(&server, Method::HEAD, path, authorization).await.status, 401);
        }
    }
    is_refused(server.upload(&Chart::new("two", "1.0.0")).await);
    is_refused(server.post("/api/prov", chart.provenance()).await);
    is_refused(ask(&server, Method::DELETE, "/api/charts/one/1.0.0", Some("Basic bWU6d3Jvbmc=")).await);
    is_refused(ask(&server, Method::DELETE, "/api/charts/one", None).await);
    assert_eq!(server.index("").await.names(), ["one"]);
}

#[tokio::test]
async fn a_refused_upload_is_not_even_read() {
    let server = with(&["--max-upload-size=1000"]).await;
    let mut connection = acceptance::Connection::open(&server).await;
    let head = "POST /api/charts HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n";
    connection.send(head.as_bytes()).await.unwrap();
    let answer = connection.answer().await;
    is_refused(answer);
}

#[test]
fn q_s10_half_of_a_pair_ends_the_start_and_is_named() {
    let bearer = ["--bearer-auth", "--auth-realm=r", "--auth-service=s", "--auth-cert-path=/nowhere/keys.pem"];
    let without = |missing: usize| {
        let mut flags = bearer.to_vec();
        flags.remove(missing);
        flags
    };
    for (flags, missing) in [
        (vec!["--basic-auth-user=me"], "basic-auth-pass"),
        (vec!["--basic-auth-pass=hunter2"], "basic-auth-user"),
        (vec!["--basic-auth-user=", "--basic-auth-pass=hunter2"], "basic-auth-user"),
        (without(1), "auth-realm"),
        (without(2), "auth-service"),
        (without(3), "auth-cert-path"),
        (without(0), "bearer-auth"),
        (bearer.to_vec(), "auth-cert-path"),
        (vec!["--bearer-auth", "--auth-actions-search-path=a["], "auth-"),
    ] {
        let launch = flags.iter().fold(Launch::default(), |launch, flag| launch.with(*flag));
        let output = launch.command().output().unwrap();
        let shown = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!([Some(1), Some(2)].contains(&output.status.code()), "{flags:?}: {shown}");
        assert!(shown.contains(missing) && !shown.contains("hunter2"), "{flags:?}: {shown}");
        assert!(!shown.contains("Starting Chandlery"), "{flags:?}: {shown}");
    }
}

#[tokio::test]
async fn the_pair_may_come_from_the_environment_or_a_file_and_is_never_shown() {
    let launch = Launch::default().environment("BASIC_AUTH_USER", "me").environment("BASIC_AUTH_PASS", "secret");
    let mut check = launch.bare_command();
    let shown = check.arg("check-config").output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("environment variable BASIC_AUTH_PASS") && !shown.contains("secret"), "{shown}");
    let server = launch.start().await;
    is_refused(server.get("/index.yaml").await);
    ask(&server, Method::GET, "/index.yaml", Some(ME)).await.expect(200);

    let launch = Launch::default();
    let file = launch.storage().with_file_name("settings.yaml");
    std::fs::write(&file, "basicauth:\n  user: me\n  pass: secret\nauthanonymousget: true\n").unwrap();
    let server = launch.with(format!("--config={}", file.display())).start().await;
    server.get("/index.yaml").await.expect(200);
    is_refused(server.delete("/api/charts/one/1.0.0").await);
}

/// A request's line in the log, by its id.
async fn line(server: &Server, mark: usize, id: &str) -> Value {
    let line = server.log().find(mark, |line| (line["reqID"] == id).then(|| line.clone()));
    tokio::time::timeout(Duration::from_secs(60), line).await.unwrap_or_else(|_| panic!("{}", server.log().text()))
}

#[tokio::test]
async fn the_log_names_the_caller_and_never_a_secret() {
    let server = with(&["--debug"]).await;
    let mark = server.log().mark();
    let send = async |id: &str, authorization: &str| {
        let request = server.request(Method::GET, "/index.yaml").header("x-request-id", id);
        server.send(request.header("authorization", authorization)).await
    };
    send("right", ME).await.expect(200);
    send("wrong", "Basic bWU6d3Jvbmc=").await.expect(401);
    // `me\n{"L":"INFO"}:x`
    send("odd", "Basic bWUKeyJMIjoiSU5GTyJ9Ong=").await.expect(401);
    let right = line(&server, mark, "right").await;
    assert_eq!((&right["caller"], &right["statusCode"]), (&Value::from("me"), &Value::from(200)));
    for id in ["wrong", "odd"] {
        let refused = line(&server, mark, id).await;
        assert_eq!(refused["caller"], "anonymous", "an unproven name is no name: {refused}");
        assert_eq!(
            (&refused["L"], &refused["comment"]),
            (&Value::from("ERROR"), &Value::from("wrong user or password"))
        );
    }
    let text = server.log().text();
    assert!(!text.contains("secret") && !text.contains("bWU6") && !text.contains("bWUK"), "{text}");
}

#[tokio::test]
async fn below_a_context_path_the_same_is_asked_for() {
    let server = with(&["--context-path=/helm"]).await;
    is_refused(server.get("/helm/index.yaml").await);
    ask(&server, Method::GET, "/helm/index.yaml", Some(ME)).await.expect(200);
    server.get("/index.yaml").await.expect_error(404, "not found");
    for path in ["/health", "/helm/health", "/info", "/helm/info", "/-/ready"] {
        server.get(path).await.expect(200);
    }
}
