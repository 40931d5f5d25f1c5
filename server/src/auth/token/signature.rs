use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::keys::Key;

/// What a token says of its own signature.
#[derive(Deserialize)]
struct Header {
    alg: String,
    /// Extensions that the reader must understand; this one understands none.
    crit: Option<Value>,
}

/// The payload of a token that one of the keys has signed. `kid` is a hint that is not needed: there are few keys.
pub(super) fn verify(token: &str, keys: &[Key]) -> Result<Vec<u8>, &'static str> {
    const NO_TOKEN: &str = "this is no token";
    let (signed, signature) = token.rsplit_once('.').ok_or(NO_TOKEN)?;
    let (header, payload) = signed.split_once('.').ok_or(NO_TOKEN)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| NO_TOKEN)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| "the token's header is odd")?;
    if header.crit.is_some() {
        return Err("the token asks for an extension that is not understood");
    }
    let algorithm: Algorithm = header.alg.parse().map_err(|_| "the token's algorithm is not accepted")?;
    let mut fitting = keys.iter().filter(|key| key.algorithms.contains(&algorithm)).peekable();
    if fitting.peek().is_none() {
        return Err("the token's algorithm is not that of a key");
    }
    let is_signed = |key: &Key| crypto::verify(signature, signed.as_bytes(), &key.key, algorithm).unwrap_or(false);
    if !fitting.any(is_signed) {
        return Err("the token's signature is not that of a key");
    }
    URL_SAFE_NO_PAD.decode(payload).map_err(|_| NO_TOKEN)
}
