//! Tokens, from the text to what they allow.

use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertificateParams, KeyPair, PublicKeyData, RsaKeySize};
use serde_json::{Value, json};

use super::search::{ENTRIES, Query};
use super::*;
use crate::auth::{Delete, Pull, Push};

/// Making RSA keys takes long.
static RSA: LazyLock<KeyPair> = LazyLock::new(|| rsa(RsaKeySize::_2048));
static EC_256: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap());
static EC_384: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap());
static ED: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap());

fn rsa(size: RsaKeySize) -> KeyPair {
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap()
}

fn signing_key(key: &KeyPair, algorithm: Algorithm) -> EncodingKey {
    let pem = key.serialize_pem();
    match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => EncodingKey::from_ec_pem(pem.as_bytes()),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(pem.as_bytes()),
        _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
    }
    .unwrap()
}

fn signed(key: &KeyPair, algorithm: Algorithm, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &signing_key(key, algorithm)).unwrap()
}

/// A token whose header is odd, signed by the RSA key as RS256 all the same.
fn signed_with_header(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = signing_key(&RSA, Algorithm::RS256);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::RS256).unwrap();
    format!("{message}.{signature}")
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn access(name: &str, actions: &[&str]) -> Value {
    json!({ "sub": "ci", "access": [{ "type": "artifact-repository", "name": name, "actions": actions }] })
}

fn merged(claims: &Value, more: Value) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

struct Service {
    tokens: Tokens,
    folder: tempfile::TempDir,
}

impl Service {
    fn new(keys: &str) -> Self {
        Self::with(keys, |_| {})
    }

    fn with(keys: &str, change: impl FnOnce(&mut Bearer)) -> Self {
        Self::try_new(keys, change).unwrap()
    }

    fn try_new(keys: &str, change: impl FnOnce(&mut Bearer)) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.pem");
        std::fs::write(&path, keys).unwrap();
        let mut settings = Bearer {
            realm: "https://auth.example.com/token".to_owned(),
            service: "charts.example.com".to_owned(),
            keys: path,
            search_path: None,
            require_expiry: false,
            audience: None,
            issuer: None,
            header: None,
        };
        change(&mut settings);
        let tokens = Tokens::new(&settings).map_err(|error| error.to_string())?;
        Ok(Self { tokens, folder })
    }

    fn reason(&self, token: &str) -> &'static str {
        self.tokens.verify(token, SystemTime::now()).map(|_| ()).unwrap_err()
    }

    #[track_caller]
    fn claims(&self, token: &str) -> Claims {
        self.tokens.verify(token, SystemTime::now()).unwrap_or_else(|reason| panic!("{reason}: {token}"))
    }

    /// Whether a token with these claims allows an action.
    #[track_caller]
    fn allows(&self, claims: &Value, repository: &str, action: &str) -> bool {
        let repository = match repository {
            "" => RepositoryPath::root(),
            path => RepositoryPath::parse(path).unwrap(),
        };
        self.tokens.allows(&self.claims(&signed(&RSA, Algorithm::RS256, claims)), &repository, action)
    }
}

impl Service {
    /// What a token with these claims may do with a name of the registry.
    #[track_caller]
    fn names(&self, claims: &Value, name: &str) -> String {
        let parent = RepositoryPath::parse(name.rsplit_once('/').map_or("", |(parent, _)| parent)).unwrap();
        self.names_of(claims, name, Some(&parent))
    }

    #[track_caller]
    fn names_of(&self, claims: &Value, name: &str, parent: Option<&RepositoryPath>) -> String {
        let claims = self.claims(&signed(&RSA, Algorithm::RS256, claims));
        let name: RegistryName = name.parse().unwrap();
        let allowed = [
            ("pull", self.tokens.allows_name::<Pull>(&claims, &name, parent)),
            ("push", self.tokens.allows_name::<Push>(&claims, &name, parent)),
            ("delete", self.tokens.allows_name::<Delete>(&claims, &name, parent)),
        ];
        allowed.iter().filter(|(_, is_allowed)| *is_allowed).map(|(action, _)| *action).collect::<Vec<_>>().join(" ")
    }
}

