//! Tokens of a token service, good and bad.

use std::time::Duration;

use acceptance::{Answer, Chart, Server, TokenService, exchange};
use reqwest::Method;
use serde_json::{Value, json};

async fn with(service: &TokenService, settings: &[&str]) -> Server {
    let own = service.settings();
    let all: Vec<&str> = own.iter().map(String::as_str).chain(settings.iter().copied()).collect();
    Server::with(&all).await
}

async fn ask(server: &Server, method: Method, path: &str, authorization: &str) -> Answer {
    server.send(server.request(method, path).header("authorization", authorization)).await
}

async fn get(server: &Server, path: &str, token: &str) -> Answer {
    ask(server, Method::GET, path, &format!("Bearer {token}")).await
}

fn challenge(name: &str, action: &str) -> String {
    let (realm, service) = (TokenService::REALM, TokenService::SERVICE);
    format!("Bearer realm=\"{realm}\",service=\"{service}\",scope=\"artifact-repository:{name}:{action}\"")
}

#[track_caller]
fn is_refused(answer: Answer, name: &str, action: &str) {
    let answer = answer.expect_error(401, "unauthorized");
    assert_eq!(answer.header("www-authenticate"), Some(&*challenge(name, action)), "{}", answer.request);
}

#[tokio::test]
async fn a3_tokens_are_taken_on_the_classic_api_in_every_form_that_clients_have() {
    let service = TokenService::default();
    let mut server = with(&service, &["--depth=2", "--auth-token-header=X-Charts-Token"]).await;
    let token = service.token("org/team", &["pull", "push"]);
    let chart = Chart::new("one", "1.0.0");
    is_refused(server.upload_to("org/team", &chart).await, "org/team", "push");
    server.authorize(format!("Bearer {token}"));
    server.publish("org/team", &chart).await;
    assert_eq!(server.pull("org/team", "one", "1.0.0").await, chart.bytes);
    server.forget_credentials();

    let path = "/org/team/index.yaml";
    is_refused(server.get(path).await, "org/team", "pull");
    for authorization in [format!("Bearer {token}"), format!("bearer {token}"), token.clone()] {
        ask(&server, Method::GET, path, &authorization).await.expect(200);
    }
    // `cm-push --access-token … --auth-header X-Charts-Token`
    let answer = server.get_with(path, "x-charts-token", &token).await.expect(200);
    let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
    assert!(vary.iter().any(|vary| *vary == "x-charts-token"), "a shared cache knows no such header: {answer:?}");
    is_refused(server.get_with(path, "x-charts-token", &format!("Bearer {token}")).await, "org/team", "pull");
    is_refused(server.get_with(path, "x-other-token", &token).await, "org/team", "pull");
    ask(&server, Method::DELETE, "/api/org/team/charts/one/1.0.0", &format!("Bearer {token}")).await.expect(200);
}

#[tokio::test]
async fn a1_a_token_is_taken_as_the_password_of_any_user() {
    let service = TokenService::default();
    let server = with(&service, &[]).await;
    let token = service.token("repo", &["pull"]);
    for user in ["token", "", "me@example.com"] {
        let request = server.request(Method::GET, "/index.yaml").basic_auth(user, Some(&token));
        server.send(request).await.expect(200);
    }
    let request = server.request(Method::GET, "/index.yaml").basic_auth(&token, None::<&str>);
    is_refused(server.send(request).await, "repo", "pull");
}

#[tokio::test]
async fn bearer_auth_wins_over_a_user_and_password() {
    let service = TokenService::default();
    let server = with(&service, &["--basic-auth-user=me", "--basic-auth-pass=secret"]).await;
    let request = server.request(Method::GET, "/index.yaml").basic_auth("me", Some("secret"));
    is_refused(server.send(request).await, "repo", "pull");
    get(&server, "/index.yaml", &service.token("repo", &["pull"])).await.expect(200);
}

/// What a client does with a challenge: it asks the service for what stands there, and comes again with the token.
#[tokio::test]
async fn a4_what_the_challenge_asks_for_is_what_opens_the_door() {
    let service = TokenService::default();
    let server = with(&service, &["--depth-dynamic"]).await;
    let chart = Chart::new("one", "1.0.0");
    for repository in ["", "org", "a/b/c"] {
        let upload = async |authorization: &str| {
            let path = format!("/api/{repository}/charts?force").replace("//", "/");
            let request = server.request(Method::POST, &path).body(chart.bytes.clone());
            server.send(request.header("authorization", authorization)).await
        };
        let refused = upload("").await.expect(401);
        let challenge = refused.header("www-authenticate").unwrap().to_owned();
        let scope = challenge.rsplit_once("scope=\"").unwrap().1.trim_end_matches('"');
        let parts: Vec<&str> = scope.split(':').collect();
        let [kind, name, action] = parts[..] else { panic!("{challenge}") };
        upload(&format!("Bearer {}", service.token_of(kind, name, &[action]))).await.expect(201);
    }
    // a registry's entry is a right to one chart there, and none to a repository of that name
    let token = service.token_of("repository", "org", &["pull", "push"]);
    is_refused(get(&server, "/org/index.yaml", &token).await, "org", "pull");
}

