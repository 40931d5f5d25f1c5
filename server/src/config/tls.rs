use std::path::PathBuf;
use std::time::Duration;

use super::{Kind, Setting, SettingError, Values};

pub(super) const SETTINGS: &[&Setting] = &[&CERTIFICATE, &KEY, &CLIENT_CA, &RELOAD_INTERVAL];

const CERTIFICATE: Setting =
    Setting::new("tls-cert", Kind::Text, "File of the certificate chain (PEM); with tls-key, only HTTPS is served.")
        .key("tls.cert");
const KEY: Setting = Setting::new("tls-key", Kind::Text, "File of the certificate's key (PEM).").key("tls.key");
const CLIENT_CA: Setting = Setting::new(
    "tls-ca-cert",
    Kind::Text,
    "File of certificate authorities (PEM); every client must then show a certificate of theirs.",
)
.key("tls.cacert");
const RELOAD_INTERVAL: Setting = Setting::new(
    "tls-reload-interval",
    Kind::Duration,
    "How often the files of TLS are looked at for new content; 0 only at SIGHUP.",
)
.key("tls.reloadinterval")
.default("10s");

/// Whether and how connections are encrypted.
#[derive(Debug, Clone, PartialEq)]
pub struct Tls {
    /// Absent: plain HTTP.
    pub files: Option<TlsFiles>,
    /// How often the files are looked at; zero only at SIGHUP.
    pub reload_interval: Duration,
}

/// The files of TLS, all of them PEM.
#[derive(Debug, Clone, PartialEq)]
pub struct TlsFiles {
    /// The certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who signs clients' certificates; if absent, clients need none.
    pub client_ca: Option<PathBuf>,
}

impl Tls {
    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let path = |setting| values.text(setting).map(PathBuf::from);
        let client_ca = path(&CLIENT_CA);
        let files = match (path(&CERTIFICATE), path(&KEY)) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key, client_ca }),
            // half of it must never mean plain HTTP
            (Some(_), None) => return Err(values.fault(&CERTIFICATE, "it needs tls-key too")),
            (None, Some(_)) => return Err(values.fault(&KEY, "it needs tls-cert too")),
            (None, None) if client_ca.is_some() => {
                return Err(values.fault(&CLIENT_CA, "it needs tls-cert and tls-key too"));
            }
            (None, None) => None,
        };
        Ok(Self { files, reload_interval: values.duration(&RELOAD_INTERVAL) })
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self { files: None, reload_interval: Duration::from_secs(10) }
    }
}