/// Every action in a name.
const ALL: &str = "pull push delete";

fn rsa_service() -> Service {
    Service::new(&RSA.public_key_pem())
}

#[test]
fn the_key_decides_which_algorithms_a_token_may_have() {
    let claims = access("repo", &["pull"]);
    let of_rsa =
        [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];
    let all: [(&KeyPair, &[Algorithm]); 4] =
        [(&RSA, &of_rsa), (&EC_256, &[Algorithm::ES256]), (&EC_384, &[Algorithm::ES384]), (&ED, &[Algorithm::EdDSA])];
    for (key, _) in all {
        let service = Service::new(&key.public_key_pem());
        for (other, algorithms) in all {
            for algorithm in algorithms {
                let token = signed(other, *algorithm, &claims);
                let is_taken = service.tokens.verify(&token, SystemTime::now()).is_ok();
                assert_eq!(is_taken, std::ptr::eq(key, other), "{algorithm:?}");
            }
        }
        let public = key.public_key_pem();
        for secret in [public.as_bytes(), public.trim_end().as_bytes(), key.subject_public_key_info().as_slice(), b""] {
            let key = EncodingKey::from_secret(secret);
            for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
                let token = jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).unwrap();
                assert_eq!(service.reason(&token), "the token's algorithm is not that of a key");
            }
        }
    }
}

#[test]
fn a_token_without_a_signature_is_none() {
    let service = rsa_service();
    let claims = access("repo", &["pull", "push"]);
    for algorithm in ["none", "None", "NONE", "", "nOnE"] {
        for signature in ["", "e30", "AAAA"] {
            let header = json!({ "alg": algorithm, "typ": "JWT" });
            let token = signed_with_header(&header, &claims);
            let token = format!("{}.{signature}", token.rsplit_once('.').unwrap().0);
            assert_eq!(service.reason(&token), "the token's algorithm is not accepted");
        }
    }
    let good = signed(&RSA, Algorithm::RS256, &claims);
    let unsigned = good.rsplit_once('.').unwrap().0;
    for token in [format!("{unsigned}."), format!("{unsigned}.AAAA"), format!("{unsigned}.!"), format!("{good}A")] {
        assert_eq!(service.reason(&token), "the token's signature is not that of a key");
    }
    let other = signed(&rsa(RsaKeySize::_2048), Algorithm::RS256, &claims);
    assert_eq!(service.reason(&other), "the token's signature is not that of a key");
    // the claims of one token with the signature of another
    let more = signed(&RSA, Algorithm::RS256, &access("repo", &["pull"]));
    let mixed = format!("{unsigned}.{}", more.rsplit_once('.').unwrap().1);
    assert_eq!(service.reason(&mixed), "the token's signature is not that of a key");
}

#[test]
fn what_is_no_token_is_refused() {
    let service = rsa_service();
    for text in ["", ".", "..", "...", "a", "a.b", "a.b.c", "a b.c.d", "e30.e30.e30", "é.é.é", "e30=.e30=.e30="] {
        assert!(service.tokens.verify(text, SystemTime::now()).is_err(), "{text}");
    }
    assert_eq!(service.reason(&"a".repeat(LONGEST + 1)), "the token is too long");
    for header in [json!({}), json!([]), json!("RS256"), json!({ "alg": 7 }), json!({ "alg": null })] {
        assert_eq!(service.reason(&signed_with_header(&header, &json!({}))), "the token's header is odd");
    }
    let critical = json!({ "alg": "RS256", "crit": ["b64"], "b64": false });
    let reason = service.reason(&signed_with_header(&critical, &json!({})));
    assert_eq!(reason, "the token asks for an extension that is not understood");
    for claims in [json!([]), json!("x"), json!(null), json!(7)] {
        let token = signed_with_header(&json!({ "alg": "RS256", "kid": "of another key" }), &claims);
        assert_eq!(service.reason(&token), "the token's claims are no JSON object");
    }
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    let payload = URL_SAFE_NO_PAD.encode(format!("{{\"access\":{deep}}}"));
    let message = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#));
    let key = signing_key(&RSA, Algorithm::RS256);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::RS256).unwrap();
    assert_eq!(service.reason(&format!("{message}.{signature}")), "the token's claims are no JSON object");
}

