use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Scope;
use crate::auth::AuthenticationError;

/// Long enough for a push of many layers, short enough that a token that leaks is soon worth nothing.
const LIFETIME: Duration = Duration::from_secs(600);
/// Of what clients may keep instead of a password.
const REFRESH_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// Replicas' clocks may differ by so much.
const LEEWAY_SECONDS: u64 = 30;
/// Of a key, in bytes: that of the hash that it is used with.
const KEY_LENGTH: usize = 32;
/// Keeps a mistaken path from filling the memory.
const LONGEST_KEY_FILE: usize = 64 * 1024;
/// Longer tokens are refused unread: ours have one scope or a few.
const LONGEST: usize = 16 * 1024;

/// Makes the registry's own tokens, and knows them again. All replicas make the same of the same settings.
pub struct TokenIssuer {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// A token and what is to be said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token.
    pub token: String,
    /// When, in seconds of Unix time.
    pub at: u64,
    /// For how long, in seconds.
    pub seconds: u64,
}

/// What a token of ours says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::auth) struct Access {
    /// The user; absent if nobody was asked who they are.
    #[serde(skip_serializing_if = "Option::is_none", rename = "sub")]
    pub user: Option<String>,
    /// What it allows; absent if it is for getting others.
    #[serde(skip_serializing_if = "Option::is_none", rename = "access")]
    pub scopes: Option<Vec<Scope>>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    iat: u64,
    exp: u64,
    jti: String,
    #[serde(flatten)]
    access: Access,
}

const ISSUER: &str = "chandlery";

impl TokenIssuer {
    /// With a key from a file, or else from a secret that everybody shares who serves a storage. The storage's id is added,
    /// which no client knows: so nobody can try passwords on a token that they got. With a file the secret is part of the key
    /// too: whoever changes the password ends what was got with the old one.
    ///
    /// # Errors
    /// If the file cannot be read, or holds too little.
    pub fn new(key_file: Option<&Path>, secret: &[u8], storage: Uuid) -> Result<Self, AuthenticationError> {
        let (material, of_file): (_, &[u8]) = match key_file {
            Some(path) => {
                let fault = |reason| AuthenticationError(format!("token-key-file: {}: {reason}", path.display()));
                (read(path).map_err(fault)?, secret)
            }
            None => (secret.to_vec(), b""),
        };
        let mut key = [0; KEY_LENGTH];
        let salt = Salt::new(HKDF_SHA256, storage.as_bytes());
        salt.extract(&material)
            .expand(&[b"chandlery registry tokens", of_file], HKDF_SHA256)
            .and_then(|derived| derived.fill(&mut key))
            .map_err(|_| AuthenticationError("the key of tokens cannot be derived".to_owned()))?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.validate_aud = false; // the key is ours alone, and a server may have many names
        validation.leeway = LEEWAY_SECONDS;
        Ok(Self { encoding: EncodingKey::from_secret(&key), decoding: DecodingKey::from_secret(&key), validation })
    }

    /// A token for the registry.
    pub(in crate::auth) fn issue(&self, user: Option<String>, scopes: Vec<Scope>) -> Result<Issued, String> {
        self.sign(Access { user, scopes: Some(scopes) }, LIFETIME)
    }

    /// A token for getting tokens, in place of a password.
    pub(in crate::auth) fn issue_refresh(&self, user: String) -> Result<Issued, String> {
        self.sign(Access { user: Some(user), scopes: None }, REFRESH_LIFETIME)
    }

    /// What a token says, if it is one of ours and in time.
    pub(in crate::auth) fn read(&self, token: &str) -> Option<Access> {
        if token.len() > LONGEST {
            return None;
        }
        decode::<Claims>(token, &self.decoding, &self.validation).ok().map(|token| token.claims.access)
    }

    fn sign(&self, access: Access, lifetime: Duration) -> Result<Issued, String> {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let seconds = lifetime.as_secs();
        let jti = Uuid::new_v4().to_string();
        let claims = Claims { iss: ISSUER.to_owned(), iat: at, exp: at + seconds, jti, access };
        let token = encode(&Header::new(Algorithm::HS256), &claims, &self.encoding);
        Ok(Issued { token: token.map_err(|error| error.to_string())?, at, seconds })
    }
}

impl std::fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenIssuer").finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut key = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LONGEST_KEY_FILE as u64 + 1).read_to_end(&mut key).map_err(|error| error.to_string())?;
    match key.len() {
        0..KEY_LENGTH => Err(format!("it has fewer than {KEY_LENGTH} bytes")),
        KEY_LENGTH..=LONGEST_KEY_FILE => Ok(key),
        _ => Err(format!("it is larger than {LONGEST_KEY_FILE} bytes")),
    }
}
