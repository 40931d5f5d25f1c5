use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A token service with an RSA key, whose public half lies in a file for the server.
#[derive(Debug)]
pub struct TokenService {
    folder: TempDir,
}

impl Default for TokenService {
    fn default() -> Self {
        let folder = tempfile::Builder::new().prefix("tokens-").tempdir().expect("a temporary folder can be made");
        let service = Self { folder };
        service.publish(&Self::public_key());
        service
    }
}

impl TokenService {
    /// Its address, which nobody calls.
    pub const REALM: &str = "https://auth.example.com/token";
    /// The server's name there.
    pub const SERVICE: &str = "charts.example.com";

    /// The arguments of a server that believes it.
    pub fn settings(&self) -> Vec<String> {
        vec![
            "--bearer-auth".to_owned(),
            format!("--auth-realm={}", Self::REALM),
            format!("--auth-service={}", Self::SERVICE),
            format!("--auth-cert-path={}", self.file().display()),
        ]
    }

    /// Its public key in PEM.
    pub fn public_key() -> String {
        key().public_key_pem()
    }

    /// Puts keys in place of those that the server reads, as Kubernetes does: another file takes the name.
    pub fn publish(&self, keys: &str) {
        let new = self.folder.path().join("new.pem");
        fs::write(&new, keys).and_then(|()| fs::rename(&new, self.file())).expect("the folder is ours");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("keys.pem")
    }

    /// Signs claims.
    pub fn sign(&self, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(key().serialize_pem().as_bytes()).expect("it is an RSA key");
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), claims, &key).expect("claims are JSON")
    }

    /// A token for `ci` that allows actions in a repository for an hour.
    pub fn token(&self, repository: &str, actions: &[&str]) -> String {
        self.token_of("artifact-repository", repository, actions)
    }

    /// The same, with an entry of this type.
    pub fn token_of(&self, kind: &str, name: &str, actions: &[&str]) -> String {
        self.sign(&json!({
            "sub": "ci",
            "aud": Self::SERVICE,
            "exp": now() + 3600,
            "access": [{ "type": kind, "name": name, "actions": actions }],
        }))
    }
}

/// Seconds of Unix time.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// One for all: an RSA key takes long to make.
fn key() -> &'static KeyPair {
    static KEY: OnceLock<KeyPair> = OnceLock::new();
    KEY.get_or_init(|| {
        KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("the cryptography makes RSA keys")
    })
}
