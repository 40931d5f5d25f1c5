//! Who may use the registry, and how they are told.

use acceptance::{Answer, Chart, MANIFEST, Server, TokenService, sha256};
use reqwest::Method;
use serde_json::{Value, json};

const USER: [&str; 2] = ["--basic-auth-user=me", "--basic-auth-pass=secret"];
/// `me:secret`
const BASIC: &str = "Basic bWU6c2VjcmV0";

async fn with_user(more: &[&str]) -> Server {
    Server::with(&[&USER[..], more].concat()).await
}

async fn ask(server: &Server, method: Method, path: &str, authorization: &str) -> Answer {
    server.send(server.request(method, path).header("authorization", authorization)).await
}

/// A token, got as clients get it.
async fn token(server: &Server, authorization: Option<&str>, query: &str) -> Value {
    let request = server.request(Method::GET, &format!("/v2/-/token?service=x&{query}"));
    let request = authorization.iter().fold(request, |request, value| request.header("authorization", *value));
    let answer = server.send(request).await.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

async fn bearer(server: &Server, authorization: Option<&str>, scope: &str) -> String {
    let body = token(server, authorization, &format!("scope={scope}")).await;
    // O13: some clients read one, some the other
    assert_eq!(body["token"], body["access_token"]);
    assert!(body["expires_in"].as_u64().unwrap() >= 60 && body["issued_at"].is_string());
    format!("Bearer {}", body["token"].as_str().unwrap())
}

#[track_caller]
fn is_challenged(server: &Server, answer: Answer, scope: Option<&str>) {
    let answer = answer.expect_code(401, "UNAUTHORIZED");
    let mut challenges = answer.headers.get_all("www-authenticate").iter();
    let address = server.address();
    let mut expected = format!("Bearer realm=\"http://{address}/v2/-/token\",service=\"{address}\"");
    if let Some(scope) = scope {
        expected += &format!(",scope=\"{scope}\"");
    }
    assert_eq!(challenges.next().unwrap(), &expected, "{}", answer.request);
    assert!(challenges.next().is_none(), "clients read only the first");
}

#[tokio::test]
async fn o12_everything_asks_for_credentials_in_one_challenge_that_says_what_for() {
    let server = with_user(&[]).await;
    let digest = sha256(b"x");
    for (method, path, scope) in [
        (Method::GET, "/v2/".to_owned(), None),
        (Method::GET, "/v2/_catalog".to_owned(), Some("registry:catalog:*")),
        (Method::GET, "/v2/org/app/tags/list".to_owned(), Some("repository:org/app:pull")),
        (Method::GET, "/v2/org/app/manifests/1.0.0".to_owned(), Some("repository:org/app:pull")),
        (Method::GET, format!("/v2/org/app/blobs/{digest}"), Some("repository:org/app:pull")),
        (Method::GET, format!("/v2/org/app/referrers/{digest}"), Some("repository:org/app:pull")),
        (Method::POST, "/v2/org/app/blobs/uploads/".to_owned(), Some("repository:org/app:pull,push")),
        (Method::PATCH, "/v2/org/app/blobs/uploads/x".to_owned(), Some("repository:org/app:pull,push")),
        (Method::PUT, "/v2/org/app/manifests/1.0.0".to_owned(), Some("repository:org/app:pull,push")),
        (Method::DELETE, "/v2/org/app/manifests/1.0.0".to_owned(), Some("repository:org/app:delete,pull,push")),
        (Method::DELETE, format!("/v2/org/app/blobs/{digest}"), Some("repository:org/app:delete,pull,push")),
    ] {
        is_challenged(&server, server.send(server.request(method.clone(), &path)).await, scope);
        is_challenged(&server, ask(&server, method.clone(), &path, "Basic bWU6d3Jvbmc=").await, scope);
        is_challenged(&server, ask(&server, method.clone(), &path, "Bearer a.b.c").await, scope);
        let answer = ask(&server, method, &path, BASIC).await;
        assert!(![401, 403].contains(&answer.status), "{answer:?}");
    }
}

#[tokio::test]
async fn o13_a_token_holds_what_was_asked_for_and_no_more() {
    let server = with_user(&[]).await;
    let reading = bearer(&server, Some(BASIC), "repository:org/app:pull").await;
    ask(&server, Method::GET, "/v2/", &reading).await.expect(200);
    // O11: what is not there is absent for those who may read, before it was ever pushed
    let absent = ask(&server, Method::HEAD, "/v2/org/app/manifests/1.0.0", &reading).await;
    assert_eq!(absent.status, 404);
    let begin = "/v2/org/app/blobs/uploads/";
    is_challenged(&server, ask(&server, Method::POST, begin, &reading).await, Some("repository:org/app:pull,push"));
    let tags = ask(&server, Method::GET, "/v2/org/other/tags/list", &reading).await;
    is_challenged(&server, tags, Some("repository:org/other:pull"));
    let writing = bearer(&server, Some(BASIC), "repository:org/app:pull,push").await;
    ask(&server, Method::POST, begin, &writing).await.expect(202);
    // several scopes, one by one or in one parameter
    for query in [
        "scope=repository:org/app:pull&scope=repository:org/other:pull",
        "scope=repository:org/app:pull%20repository:org/other:pull",
    ] {
        let both = token(&server, Some(BASIC), query).await;
        let both = format!("Bearer {}", both["token"].as_str().unwrap());
        for name in ["org/app", "org/other"] {
            ask(&server, Method::GET, &format!("/v2/{name}/tags/list"), &both).await.expect(404);
        }
    }
    let catalog = bearer(&server, Some(BASIC), "registry:catalog:*").await;
    ask(&server, Method::GET, "/v2/_catalog", &catalog).await.expect(200);
    is_challenged(&server, ask(&server, Method::GET, "/v2/_catalog", &reading).await, Some("registry:catalog:*"));
    // nobody is refused for asking too much: they get less
    let nobody = bearer(&server, None, "repository:org/app:pull,push").await;
    is_challenged(&server, ask(&server, Method::GET, "/v2/", &nobody).await, None);
    let tags = ask(&server, Method::GET, "/v2/org/app/tags/list", &nobody).await;
    is_challenged(&server, tags, Some("repository:org/app:pull"));
    let wrong = ask(&server, Method::GET, "/v2/-/token", "Basic bWU6d3Jvbmc=").await.expect_code(401, "UNAUTHORIZED");
    assert_eq!(wrong.header("www-authenticate"), Some("Basic realm=\"ChartMuseum\""));
    // the other door asks for the password itself
    ask(&server, Method::GET, "/index.yaml", &writing).await.expect_error(401, "unauthorized");
}

#[tokio::test]
async fn tokens_are_got_by_a_form_and_by_what_stands_for_a_password() {
    let mut server = with_user(&[]).await;
    let form = async |server: &Server, body: &str| {
        let request = server.request(Method::POST, "/v2/-/token");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned());
        server.send(request).await
    };
    let scope = "service=x&client_id=test&scope=repository:org/app:pull%20repository:org/app:push";
    let password = "grant_type=password&username=me&password=secret";
    let first = form(&server, &format!("{password}&access_type=offline&{scope}")).await.expect(200).json();
    let refresh = first["refresh_token"].as_str().unwrap().to_owned();
    server.restart().await;
    let again = form(&server, &format!("grant_type=refresh_token&refresh_token={refresh}&{scope}")).await;
    let again = again.expect(200).json();
    for token in [&first, &again] {
        let token = format!("Bearer {}", token["access_token"].as_str().unwrap());
        ask(&server, Method::POST, "/v2/org/app/blobs/uploads/", &token).await.expect(202);
    }
    let by_get = token(&server, Some(BASIC), "offline_token=true").await;
    assert!(by_get["refresh_token"].is_string());
    assert_eq!(token(&server, None, "offline_token=true").await.get("refresh_token"), None);
    for wrong in [
        "grant_type=password&username=me&password=wrong",
        "grant_type=password",
        "grant_type=refresh_token&refresh_token=x",
        &format!("grant_type=refresh_token&refresh_token={}", first["access_token"].as_str().unwrap()),
    ] {
        form(&server, wrong).await.expect_code(401, "UNAUTHORIZED");
    }
    for odd in ["", "grant_type=other", "x"] {
        form(&server, odd).await.expect_code(400, "UNSUPPORTED");
    }
    form(&server, &format!("scope={}", "x".repeat(70_000))).await.expect_code(413, "SIZE_INVALID");
    is_challenged(&server, ask(&server, Method::GET, "/v2/", &format!("Bearer {refresh}")).await, None);
}

