use std::collections::BTreeMap;

use super::*;

fn read(flags: &[(&'static str, &str)]) -> Result<Auth, String> {
    let flags: BTreeMap<_, _> = flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    let values = Values::collect(&flags, |_| None).unwrap();
    Auth::from_values(&values).map_err(|fault| fault.to_string())
}

const BEARER: [(&str, &str); 4] = [
    ("bearer-auth", "true"),
    ("auth-realm", "https://auth.example.com/token"),
    ("auth-service", "charts.example.com"),
    ("auth-cert-path", "/keys.pem"),
];

#[test]
fn nothing_asks_for_nothing() {
    assert_eq!(read(&[]), Ok(Auth::default()));
    assert_eq!(read(&[("basic-auth-user", ""), ("basic-auth-pass", "")]), Ok(Auth::default()));
}

#[test]
fn half_a_pair_is_refused_and_the_missing_half_is_named() {
    let fault = |flags| read(flags).unwrap_err();
    assert!(fault(&[("basic-auth-user", "me")]).starts_with("basic-auth-pass: it is missing"));
    assert!(fault(&[("basic-auth-user", "me"), ("basic-auth-pass", "")]).starts_with("basic-auth-pass: it is missing"));
    assert!(fault(&[("basic-auth-pass", "hunter2")]).starts_with("basic-auth-user: it is missing"));
    for (missing, _) in &BEARER[1..] {
        let flags: Vec<_> = BEARER.into_iter().filter(|(name, _)| name != missing).collect();
        let expected = format!("{missing}: it is missing, and bearer-auth is set (default)");
        assert_eq!(read(&flags).unwrap_err(), expected);
    }
}

#[test]
fn a_forgotten_bearer_auth_is_told_and_one_that_is_off_is_off() {
    for (name, text) in BEARER[1..].iter().copied().chain([
        ("auth-audience", "me"),
        ("auth-issuer", "it"),
        ("auth-require-expiry", "true"),
    ]) {
        let fault = read(&[(name, text)]).unwrap_err();
        assert!(fault.starts_with(&format!("{name}: it has no effect without bearer-auth")), "{fault}");
        assert_eq!(read(&[(name, text), ("bearer-auth", "false")]), Ok(Auth::default()));
    }
}

#[test]
fn bearer_auth_wins_over_basic_auth() {
    let basic = [("basic-auth-user", "me"), ("basic-auth-pass", "hunter2")];
    assert!(matches!(read(&basic).unwrap().method, Some(AuthMethod::Basic { .. })));
    let both = read(&[&basic[..], &BEARER].concat()).unwrap();
    assert!(matches!(both.method, Some(AuthMethod::Bearer(_))));
}

#[test]
fn what_has_no_effect_beside_something_else_is_said() {
    let said = |flags: &[(&'static str, &str)]| {
        let flags = flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        notices(&Values::collect(&flags, |_| None).unwrap()).collect::<Vec<_>>()
    };
    let basic = [("basic-auth-user", "me"), ("basic-auth-pass", "hunter2")];
    assert_eq!(said(&basic), []);
    assert_eq!(said(&[&basic[..], &[("auth-anonymous-get", "true")]].concat()), []);
    assert!(matches!(said(&[&basic[..], &BEARER].concat())[..], [Notice::Unneeded("basic-auth-user", _)]));
    assert!(matches!(said(&[("auth-anonymous-get", "true")])[..], [Notice::Unneeded("auth-anonymous-get", _)]));
}

#[test]
fn what_cannot_be_used_is_refused() {
    let with = |name, text| read(&[&BEARER[..], &[(name, text)]].concat());
    let fault = |name, text| with(name, text).unwrap_err();
    assert!(fault("auth-actions-search-path", "access[").starts_with("auth-actions-search-path: expected a JMESPath"));
    // ChartMuseum would paste the name into the query
    assert!(fault("auth-actions-search-path", "$NAMESPACE.actions").contains("in quotes"));
    assert!(with("auth-actions-search-path", "rights.\"$NAMESPACE\"").is_ok());
    assert!(fault("auth-token-header", "X Token").starts_with("auth-token-header: expected the name of a header"));
    assert!(fault("auth-realm", "https://a\r\nX-Evil: 1").starts_with("auth-realm: it has a line break"));
    assert!(fault("auth-service", "a\nb").starts_with("auth-service: it has a line break"));
}

#[test]
fn a_password_is_never_shown() {
    let flags = [("basic-auth-user", "me"), ("basic-auth-pass", "hunter2")];
    assert!(!format!("{:?}", read(&flags).unwrap()).contains("hunter2"));
    let flags = flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    let values = Values::collect(&flags, |_| None).unwrap();
    assert!(!format!("{values:?}").contains("hunter2"));
    let shown = super::super::in_force(&values);
    assert!(!shown.contains("hunter2") && shown.contains("basic-auth-pass"), "{shown}");
}
