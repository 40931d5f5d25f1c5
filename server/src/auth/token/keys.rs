use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use jsonwebtoken::{Algorithm, DecodingKey};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// How often the file is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Keeps a mistaken path from filling the memory.
const LARGEST_FILE: u64 = 1024 * 1024;
/// Each of them may be tried for a token.
const MOST_KEYS: usize = 32;
/// What the cryptography takes: shorter ones can be broken, longer ones take long.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

const RSA: &[Algorithm] =
    &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";
const P_256: &str = "1.2.840.10045.3.1.7";
const P_384: &str = "1.3.132.0.34";
const ED25519: &str = "1.3.101.112";

/// A public key, and the algorithms that it is for.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) key: DecodingKey,
    pub(super) algorithms: &'static [Algorithm],
}

/// The file of the token service's public keys.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    /// As it was read first.
    text: String,
    current: ArcSwap<Vec<Key>>,
}

impl KeyFile {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let (text, keys) = read(path)
            .and_then(|text| parse(&text).map(|keys| (text, keys)))
            .map_err(|reason| format!("{}: {reason}", path.display()))?;
        Ok(Self { path: path.to_owned(), text, current: ArcSwap::from_pointee(keys) })
    }

    pub(super) fn current(&self) -> Arc<Vec<Key>> {
        self.current.load_full()
    }

    /// Looks at the file again and again, for ever.
    pub(super) async fn watch(&self) {
        let mut last = Ok(self.text.clone());
        loop {
            tokio::time::sleep(LOOK_AGAIN).await;
            last = self.look(last).await;
        }
    }

    /// Takes over the file's keys if its content is not what was read last. The content is what is compared: neither
    /// times nor links can deceive. While it cannot be used, the keys before stay.
    pub(super) async fn look(&self, last: Result<String, String>) -> Result<String, String> {
        let path = self.path.clone();
        let Ok(text) = tokio::task::spawn_blocking(move || read(&path)).await else { return last };
        if text == last {
            return last;
        }
        let path = self.path.display();
        match text.clone().and_then(|text| parse(&text)) {
            Ok(keys) => {
                tracing::info!(file = %path, keys = keys.len(), "The keys of tokens were read again");
                self.current.store(Arc::new(keys));
            }
            Err(reason) => {
                tracing::error!(file = %path, reason, "The keys of tokens cannot be read again: the old ones stay");
            }
        }
        text
    }
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST_FILE { Err(format!("it is larger than {LARGEST_FILE} bytes")) } else { Ok(text) }
}

/// Every public key and certificate of a PEM text. A certificate is a wrapper here, as in ChartMuseum: its dates are not
/// looked at. The one that issued the certificate before it belongs to a chain, and signs no tokens.
pub(super) fn parse(text: &str) -> Result<Vec<Key>, String> {
    let mut keys = Vec::new();
    let mut issuer: Option<Vec<u8>> = None;
    for block in Pem::iter_from_buffer(text.as_bytes()) {
        let block = block.map_err(|error| format!("it is no PEM: {error}"))?;
        let odd = |what: &str| format!("it holds {what} that cannot be read");
        match block.label.as_str() {
            "PUBLIC KEY" => {
                let (_, key) = SubjectPublicKeyInfo::from_der(&block.contents).map_err(|_| odd("a public key"))?;
                keys.push(of_info(&key)?);
            }
            "RSA PUBLIC KEY" => keys.push(of_rsa(&block.contents)?),
            "CERTIFICATE" => {
                let (_, certificate) = X509Certificate::from_der(&block.contents).map_err(|_| odd("a certificate"))?;
                let (subject, by) = (certificate.subject().as_raw(), certificate.issuer().as_raw());
                if issuer.as_deref() != Some(subject) {
                    keys.push(of_info(certificate.public_key())?);
                }
                issuer = (subject != by).then(|| by.to_vec());
            }
            label if label.ends_with("PRIVATE KEY") => {
                return Err("it holds a private key: only public ones belong there".to_owned());
            }
            label => return Err(format!("it holds a {label}, which is neither a public key nor a certificate")),
        }
    }
    match keys.len() {
        0 => Err("it holds neither a public key nor a certificate in PEM".to_owned()),
        1..=MOST_KEYS => Ok(keys),
        _ => Err(format!("it holds more than {MOST_KEYS} keys")),
    }
}

fn of_info(info: &SubjectPublicKeyInfo<'_>) -> Result<Key, String> {
    let bytes: &[u8] = &info.subject_public_key.data;
    let kind = info.algorithm.algorithm.to_id_string();
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    match (kind.as_str(), curve.map(|curve| curve.to_id_string()).as_deref(), bytes) {
        (RSA_ENCRYPTION, ..) => of_rsa(bytes),
        // the points as they are, not compressed
        (EC, Some(P_256), [4, point @ ..]) if point.len() == 64 => {
            Ok(Key { key: DecodingKey::from_ec_der(bytes), algorithms: &[Algorithm::ES256] })
        }
        (EC, Some(P_384), [4, point @ ..]) if point.len() == 96 => {
            Ok(Key { key: DecodingKey::from_ec_der(bytes), algorithms: &[Algorithm::ES384] })
        }
        (ED25519, _, _) if bytes.len() == 32 => {
            Ok(Key { key: DecodingKey::from_ed_der(bytes), algorithms: &[Algorithm::EdDSA] })
        }
        _ => Err("it holds a key that is neither RSA nor EC on P-256 or P-384 nor Ed25519".to_owned()),
    }
}

fn of_rsa(der: &[u8]) -> Result<Key, String> {
    let (_, key) = RSAPublicKey::from_der(der).map_err(|_| "it holds an RSA key that cannot be read".to_owned())?;
    let bits = key.key_size();
    if !RSA_BITS.contains(&bits) {
        return Err(format!(
            "it holds an RSA key of {bits} bits: {} to {} are taken",
            RSA_BITS.start(),
            RSA_BITS.end()
        ));
    }
    Ok(Key { key: DecodingKey::from_rsa_der(der), algorithms: RSA })
}