#[tokio::test]
async fn reading_is_free_where_the_settings_say_so_and_pushing_is_not() {
    let mut server = with_user(&["--auth-anonymous-get"]).await;
    server.authorize(BASIC);
    server.push_image("org/app", "latest", "layer").await;
    server.forget_credentials();
    let nobody = bearer(&server, None, "repository:org/app:pull,push").await;
    for authorization in [None, Some(&*nobody), Some("Basic bWU6d3Jvbmc=")] {
        let get = async |path: &str| match authorization {
            Some(authorization) => ask(&server, Method::GET, path, authorization).await,
            None => server.get(path).await,
        };
        get("/v2/org/app/manifests/latest").await.expect(200);
        get("/v2/org/app/tags/list").await.expect(200);
        get("/v2/_catalog").await.expect(200);
    }
    ask(&server, Method::GET, "/v2/", &nobody).await.expect(200);
    // who logs in shows a password here first, and should be told if it is wrong
    is_challenged(&server, server.get("/v2/").await, None);
    is_challenged(&server, ask(&server, Method::GET, "/v2/", "Basic bWU6d3Jvbmc=").await, None);
    let begin = server.send(server.request(Method::POST, "/v2/org/app/blobs/uploads/")).await;
    is_challenged(&server, begin, Some("repository:org/app:pull,push"));
}