#[test]
fn times_are_looked_at_if_they_are_there_without_leeway() {
    let rules = Rules::default();
    let at = |claims: Value| {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
        Claims::read(claims.to_string().as_bytes(), &rules, now).map(drop)
    };
    assert_eq!(at(json!({})), Ok(()));
    assert_eq!(at(json!({ "exp": 1_000_001, "nbf": 1_000_000, "iat": 1_000_000 })), Ok(()));
    assert_eq!(at(json!({ "exp": 1_000_000.5 })), Ok(()));
    for exp in [json!(1_000_000), json!(999_999), json!(0), json!(-1), json!(999_999.9)] {
        assert_eq!(at(json!({ "exp": exp })), Err("the token has expired"), "{exp}");
    }
    assert_eq!(at(json!({ "nbf": 1_000_001 })), Err("the token is not valid yet"));
    assert_eq!(at(json!({ "iat": 1_000_001 })), Err("the token was issued in the future"));
    for odd in [json!("1000001"), json!(null), json!([1_000_001]), json!({}), json!(true)] {
        assert_eq!(at(json!({ "exp": odd })), Err("the token's exp is no number"));
        assert_eq!(at(json!({ "nbf": odd })), Err("the token's nbf is no number"));
        assert_eq!(at(json!({ "iat": odd })), Err("the token's iat is no number"));
    }
}

#[test]
fn q_s4_expiry_audience_and_issuer_are_asked_for_if_the_settings_say_so() {
    let keys = RSA.public_key_pem();
    let token = |more: Value| signed(&RSA, Algorithm::RS256, &merged(&access("repo", &["pull"]), more));
    let lasting = Service::with(&keys, |settings| settings.require_expiry = true);
    assert_eq!(lasting.reason(&token(json!({}))), "the token has no exp");
    lasting.claims(&token(json!({ "exp": now() + 600.0 })));

    let audience = Service::with(&keys, |settings| settings.audience = Some("charts".to_owned()));
    for aud in [json!("other"), json!(["a", "b"]), json!([]), json!(null), json!(7), json!({ "charts": 1 }), json!("")]
    {
        assert_eq!(audience.reason(&token(json!({ "aud": aud }))), "the token is for another audience");
    }
    assert_eq!(audience.reason(&token(json!({}))), "the token is for another audience");
    audience.claims(&token(json!({ "aud": "charts" })));
    audience.claims(&token(json!({ "aud": ["other", "charts"] })));

    let issuer = Service::with(&keys, |settings| settings.issuer = Some("https://issuer".to_owned()));
    for iss in [json!("https://issuer/"), json!(["https://issuer"]), json!(null), json!(1)] {
        assert_eq!(issuer.reason(&token(json!({ "iss": iss }))), "the token is of another issuer");
    }
    assert_eq!(issuer.reason(&token(json!({}))), "the token is of another issuer");
    issuer.claims(&token(json!({ "iss": "https://issuer" })));
}

#[test]
fn an_action_must_stand_there_literally_for_the_repository() {
    let service = rsa_service();
    let claims = access("org/repo", &["pull"]);
    assert!(service.allows(&claims, "org/repo", "pull"));
    for (repository, action) in
        [("org/repo", "push"), ("org", "pull"), ("org/repo/x", "pull"), ("Org/repo", "pull"), ("", "pull")]
    {
        assert!(!service.allows(&claims, repository, action), "{repository} {action}");
    }
    assert!(!service.allows(&access("org/repo", &["push"]), "org/repo", "pull"), "push is not pull");
    assert!(!service.allows(&access("*", &["*"]), "org/repo", "pull"), "there are no wildcards");
    // the repository at the root
    assert!(service.allows(&access("repo", &["pull", "push"]), "", "push"));
    assert!(!service.allows(&access("", &["pull"]), "", "pull"));
    // entries add up
    let both = json!({ "access": [
        { "type": "artifact-repository", "name": "a", "actions": ["pull"] },
        { "type": "artifact-repository", "name": "a", "actions": ["push"] },
    ] });
    assert!(service.allows(&both, "a", "pull") && service.allows(&both, "a", "push"));
}