#[tokio::test]
async fn a_token_opens_its_repository_and_no_other() {
    let service = TokenService::default();
    let server = with(&service, &["--depth=1"]).await;
    let pull = service.token("org", &["pull"]);
    get(&server, "/org/index.yaml", &pull).await.expect(200);
    get(&server, "/-/latest/1/org/index.yaml", &pull).await.expect(200);
    get(&server, "/api/org/charts", &pull).await.expect(200);
    is_refused(get(&server, "/other/index.yaml", &pull).await, "other", "pull");
    is_refused(get(&server, "/-/latest/1/other/index.yaml", &pull).await, "other", "pull");
    is_refused(get(&server, "/api/other/charts", &pull).await, "other", "pull");
    is_refused(get(&server, "/", &pull).await, "repo", "pull");
    let bearer = format!("Bearer {pull}");
    is_refused(ask(&server, Method::POST, "/api/org/charts", &bearer).await, "org", "push");
    is_refused(ask(&server, Method::DELETE, "/api/org/charts/one", &bearer).await, "org", "push");
    let push = service.token("org", &["push"]);
    is_refused(get(&server, "/org/index.yaml", &push).await, "org", "pull");
    ask(&server, Method::DELETE, "/api/org/charts/one", &format!("Bearer {push}")).await.expect(404);
}

/// Hostile tokens: refused in one word, nothing happens, and the server goes on.
#[tokio::test]
async fn q_s5_a_bad_token_is_refused_and_nothing_else_happens() {
    let service = TokenService::default();
    let server = with(&service, &[]).await;
    let mark = server.log().mark();
    let good = json!({
        "sub": "x\n{\"L\":\"INFO\"}\u{1b}[31m",
        "access": [{ "type": "artifact-repository", "name": "repo", "actions": ["pull", "push"] }],
    });
    let changed = |change: Value| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        service.sign(&claims)
    };
    let signed = service.sign(&good);
    let parts: Vec<&str> = signed.split('.').collect();
    // {"alg":"none","typ":"JWT"}
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let confused = {
        let key = jsonwebtoken::EncodingKey::from_secret(TokenService::public_key().as_bytes());
        jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256), &good, &key).unwrap()
    };
    let mut tokens = vec![
        ("alg none", format!("{none}.{}.", parts[1])),
        ("alg none with a signature", format!("{none}.{}.{}", parts[1], parts[2])),
        ("signed with the public key", confused),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("expired", changed(json!({ "exp": 1 }))),
        ("expired long ago", changed(json!({ "exp": -1.5e300 }))),
        ("not yet", changed(json!({ "nbf": 99_999_999_999u64 }))),
        ("odd exp", changed(json!({ "exp": "tomorrow" }))),
        ("without the claim", service.sign(&json!({ "sub": "ci" }))),
        ("too long", changed(json!({ "padding": "x".repeat(20_000) }))),
        ("no token", "no-token".to_owned()),
    ];
    for access in [json!(null), json!({}), json!("repo"), json!([null, 1, []]), json!([{ "name": "repo" }])] {
        tokens.push(("of another shape", changed(json!({ "access": access }))));
    }
    let chart = Chart::new("one", "1.0.0");
    for (what, token) in &tokens {
        let bearer = format!("Bearer {token}");
        is_refused(ask(&server, Method::GET, "/index.yaml", &bearer).await, "repo", "pull");
        let request = server.request(Method::POST, "/api/charts").header("authorization", &bearer);
        let answer = server.send(request.body(chart.bytes.clone())).await;
        assert_eq!(answer.text(), r#"{"error":"unauthorized"}"#, "{what}");
        is_refused(answer, "repo", "push");
    }
    get(&server, "/index.yaml", &signed).await.expect(200);
    assert_eq!(server.files(""), [""; 0]);
    // the log may still be writing lines of the start
    let is_asked = |line: &str| line.contains("\"/index.yaml\"") || line.contains("\"/api/charts\"");
    let lines = server
        .until("all requests are logged", async |server| {
            let lines: Vec<_> = server.log().since(mark).into_iter().filter(|line| is_asked(line)).collect();
            (lines.len() > tokens.len() * 2).then_some(lines)
        })
        .await;
    for line in lines {
        let read: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(!line.contains("panic") && read["statusCode"] != 500, "{line}");
        assert!(read["statusCode"] == 200 || !read["comment"].as_str().unwrap().is_empty(), "{line}");
        assert!(!line.contains(parts[2]) && !line.contains(parts[1]), "{line}");
    }
}

