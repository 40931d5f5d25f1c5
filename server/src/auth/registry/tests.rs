//! What callers may do in the registry, and the tokens that say so.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chart::oci::RegistryName;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use super::*;
use crate::auth::{Authentication, Caller, Delete, Pull, Push};
use crate::config::{Auth, AuthMethod, Secret};

const STORAGE: Uuid = Uuid::from_u128(7);

fn basic(anonymous_get: bool) -> Authentication {
    let method = AuthMethod::Basic { user: "me".to_owned(), password: Secret::new("pass:word") };
    let authentication = Authentication::new(&Auth { method: Some(method), anonymous_get }).unwrap();
    authentication.with_tokens(None, STORAGE).unwrap()
}

fn headers(authorization: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(authorization).unwrap())])
}

fn pair(text: &str) -> HeaderMap {
    headers(&format!("Basic {}", STANDARD.encode(text)))
}

fn bearer(issued: &Issued) -> HeaderMap {
    headers(&format!("Bearer {}", issued.token))
}

fn origin() -> Origin {
    Origin { scheme: "https".to_owned(), authority: "charts.example".to_owned() }
}

fn name() -> RegistryName {
    "org/app".parse().unwrap()
}

/// Which of entering, pull, push, delete and the list of names are granted.
fn granted(authentication: &Authentication, headers: &HeaderMap) -> String {
    let caller = Caller::of(authentication, headers);
    let (name, origin) = (name(), origin());
    let granted = [
        ("enter", caller.enter_registry(&origin).is_ok()),
        ("pull", caller.registry_grant::<Pull>(&name, &origin).is_ok()),
        ("push", caller.registry_grant::<Push>(&name, &origin).is_ok()),
        ("delete", caller.registry_grant::<Delete>(&name, &origin).is_ok()),
        ("catalog", caller.catalog(&origin).is_ok()),
    ];
    assert_eq!(caller.registry_right::<Pull>(&name).is_some(), granted[1].1);
    assert_eq!(caller.registry_right::<Push>(&name).is_some(), granted[2].1);
    granted.iter().filter(|(_, is_granted)| *is_granted).map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

fn token(authentication: &Authentication, headers: &HeaderMap, scopes: &[&str]) -> Option<Issued> {
    let asked = scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
    Caller::of(authentication, headers).registry_token(asked, false).ok().map(|(issued, _)| issued)
}

const ALL: &str = "enter pull push delete catalog";

#[test]
fn without_settings_everybody_may_do_everything_and_gets_no_token() {
    let off = Authentication::new(&Auth::default()).unwrap().with_tokens(None, STORAGE).unwrap();
    for headers in [HeaderMap::new(), pair("me:pass:word"), headers("Nonsense")] {
        assert_eq!(granted(&off, &headers), ALL);
    }
    assert!(!off.issues_tokens() && token(&off, &HeaderMap::new(), &[]).is_none());
}

#[test]
fn the_user_may_do_everything_and_nobody_else_more_than_read() {
    for (anonymous_get, of_others) in [(false, ""), (true, "pull catalog")] {
        let authentication = basic(anonymous_get);
        assert_eq!(granted(&authentication, &pair("me:pass:word")), ALL);
        for headers in [HeaderMap::new(), pair("me:password"), headers("Bearer a.b.c"), headers("Nonsense")] {
            assert_eq!(granted(&authentication, &headers), of_others, "{headers:?}");
        }
    }
}

#[test]
fn a_token_holds_the_part_of_what_was_asked_for_that_its_user_may_do() {
    let (open, closed) = (basic(true), basic(false));
    let (user, nobody) = (pair("me:pass:word"), HeaderMap::new());
    for (authentication, headers, scopes, expected) in [
        (&closed, &user, &[][..], "enter"),
        (&closed, &user, &["repository:org/app:pull"], "enter pull"),
        (&closed, &user, &["repository:org/app:pull,push"], "enter pull push delete"),
        (&closed, &user, &["repository:org/app:delete"], "enter delete"),
        (&closed, &user, &["repository:org/app:*"], "enter pull push delete"),
        (&closed, &user, &["repository:org/other:pull,push"], "enter"),
        (&closed, &user, &["repository:org/other:pull", "repository:org/app:pull"], "enter pull"),
        (&closed, &user, &["registry:catalog:*"], "enter catalog"),
        (&closed, &user, &["registry:other:*", "nonsense", "plugin:org/app:pull", "repository:ORG:pull"], "enter"),
        (&closed, &user, &["repository:org/app:admin,pull"], "enter pull"),
        (&closed, &nobody, &["repository:org/app:pull,push", "registry:catalog:*"], ""),
        (&open, &nobody, &["repository:org/app:pull,push"], "enter pull catalog"),
        (&open, &user, &["repository:org/app:push"], "enter pull push delete catalog"),
    ] {
        let issued = token(authentication, headers, scopes).unwrap();
        assert_eq!(granted(authentication, &bearer(&issued)), expected, "{scopes:?}");
    }
    assert_eq!(token(&open, &pair("me:wrong"), &[]), None);
    let issued = token(&closed, &user, &["repository:org/app:pull"]).unwrap();
    assert_eq!(token(&closed, &bearer(&issued), &["repository:org/app:push"]), None, "a token gets no other token");
}

#[test]
fn replicas_know_each_other_s_tokens_and_others_do_not() {
    let issued = token(&basic(false), &pair("me:pass:word"), &["repository:org/app:pull"]).unwrap();
    assert_eq!(granted(&basic(false), &bearer(&issued)), "enter pull");
    let method = AuthMethod::Basic { user: "me".to_owned(), password: Secret::new("changed") };
    let settings = Auth { method: Some(method), anonymous_get: false };
    let changed = Authentication::new(&settings).unwrap().with_tokens(None, STORAGE).unwrap();
    let elsewhere = Authentication::new(&settings).unwrap().with_tokens(None, Uuid::from_u128(8)).unwrap();
    for other in [changed, elsewhere] {
        assert_eq!(granted(&other, &bearer(&issued)), "");
    }
    let unsigned = issued.token.rsplit_once('.').unwrap().0.to_owned();
    for token in [format!("{unsigned}."), format!("{unsigned}.AAAA"), unsigned] {
        assert_eq!(granted(&basic(false), &headers(&format!("Bearer {token}"))), "");
    }
}

#[test]
fn a_key_file_makes_tokens_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let settings = || {
        let method = AuthMethod::Basic { user: "me".to_owned(), password: Secret::new("pass:word") };
        Authentication::new(&Auth { method: Some(method), anonymous_get: false }).unwrap()
    };
    std::fs::write(&path, [1; 31]).unwrap();
    let short = settings().with_tokens(Some(&path), STORAGE).unwrap_err().to_string();
    assert!(short.starts_with("token-key-file: ") && short.ends_with("fewer than 32 bytes"), "{short}");
    std::fs::write(&path, [1; 32]).unwrap();
    let with_file = settings().with_tokens(Some(&path), STORAGE).unwrap();
    let issued = token(&with_file, &pair("me:pass:word"), &[]).unwrap();
    assert_eq!(granted(&with_file, &bearer(&issued)), "enter");
    assert_eq!(granted(&basic(false), &bearer(&issued)), "");
    assert!(settings().with_tokens(Some(&folder.path().join("none")), STORAGE).is_err());
    // a new password ends what was got with the old one, which may be kept for a month
    let method = AuthMethod::Basic { user: "me".to_owned(), password: Secret::new("changed") };
    let changed = Authentication::new(&Auth { method: Some(method), anonymous_get: false }).unwrap();
    let changed = changed.with_tokens(Some(&path), STORAGE).unwrap();
    assert_eq!(granted(&changed, &bearer(&issued)), "");
}