#[test]
fn q_s5_claims_of_another_shape_allow_nothing() {
    let service = rsa_service();
    let good = json!({ "type": "artifact-repository", "name": "repo", "actions": ["pull"] });
    for claims in [
        json!({}),
        json!({ "access": null }),
        json!({ "access": [] }),
        json!({ "access": {} }),
        json!({ "access": "pull" }),
        json!({ "access": 7 }),
        json!({ "access": [null, 7, "pull", [good], {}] }),
        json!({ "access": [merged(&good, json!({ "actions": null }))] }),
        json!({ "access": [merged(&good, json!({ "actions": {} }))] }),
        json!({ "access": [merged(&good, json!({ "actions": [null, 7, ["x"], {}] }))] }),
        json!({ "access": [merged(&good, json!({ "actions": ["Pull", "pull ", "pull,push"] }))] }),
        json!({ "access": [merged(&good, json!({ "type": "repository" }))] }),
        json!({ "access": [merged(&good, json!({ "type": ["artifact-repository"] }))] }),
        json!({ "access": [merged(&good, json!({ "name": null }))] }),
        json!({ "access": good }),
        json!({ "Access": [good] }),
    ] {
        assert!(!service.allows(&claims, "", "pull"), "{claims}");
    }
    assert!(service.allows(&json!({ "access": [null, 7, good] }), "", "pull"));
}

#[test]
fn q_s3_a_repository_is_compared_and_never_read_as_a_query() {
    let token = access("/../o/secret", &["pull"]);
    let mut names = vec!["x' || type=='artifact-repository' || name=='/../o/secret".to_owned()];
    names.extend(
        [
            "' || `true` || '",
            "x\\' || `true` || \\'",
            "$ACCESS_ENTRY_TYPE",
            "`true`",
            "' && @ && '",
            "\"\"",
            "')] | [0",
            "\\",
        ]
        .map(str::to_owned),
    );
    let custom = "access[?name=='$NAMESPACE' && type=='$ACCESS_ENTRY_TYPE'].actions[]";
    for service in [rsa_service(), Service::with(&RSA.public_key_pem(), |s| s.search_path = Some(custom.to_owned()))] {
        for name in &names {
            let Ok(repository) = RepositoryPath::parse(name) else { continue };
            let claims = service.claims(&signed(&RSA, Algorithm::RS256, &token));
            assert!(!service.tokens.allows(&claims, &repository, "pull"), "{name}");
            // and it is allowed to those who have a right to just this name
            let claims = service.claims(&signed(&RSA, Algorithm::RS256, &access(name, &["pull"])));
            assert!(service.tokens.allows(&claims, &repository, "pull"), "{name}");
        }
    }
    assert!(names.iter().filter(|name| RepositoryPath::parse(name).is_ok()).count() >= 5, "paths allow most of these");
}