#[tokio::test]
async fn q_s3_a_hostile_path_is_compared_as_it_is() {
    let service = TokenService::default();
    let server = with(&service, &["--depth-dynamic"]).await;
    server.place("o/secret/one-1.0.0.tgz", &Chart::new("one", "1.0.0").bytes);
    let token = service.token("/../o/secret", &["pull"]);
    let other = service.token("org", &["pull"]);
    for hostile in [
        "x'%20%7C%7C%20type=='artifact-repository'%20%7C%7C%20name=='",
        "x'%20%7C%7C%20%60true%60%20%7C%7C%20'",
        "x%5C'%20%7C%7C%20%60true%60%20%7C%7C%20%5C'",
        "$ACCESS_ENTRY_TYPE",
        "o/secret",
        "x'%20%7C%7C%20type=='artifact-repository'%20%7C%7C%20name=='/../o/secret",
    ] {
        for token in [&token, &other] {
            for path in [format!("/{hostile}/index.yaml"), format!("/api/{hostile}/charts")] {
                let answer = get(&server, &path, token).await;
                assert!([401, 404].contains(&answer.status), "{answer:?}");
                if answer.status == 401 {
                    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer realm="));
                }
            }
        }
        exchange(&server, "GET", &format!("/{hostile}/index.yaml")).await;
    }
    // quotes in a name stay in their place in the challenge
    let quoted = get(&server, "/a%22b/index.yaml", &other).await.expect(401);
    let expected = challenge("a\\\"b", "pull");
    assert_eq!(quoted.header("www-authenticate"), Some(&*expected));
    // and whoever has a right to an odd name uses it
    let odd = "x' || `true` || '";
    get(&server, "/x'%20%7C%7C%20%60true%60%20%7C%7C%20'/index.yaml", &service.token(odd, &["pull"])).await.expect(200);
}

#[tokio::test]
async fn q_s4_expiry_audience_and_issuer_are_held_to_if_asked_for() {
    let service = TokenService::default();
    let issuer = "https://issuer.example.com";
    let server =
        with(&service, &["--auth-require-expiry", "--auth-audience=charts", &format!("--auth-issuer={issuer}")]).await;
    let access = json!([{ "type": "artifact-repository", "name": "repo", "actions": ["pull"] }]);
    let all = json!({ "access": access, "exp": 99_999_999_999u64, "aud": ["charts", "x"], "iss": issuer });
    get(&server, "/index.yaml", &service.sign(&all)).await.expect(200);
    for claim in ["exp", "aud", "iss"] {
        let mut claims = all.clone();
        claims.as_object_mut().unwrap().remove(claim);
        is_refused(get(&server, "/index.yaml", &service.sign(&claims)).await, "repo", "pull");
        claims[claim] = "other".into();
        is_refused(get(&server, "/index.yaml", &service.sign(&claims)).await, "repo", "pull");
    }
    // without these settings ChartMuseum's tokens go on working
    let plain = with(&service, &[]).await;
    get(&plain, "/index.yaml", &service.sign(&json!({ "access": access }))).await.expect(200);
}

#[tokio::test]
async fn a_path_of_ones_own_finds_the_actions_and_takes_no_code_from_the_path() {
    let service = TokenService::default();
    let path = "--auth-actions-search-path=rights[?repository=='$NAMESPACE' && kind=='$ACCESS_ENTRY_TYPE'].can | []";
    let server = with(&service, &["--depth-dynamic", path]).await;
    let token = service.sign(&json!({
        "rights": [{ "repository": "org", "kind": "artifact-repository", "can": ["pull"] }],
    }));
    get(&server, "/org/index.yaml", &token).await.expect(200);
    is_refused(get(&server, "/other/index.yaml", &token).await, "other", "pull");
    is_refused(get(&server, "/org/index.yaml", &service.token("org", &["pull"])).await, "org", "pull");
    let hostile = get(&server, "/x'%20%7C%7C%20repository=='org/index.yaml", &token).await;
    is_refused(hostile, "x' || repository=='org", "pull");
}