#[test]
fn a_refresh_token_stands_for_the_password_where_tokens_are_got_and_nowhere_else() {
    let authentication = basic(false);
    let caller = authentication.caller_of_pair("me", "pass:word");
    let (_, refresh) = caller.registry_token(Vec::new(), true).unwrap();
    let refresh = refresh.unwrap();
    assert_eq!(granted(&authentication, &bearer(&refresh)), "");
    let again = authentication.caller_of_refresh_token(&refresh.token);
    let (issued, none) = again.registry_token(vec!["repository:org/app:pull".parse().unwrap()], false).unwrap();
    assert_eq!((granted(&authentication, &bearer(&issued)).as_str(), none), ("enter pull", None));
    for wrong in ["", "x", &issued.token] {
        assert!(authentication.caller_of_refresh_token(wrong).registry_token(Vec::new(), false).is_err());
    }
    assert!(authentication.caller_of_pair("me", "pass").registry_token(Vec::new(), true).is_err());
    // nobody is asked who they are, so there is no password to stand for
    let (_, none) = Caller::of(&authentication, &HeaderMap::new()).registry_token(Vec::new(), true).unwrap();
    assert_eq!(none, None);
}

#[test]
fn who_is_refused_is_told_where_to_get_a_token_and_for_what() {
    let authentication = basic(false);
    let caller = Caller::of(&authentication, &HeaderMap::new());
    let challenge = |refusal: crate::error::Refusal| refusal.challenge.to_str().unwrap().to_owned();
    let begin = "Bearer realm=\"https://charts.example/v2/-/token\",service=\"charts.example\"";
    assert_eq!(challenge(caller.enter_registry(&origin()).unwrap_err()), begin);
    for (refused, scope) in [
        (caller.registry_grant::<Pull>(&name(), &origin()).unwrap_err(), "repository:org/app:pull"),
        (caller.registry_grant::<Push>(&name(), &origin()).unwrap_err(), "repository:org/app:pull,push"),
        (caller.registry_grant::<Delete>(&name(), &origin()).unwrap_err(), "repository:org/app:delete,pull,push"),
        (caller.catalog(&origin()).unwrap_err(), "registry:catalog:*"),
    ] {
        assert_eq!(challenge(refused), format!("{begin},scope=\"{scope}\""));
    }
    let refused = caller.registry_token(Vec::new(), false);
    assert!(refused.is_ok(), "nobody gets a token for nothing");
    let wrong = authentication.caller_of_pair("me", "wrong").registry_token(Vec::new(), false).unwrap_err();
    assert_eq!(challenge(wrong), "Basic realm=\"ChartMuseum\"");
}

#[test]
fn scopes_are_written_as_they_are_read() {
    for text in ["repository:a/b:pull,push", "registry:catalog:*", "repository:a:"] {
        assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
    }
    for text in ["", "repository", "repository:a", "repository:A:pull", "repository::pull", "other:a:pull"] {
        assert!(text.parse::<Scope>().is_err(), "{text}");
    }
}