#[test]
fn a_path_of_ones_own_finds_the_actions() {
    let with = |path: &str| Service::with(&RSA.public_key_pem(), |s| s.search_path = Some(path.to_owned()));
    let keycloak = json!({ "resource_access": { "charts": { "roles": ["pull"] } } });
    assert!(with("resource_access.charts.roles").allows(&keycloak, "any/where", "pull"));
    assert!(!with("resource_access.charts.roles").allows(&keycloak, "any/where", "push"));
    let by_name = json!({ "rights": { "org/a": ["pull"], "org/b": ["push"] } });
    let service = with("rights.\"$NAMESPACE\"");
    assert!(service.allows(&by_name, "org/a", "pull") && service.allows(&by_name, "org/b", "push"));
    assert!(!service.allows(&by_name, "org/a", "push") && !service.allows(&by_name, "org/c", "pull"));
    let prefixed = json!({ "scopes": [{ "id": "artifact-repository:org/a", "can": ["pull"] }] });
    let service = with("scopes[?id=='$ACCESS_ENTRY_TYPE:$NAMESPACE'].can[]");
    assert!(service.allows(&prefixed, "org/a", "pull") && !service.allows(&prefixed, "org/b", "pull"));
    let service =
        with("scopes[?contains([`\"$ACCESS_ENTRY_TYPE:$NAMESPACE\"`, `{\"a\":[\"$NAMESPACE\"]}`], id)].can | []");
    assert!(service.allows(&prefixed, "org/a", "pull") && !service.allows(&prefixed, "org/b", "pull"));
    // what finds nothing, fails, or finds something else
    for path in ["nothing", "nothing.at.all[]", "sum(access)", "length(@)", "'pull'", "@", "keys(@)", "to_number('x')"]
    {
        assert!(!with(path).allows(&access("repo", &["pull"]), "", "pull"), "{path}");
    }
    assert!(Service::try_new(&RSA.public_key_pem(), |s| s.search_path = Some("a[".to_owned())).is_err());
}

#[test]
fn a_registrys_entry_is_a_right_to_a_name_and_never_to_a_repository_that_is_called_so() {
    let service = rsa_service();
    let everything = ["pull", "push", "delete", "admin", "*"];
    let entry = |name: &str| json!({ "access": [{ "type": "repository", "name": name, "actions": everything }] });
    let ours = json!({ "aud": "charts.example.com" });
    for name in ["org/a", "org", "repo", "*"] {
        let claims = merged(&entry(name), ours.clone());
        for repository in ["", "org", "org/a", "repo"] {
            for action in ["pull", "push", "admin"] {
                assert!(!service.allows(&claims, repository, action), "{name} {repository} {action}");
            }
        }
    }
    assert_eq!(service.names(&merged(&entry("org/a"), ours.clone()), "org/a"), ALL);
    assert_eq!(service.names(&merged(&entry("org/a"), json!({ "aud": ["x", "charts.example.com"] })), "org/a"), ALL);
    for name in ["org", "org/a/b", "org/b", "a", "repo"] {
        assert_eq!(service.names(&merged(&entry("org/a"), ours.clone()), name), "", "{name}");
    }
    // elsewhere images may have the same names
    assert_eq!(service.names(&entry("org/a"), "org/a"), "");
    assert_eq!(service.names(&merged(&entry("org/a"), json!({ "aud": "images.example.com" })), "org/a"), "");
    for (actions, expected) in
        [(&["pull"][..], "pull"), (&["push"], "push delete"), (&["delete"], "delete"), (&["*"], ""), (&["Pull"], "")]
    {
        let entry = json!({ "access": [{ "type": "repository", "name": "org/a", "actions": actions }] });
        assert_eq!(service.names(&merged(&entry, ours.clone()), "org/a"), expected, "{actions:?}");
    }
}

#[test]
fn a_right_in_a_repository_is_the_same_at_both_doors_and_ends_with_the_names_below_it() {
    let service = rsa_service();
    for (actions, expected) in [
        (&["pull", "push"][..], ALL),
        (&["pull"], "pull"),
        (&["push"], "push delete"),
        // ChartMuseum's tokens know no third word
        (&["delete"], ""),
    ] {
        let claims = access("org/a", actions);
        assert_eq!(service.names(&claims, "org/a/app"), expected, "{actions:?}");
        assert_eq!(service.allows(&claims, "org/a", "push"), actions.contains(&"push"));
        // a chart `a` of the repository `org`, a repository below, and others
        for name in ["org/a", "org/a/b/app", "org/b/app", "app"] {
            assert_eq!(service.names(&claims, name), "", "{name}");
        }
    }
    // the root has a name that is another repository's where there is no root
    let root = access("repo", &["pull", "push"]);
    assert_eq!((service.names(&root, "app"), service.names(&root, "repo/app")), (ALL.to_owned(), ALL.to_owned()));
    assert_eq!(service.names_of(&root, "app", None), "");
}