#[tokio::test]
async fn the_realm_is_where_the_client_came_to() {
    let server = with_user(&[]).await;
    let realm = async |server: &Server, headers: &[(&str, &str)]| {
        let request = headers
            .iter()
            .fold(server.request(Method::GET, "/v2/"), |request, (name, value)| request.header(*name, *value));
        let answer = server.send(request).await.expect(401);
        let challenge = answer.header("www-authenticate").unwrap().to_owned();
        challenge.split('"').nth(1).unwrap().to_owned()
    };
    let proxied = [("host", "charts.example"), ("x-forwarded-proto", "https")];
    assert_eq!(realm(&server, &proxied).await, "https://charts.example/v2/-/token");
    let server = with_user(&["--chart-url=https://public.example/charts", "--context-path=/charts"]).await;
    assert_eq!(realm(&server, &proxied).await, "https://public.example/v2/-/token");
    token(&server, Some(BASIC), "").await;
}

#[tokio::test]
async fn a_token_service_guards_both_doors() {
    let service = TokenService::default();
    let settings = service.settings();
    let mut server = Server::with(&settings.iter().map(String::as_str).chain(["--depth=1"]).collect::<Vec<_>>()).await;
    let challenge = |scope: &str| {
        let (realm, service) = (TokenService::REALM, TokenService::SERVICE);
        format!("Bearer realm=\"{realm}\",service=\"{service}\",scope=\"{scope}\"")
    };
    let refused = server.get("/v2/org/one/tags/list").await.expect_code(401, "UNAUTHORIZED");
    assert_eq!(refused.header("www-authenticate"), Some(&*challenge("repository:org/one:pull")));
    server.get("/v2/-/token").await.expect_code(404, "UNSUPPORTED");
    let chart = Chart::new("one", "1.0.0");
    server.authorize(format!("Bearer {}", service.token("org", &["pull", "push"])));
    server.get("/v2/").await.expect(200);
    server.push_chart("org", &chart, None).await.expect(201);
    assert_eq!(server.pull("org", "one", "1.0.0").await, chart.bytes);
    server.authorize(format!("Bearer {}", service.token("org", &["pull"])));
    server.get("/v2/org/one/tags/list").await.expect(200);
    let refused = server.put_manifest("org/one", "2.0.0", MANIFEST, "{}").await.expect_code(401, "UNAUTHORIZED");
    assert_eq!(refused.header("www-authenticate"), Some(&*challenge("repository:org/one:pull,push")));
    server.get("/v2/other/one/tags/list").await.expect_code(401, "UNAUTHORIZED");
    server.get("/v2/_catalog").await.expect_code(401, "UNAUTHORIZED");
    let entries =
        |aud: &str| json!({ "aud": aud, "access": [{ "type": "repository", "name": "org/one", "actions": ["pull"] }] });
    server.authorize(format!("Bearer {}", service.sign(&entries(TokenService::SERVICE))));
    server.get("/v2/org/one/tags/list").await.expect(200);
    server.get("/v2/org/two/tags/list").await.expect_code(401, "UNAUTHORIZED");
    // it names a chart of the registry, and no repository of the classic door: one may be called so
    let named = json!([{ "type": "repository", "name": "org", "actions": ["pull", "push", "delete"] }]);
    let named = service.sign(&json!({ "aud": TokenService::SERVICE, "access": named }));
    server.authorize(format!("Bearer {named}"));
    server.get("/v2/org/tags/list").await.expect_code(404, "NAME_UNKNOWN");
    for path in ["/org/index.yaml", "/api/org/charts", "/org/charts/one-1.0.0.tgz"] {
        let refused = server.get(path).await.expect_error(401, "unauthorized");
        assert_eq!(refused.header("www-authenticate"), Some(&*challenge("artifact-repository:org:pull")));
    }
    server.upload_to("org", &Chart::new("two", "1.0.0")).await.expect_error(401, "unauthorized");
    server.delete("/api/org/charts/one/1.0.0").await.expect_error(401, "unauthorized");
    // and the name of the root means a repository that is called so, where there is no root
    server.authorize(format!("Bearer {}", service.token("repo", &["pull", "push"])));
    server.get("/v2/app/tags/list").await.expect_code(401, "UNAUTHORIZED");
    server.get("/v2/repo/app/tags/list").await.expect_code(404, "NAME_UNKNOWN");
    server.authorize(format!("Bearer {}", service.sign(&entries("elsewhere"))));
    server.get("/v2/org/one/tags/list").await.expect_code(401, "UNAUTHORIZED");
}