#[tokio::test]
async fn lists_show_what_a_token_may_read_in_pages_of_any_size() {
    let service = TokenService::default();
    let of_type = "--auth-actions-search-path=rights[?repository=='$NAMESPACE' && kind=='$ACCESS_ENTRY_TYPE'].can | []";
    for settings in [&["--depth=1"][..], &["--depth=1", of_type]] {
        let mut server = with(&service, settings).await;
        // the same claim under both names
        let token = |rights: &[(&str, &str)]| {
            let right = |(name, action): &(&str, &str)| {
                let kind = "artifact-repository";
                json!({ "name": name, "repository": name, "type": kind, "kind": kind, "actions": [action], "can": [action] })
            };
            let rights: Vec<_> = rights.iter().map(right).collect();
            service.sign(&json!({ "access": rights, "rights": rights }))
        };
        for repository in ["a", "b", "c", "d", "e"] {
            server.authorize(format!("Bearer {}", token(&[(repository, "push")])));
            server.publish(repository, &Chart::new(&format!("chart-{repository}"), "1.0.0")).await;
        }
        server.forget_credentials();
        for (rights, expected) in [
            (&[("b", "pull"), ("d", "pull"), ("c", "push"), ("none", "pull")][..], &["b", "d"][..]),
            (&[("e", "pull")], &["e"]),
            (&[("a", "pull"), ("b", "pull"), ("c", "pull"), ("d", "pull"), ("e", "pull")], &["a", "b", "c", "d", "e"]),
        ] {
            let token = token(rights);
            for (list, field) in [("repositories", "path"), ("charts", "repository"), ("versions", "repository")] {
                for limit in [1, 2, 100] {
                    let (mut found, mut next) = (Vec::new(), format!("?limit={limit}"));
                    loop {
                        let page = get(&server, &format!("/-/api/v1/{list}{next}"), &token).await.expect(200).json();
                        let lines = page[list].as_array().unwrap();
                        found.extend(lines.iter().map(|line| line[field].as_str().unwrap().to_owned()));
                        match page["next"].as_str() {
                            Some(more) => next = more.to_owned(),
                            None => break,
                        }
                    }
                    assert_eq!(found, expected, "{list} {limit} {rights:?}");
                }
            }
        }
        for rights in [&[][..], &[("a", "push")], &[("none", "pull")]] {
            is_refused(get(&server, "/-/api/v1/charts", &token(rights)).await, "repo", "pull");
        }
    }
}

#[tokio::test]
async fn changed_keys_are_taken_over_while_the_server_runs_and_broken_ones_are_not() {
    let service = TokenService::default();
    let server = with(&service, &[]).await;
    let token = service.token("repo", &["pull"]);
    get(&server, "/index.yaml", &token).await.expect(200);
    let mark = server.log().mark();
    let found = async |text: &str| {
        server
            .until(text, async |server| server.log().since(mark).iter().any(|line| line.contains(text)).then_some(()))
            .await;
    };
    service.publish("broken");
    found("The keys of tokens cannot be read again").await;
    get(&server, "/index.yaml", &token).await.expect(200);
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    service.publish(&other.public_key_pem());
    found("The keys of tokens were read again").await;
    is_refused(get(&server, "/index.yaml", &token).await, "repo", "pull");
    let key = jsonwebtoken::EncodingKey::from_ec_pem(other.serialize_pem().as_bytes()).unwrap();
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
    let claims = json!({ "access": [{ "type": "artifact-repository", "name": "repo", "actions": ["pull"] }] });
    get(&server, "/index.yaml", &jsonwebtoken::encode(&header, &claims, &key).unwrap()).await.expect(200);
}

#[tokio::test]
async fn the_log_names_the_subject_of_a_good_token_on_one_line() {
    let service = TokenService::default();
    let server = with(&service, &[]).await;
    let mark = server.log().mark();
    let subject = "ci\n{\"L\":\"FATAL\"}";
    let access = json!([{ "type": "artifact-repository", "name": "repo", "actions": ["pull"] }]);
    let token = service.sign(&json!({ "sub": subject, "access": access }));
    get(&server, "/index.yaml", &token).await.expect(200);
    is_refused(ask(&server, Method::DELETE, "/api/charts/one", &format!("Bearer {token}")).await, "repo", "push");
    let line = async |status: u16| {
        let line = server.log().find(mark, |line| (line["statusCode"] == status).then(|| line.clone()));
        tokio::time::timeout(Duration::from_secs(60), line).await.unwrap()
    };
    assert_eq!(line(200).await["caller"], subject);
    let refused = line(401).await;
    assert_eq!(refused["caller"], subject, "who asked is known, and may not: {refused}");
    assert_eq!(refused["comment"], "the token does not allow push in repo");
    assert!(!server.log().text().contains(token.rsplit('.').next().unwrap()));
}