#[test]
fn a_query_that_compares_no_types_speaks_of_repositories_alone() {
    let service = Service::with(&RSA.public_key_pem(), |settings| {
        settings.search_path = Some("access[?name=='$NAMESPACE'].actions[]".to_owned());
    });
    let ours = json!({ "aud": "charts.example.com" });
    let claims = merged(&access("org/a", &["pull", "push", "delete"]), ours.clone());
    assert_eq!((service.names(&claims, "org/a/app"), service.names(&claims, "org/a")), (ALL.to_owned(), String::new()));
    let catalog = merged(&access("catalog", &["*"]), ours);
    let read = service.claims(&signed(&RSA, Algorithm::RS256, &catalog));
    assert!(!service.tokens.allows_catalog(&read));
}

#[test]
fn entries_are_found_as_chartmuseums_query_finds_them() {
    let (entries, query) = (Search::new(None).unwrap(), Query::new(ENTRIES).map(Search::Query).unwrap());
    let entry = |kind: Value, name: Value, actions: Value| json!({ "type": kind, "name": name, "actions": actions });
    let kind = || json!("artifact-repository");
    let good = entry(kind(), json!("a"), json!(["pull", 7, null]));
    let mut found = 0;
    for access in [
        json!([good]),
        json!([7, null, [good], "pull", good]),
        json!({ "0": good }),
        json!("pull"),
        json!(null),
        json!([entry(kind(), json!("a"), json!("pull"))]),
        json!([entry(kind(), json!("a"), json!({ "pull": "pull" }))]),
        json!([entry(kind(), json!("a"), json!([["pull"]]))]),
        json!([entry(kind(), json!("a"), json!([[["pull"]]]))]),
        json!([entry(kind(), json!(["a"]), json!(["pull"]))]),
        json!([entry(json!("repository"), json!("a"), json!(["pull"]))]),
        json!([entry(kind(), json!("b"), json!(["pull"])), entry(kind(), json!("a"), json!(["push"]))]),
        json!([entry(kind(), json!("a"), json!(["push"])), entry(kind(), json!("a"), json!(["pull"]))]),
    ] {
        let claims =
            Claims::read(json!({ "access": access }).to_string().as_bytes(), &Rules::default(), SystemTime::now());
        let claims = claims.unwrap();
        for (name, action) in [("a", "pull"), ("a", "push"), ("b", "pull"), ("", "")] {
            let finds = |search: &Search| search.finds(&claims, "artifact-repository", name, action);
            assert_eq!(finds(&entries), finds(&query), "{access} {name} {action}");
            found += usize::from(finds(&entries));
        }
    }
    assert!(found > 4);
}

#[test]
fn the_server_is_administered_with_an_entry_of_its_own() {
    let service = rsa_service();
    let admin = json!({ "access": [{ "type": "server", "name": "*", "actions": ["admin"] }] });
    assert!(service.allows(&admin, "", "admin") && service.allows(&admin, "org/a", "admin"));
    assert!(!service.allows(&admin, "", "pull") && !service.allows(&admin, "*", "pull"));
    assert!(!service.allows(&access("repo", &["pull", "push", "admin"]), "", "admin"));
    assert!(!service.allows(&access("*", &["admin"]), "", "admin"));
}

#[test]
fn keys_are_taken_in_every_public_form() {
    let der = RSA.subject_public_key_info();
    let bits = RSA.der_bytes().to_vec();
    let certificate = CertificateParams::new(vec!["auth.example.com".to_owned()]).unwrap().self_signed(&*RSA).unwrap();
    let comment = format!("# the token service\r\n{}", pem("PUBLIC KEY", &der).replace('\n', "\r\n"));
    let token = signed(&RSA, Algorithm::RS256, &json!({}));
    for keys in [RSA.public_key_pem(), pem("RSA PUBLIC KEY", &bits), certificate.pem(), comment] {
        Service::new(&keys).claims(&token);
    }
    // several of them, as while keys are changed
    let several = [EC_256.public_key_pem(), rsa(RsaKeySize::_2048).public_key_pem(), certificate.pem()].concat();
    let service = Service::new(&several);
    service.claims(&token);
    service.claims(&signed(&EC_256, Algorithm::ES256, &json!({})));
    assert!(service.tokens.verify(&signed(&ED, Algorithm::EdDSA, &json!({})), SystemTime::now()).is_err());
}

