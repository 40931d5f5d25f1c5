//! Callers and their grants, without tokens: those have tests of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use catalogue::RepositoryPath;
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::config::{Auth, AuthMethod, Secret};
use crate::error::Error;

fn basic(anonymous_get: bool) -> Authentication {
    let method = AuthMethod::Basic { user: "me".to_owned(), password: Secret::new("pass:word") };
    Authentication::new(&Auth { method: Some(method), anonymous_get }).unwrap()
}

fn headers(authorization: &str) -> HeaderMap {
    HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_str(authorization).unwrap())])
}

fn pair(text: &str) -> HeaderMap {
    headers(&format!("Basic {}", STANDARD.encode(text)))
}

/// Which of pull, push, delete and administer are granted.
fn granted(authentication: &Authentication, headers: &HeaderMap) -> [bool; 4] {
    let caller = Caller::of(authentication, headers);
    let repository = RepositoryPath::root;
    let granted = [
        caller.grant::<Pull>(repository()).is_ok(),
        caller.grant::<Push>(repository()).is_ok(),
        caller.grant::<Delete>(repository()).is_ok(),
        caller.grant::<Administer>(repository()).is_ok(),
    ];
    let may = [
        caller.reach::<Pull>().covers(&repository()),
        caller.reach::<Push>().covers(&repository()),
        caller.reach::<Delete>().covers(&repository()),
        caller.reach::<Administer>().covers(&repository()),
    ];
    assert_eq!(granted, may);
    granted
}

#[test]
fn without_settings_everybody_may_do_everything_whatever_they_send() {
    let off = Authentication::new(&Auth::default()).unwrap();
    for headers in [HeaderMap::new(), pair("me:pass:word"), headers("Nonsense"), headers("Basic !")] {
        assert_eq!(granted(&off, &headers), [true; 4]);
    }
}

#[test]
fn the_user_may_do_everything_and_nobody_else_anything() {
    let authentication = basic(false);
    assert_eq!(granted(&authentication, &pair("me:pass:word")), [true; 4]);
    for headers in [
        HeaderMap::new(),
        pair("me:pass"),
        pair("me:pass:word:"),
        pair("me:pass:wor"),
        pair("Me:pass:word"),
        pair(":"),
        pair(""),
        headers(""),
        headers("Basic"),
        headers("Basic !!!"),
        headers("Bearer bWU6cGFzczp3b3Jk"),
        headers("bWU6cGFzczp3b3Jk"),
        headers("Digest bWU6cGFzczp3b3Jk"),
    ] {
        assert_eq!(granted(&authentication, &headers), [false; 4], "{headers:?}");
    }
    let mut twice = pair("me:pass:word");
    twice.append(http::header::AUTHORIZATION, twice[http::header::AUTHORIZATION].clone());
    assert_eq!(granted(&authentication, &twice), [false; 4]);
}

#[test]
fn q_s6_the_scheme_is_read_in_any_case_and_padding_may_be_left_out() {
    let authentication = basic(false);
    let encoded = STANDARD.encode("me:pass:word"); // has no padding
    for text in [format!("basic {encoded}"), format!("BASIC {encoded}"), format!("Basic   {encoded} ")] {
        assert_eq!(granted(&authentication, &headers(&text)), [true; 4], "{text}");
    }
    let method = AuthMethod::Basic { user: "user".to_owned(), password: Secret::new("p") };
    let authentication = Authentication::new(&Auth { method: Some(method), anonymous_get: false }).unwrap();
    for text in ["Basic dXNlcjpw", "Basic dXNlcjpw=", "Basic dXNlcjpw=="] {
        let is_base64 = text == "Basic dXNlcjpw";
        assert_eq!(granted(&authentication, &headers(text)), [is_base64; 4], "{text}");
    }
    let method = AuthMethod::Basic { user: "user".to_owned(), password: Secret::new("pw") };
    let authentication = Authentication::new(&Auth { method: Some(method), anonymous_get: false }).unwrap();
    for text in ["Basic dXNlcjpwdw==", "Basic dXNlcjpwdw"] {
        assert_eq!(granted(&authentication, &headers(text)), [true; 4], "{text}");
    }
}

#[test]
fn anonymous_get_lets_reading_through_without_a_look_and_nothing_else() {
    let authentication = basic(true);
    for headers in [HeaderMap::new(), pair("me:old"), headers("Nonsense at all")] {
        assert_eq!(granted(&authentication, &headers), [true, false, false, false]);
    }
    assert_eq!(granted(&authentication, &pair("me:pass:word")), [true; 4]);
}

#[test]
fn a_refusal_has_the_challenge_and_the_reason_is_for_the_log() {
    let authentication = basic(false);
    let refused = |headers: HeaderMap| match Caller::of(&authentication, &headers).grant::<Pull>(RepositoryPath::root())
    {
        Err(Error::Unauthorized(refusal)) => *refusal,
        other => panic!("{other:?}"),
    };
    let refusal = refused(HeaderMap::new());
    assert_eq!(refusal.challenge, "Basic realm=\"ChartMuseum\"");
    assert_eq!((refusal.caller, refusal.reason.as_str()), (None, "there are no credentials"));
    let refusal = refused(pair("admin\r\n:hunter2"));
    assert_eq!((refusal.caller, refusal.reason.as_str()), (None, "wrong user or password"));
}

#[test]
fn a_bearer_challenge_has_chartmuseums_form_and_keeps_its_quotes() {
    let bearer = |repository: &RepositoryPath, action: &str| {
        let value = challenge::bearer("https://a.example/token", "charts", repository, action);
        String::from_utf8(value.as_bytes().to_vec()).unwrap()
    };
    let root = RepositoryPath::root();
    let start = "Bearer realm=\"https://a.example/token\",service=\"charts\",scope=";
    assert_eq!(bearer(&root, "pull"), format!("{start}\"artifact-repository:repo:pull\""));
    let path = |text: &str| RepositoryPath::parse(text).unwrap();
    assert_eq!(bearer(&path("org/a"), "push"), format!("{start}\"artifact-repository:org/a:push\""));
    assert_eq!(bearer(&path("org/é"), "push"), format!("{start}\"artifact-repository:org/é:push\""));
    assert_eq!(bearer(&path("a\"b"), "pull"), format!("{start}\"artifact-repository:a\\\"b:pull\""));
    assert_eq!(bearer(&path("org/a"), "admin"), format!("{start}\"server:*:admin\""));
}

#[test]
fn secrets_do_not_show() {
    let authentication = basic(false);
    let digest = chart::Digest::of(b"me:pass:word").to_string();
    let shown = format!("{authentication:?} {:?}", Caller::of(&authentication, &pair("me:pass:word")));
    assert!(!shown.contains("pass:word") && !shown.contains(&digest), "{shown}");
}