#[test]
fn the_issuers_in_a_chain_sign_no_tokens() {
    let authority = {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "authority");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params
    };
    let issuer = rcgen::Issuer::new(authority.clone(), &*EC_256);
    let leaf = CertificateParams::new(vec!["auth.example.com".to_owned()]).unwrap().signed_by(&*RSA, &issuer).unwrap();
    let chain = format!("{}{}", leaf.pem(), authority.self_signed(&*EC_256).unwrap().pem());
    let service = Service::new(&chain);
    service.claims(&signed(&RSA, Algorithm::RS256, &json!({})));
    let reason = service.reason(&signed(&EC_256, Algorithm::ES256, &json!({})));
    assert_eq!(reason, "the token's algorithm is not that of a key");
    // two that signed themselves are two keys, also with one name
    let twins =
        format!("{}{}", authority.self_signed(&*EC_256).unwrap().pem(), authority.self_signed(&*ED).unwrap().pem());
    Service::new(&twins).claims(&signed(&ED, Algorithm::EdDSA, &json!({})));
}

#[test]
fn what_is_no_public_key_is_told() {
    let fault = |keys: &str| Service::try_new(keys, |_| {}).err().unwrap();
    let short = {
        // an RSA key of 1024 bits, which nobody should make: modulus, then exponent
        let modulus = [&[0x02, 0x81, 0x81, 0x00, 0xc1][..], &[0x5a; 127]].concat();
        let numbers = [modulus, vec![0x02, 0x03, 0x01, 0x00, 0x01]].concat();
        [&[0x30, 0x81, numbers.len() as u8][..], &numbers].concat()
    };
    for (keys, expected) in [
        (String::new(), "neither a public key nor a certificate"),
        ("ssh-rsa AAAA".to_owned(), "neither a public key nor a certificate"),
        (RSA.serialize_pem(), "a private key"),
        (pem("EC PRIVATE KEY", b"x"), "a private key"),
        (pem("RSA PUBLIC KEY", &short), "an RSA key of 1024 bits"),
        (pem("RSA PUBLIC KEY", b"x"), "an RSA key that cannot be read"),
        (pem("PUBLIC KEY", b"x"), "a public key that cannot be read"),
        (pem("CERTIFICATE", b"x"), "a certificate that cannot be read"),
        (pem("DH PARAMETERS", b"x"), "a DH PARAMETERS, which"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n".to_owned(), "no PEM"),
        (RSA.public_key_pem().repeat(33), "more than 32 keys"),
        ("#".repeat(1024 * 1024 + 1), "larger than"),
    ] {
        let fault = fault(&keys);
        assert!(fault.starts_with("auth-cert-path: ") && fault.contains(expected), "{fault}");
    }
    let missing = Service::try_new("", |settings| settings.keys = "/nowhere/keys.pem".into()).err().unwrap();
    assert!(missing.starts_with("auth-cert-path: /nowhere/keys.pem: "), "{missing}");
}

#[tokio::test]
async fn a_changed_file_changes_the_keys_and_a_broken_one_does_not() {
    let service = rsa_service();
    let path = service.folder.path().join("keys.pem");
    // as Kubernetes does: a new file takes the name
    let replace = |text: &str| {
        std::fs::write(path.with_extension("new"), text).unwrap();
        std::fs::rename(path.with_extension("new"), &path).unwrap();
    };
    let taken = || {
        [(&RSA, Algorithm::RS256), (&EC_256, Algorithm::ES256), (&ED, Algorithm::EdDSA)].map(|(key, algorithm)| {
            service.tokens.verify(&signed(key, algorithm, &json!({})), SystemTime::now()).is_ok()
        })
    };
    let keys = &service.tokens.keys;
    let mut last = keys.look(Ok(RSA.public_key_pem())).await;
    assert_eq!(taken(), [true, false, false]);
    replace(&EC_256.public_key_pem());
    last = keys.look(last).await;
    assert_eq!(taken(), [false, true, false], "the old key is no longer good");
    for broken in ["broken", ""] {
        replace(broken);
        last = keys.look(last).await;
        assert_eq!(taken(), [false, true, false]);
    }
    std::fs::remove_file(&path).unwrap();
    last = keys.look(last).await;
    assert_eq!(taken(), [false, true, false]);
    replace(&ED.public_key_pem());
    assert_eq!(keys.look(last).await, Ok(ED.public_key_pem()));
    assert_eq!(taken(), [false, false, true]);
}

#[test]
fn a_token_is_found_wherever_clients_put_it() {
    let service = Service::with(&RSA.public_key_pem(), |s| s.header = Some("x-chart-token".parse().unwrap()));
    let token = signed(&RSA, Algorithm::RS256, &access("repo", &["pull"]));
    let identify = |lines: &[(&'static str, String)]| {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        service.tokens.identify(&headers)
    };
    let pair = |user: &str| format!("Basic {}", STANDARD.encode(format!("{user}:{token}")));
    for value in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER  {token}"), token.clone()] {
        assert!(matches!(identify(&[("authorization", value)]), Identity::Bearer(_)));
    }
    for user in ["", "token", "any one"] {
        let value = pair(user);
        assert!(matches!(identify(&[("authorization", value.clone())]), Identity::Bearer(_)));
        let value = value.trim_end_matches('=').replace("Basic", "basic");
        assert!(matches!(identify(&[("authorization", value)]), Identity::Bearer(_)));
    }
    assert!(matches!(identify(&[("x-chart-token", token.clone())]), Identity::Bearer(_)));
    assert!(matches!(identify(&[]), Identity::Anonymous));
    for lines in [
        vec![("authorization", format!("Bearer {token}")), ("authorization", format!("Bearer {token}"))],
        vec![("authorization", format!("Bearer {token}")), ("x-chart-token", token.clone())],
        vec![("authorization", format!("Token {token}"))],
        vec![("authorization", format!("Basic {token}"))],
        vec![("authorization", format!("Basic {}", STANDARD.encode("no colon")))],
        vec![("authorization", format!("Basic {}", STANDARD.encode([b':', 0xff])))],
        vec![("authorization", "Bearer ".to_owned())],
        vec![("x-chart-token", format!("Bearer {token}"))],
        vec![("x-chart-token", String::new())],
    ] {
        assert!(matches!(identify(&lines), Identity::Refused(_)), "{lines:?}");
    }
    let plain = rsa_service();
    let headers = HeaderMap::from_iter([("x-chart-token".parse().unwrap(), HeaderValue::from_str(&token).unwrap())]);
    assert!(matches!(plain.tokens.identify(&headers), Identity::Anonymous), "only where the settings say so");
    let mut odd = HeaderMap::new();
    odd.insert(AUTHORIZATION, HeaderValue::from_bytes(b"Bearer \xff").unwrap());
    assert!(matches!(plain.tokens.identify(&odd), Identity::Refused(_)));
}

#[test]
fn a_subject_names_the_caller_if_it_can() {
    let subject = |claims: Value| {
        Claims::read(claims.to_string().as_bytes(), &Rules::default(), SystemTime::now()).unwrap().subject()
    };
    assert_eq!(subject(json!({ "sub": "ci@example.com" })), "ci@example.com");
    for odd in [json!({}), json!({ "sub": null }), json!({ "sub": "" }), json!({ "sub": ["a"] })] {
        assert_eq!(subject(odd), "token");
    }
    assert_eq!(subject(json!({ "sub": "é".repeat(1000) })).chars().count(), 128);
}
