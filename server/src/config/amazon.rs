use std::path::PathBuf;
use std::time::Duration;

use storage_s3::{Checksums, Encryption, LONGEST_LIFE, Options, SMALLEST_PART};

use super::{Kind, Setting, SettingError, Values};

pub(super) const BUCKET: Setting =
    Setting::new("storage-amazon-bucket", Kind::Text, "Bucket of --storage=amazon.").key("storage.amazon.bucket");
pub(super) const PREFIX: Setting = Setting::new(
    "storage-amazon-prefix",
    Kind::Text,
    "What every key begins with: whole segments, so charts has nothing to do with charts2/.",
)
.key("storage.amazon.prefix");
pub(super) const REGION: Setting = Setting::new(
    "storage-amazon-region",
    Kind::Text,
    "Region of the bucket; needed unless there is an endpoint, whose default is us-east-1.",
)
.key("storage.amazon.region");
pub(super) const ENDPOINT: Setting =
    Setting::new("storage-amazon-endpoint", Kind::Text, "URL of a store that is not AWS, such as http://minio:9000.")
        .key("storage.amazon.endpoint");
pub(super) const ENCRYPTION: Setting = Setting::new(
    "storage-amazon-sse",
    Kind::Text,
    "How the store encrypts: AES256, aws:kms or aws:kms:dsse; without it, by the bucket's default.",
)
.key("storage.amazon.sse");
pub(super) const ENCRYPTION_KEY: Setting = Setting::new(
    "storage-amazon-sse-kms-key-id",
    Kind::Text,
    "Key of --storage-amazon-sse=aws:kms; without it, the account's default key.",
)
.key("storage.amazon.ssekmskeyid");
pub(super) const PATH_STYLE: Setting = Setting::new(
    "storage-amazon-force-path-style",
    Kind::Boolean,
    "Name the bucket in the path of URLs; false names it in the host.",
)
.key("storage.amazon.forcepathstyle")
.default("true");
pub(super) const CA_FILE: Setting = Setting::new(
    "storage-amazon-ca-file",
    Kind::Text,
    "File of certificates (PEM) to trust besides the system's, for the store's TLS.",
)
.key("storage.amazon.cafile");
pub(super) const CHECKSUMS: Setting = Setting::new(
    "storage-amazon-checksums",
    Kind::Choice(&["auto", "when_required", "when_supported"]),
    "Checksums beyond those that the protocol needs; auto: with AWS, but not with other endpoints.",
)
.key("storage.amazon.checksums")
.default("auto");
pub(super) const CONNECT_TIMEOUT: Setting = Setting::new(
    "storage-amazon-connect-timeout",
    Kind::Duration,
    "How long a connection to the store may take, its TLS handshake included.",
)
.key("storage.amazon.connecttimeout")
.default("2s");
pub(super) const ATTEMPT_TIMEOUT: Setting = Setting::new(
    "storage-amazon-attempt-timeout",
    Kind::Duration,
    "How long one attempt may wait for the store; a second more for each 256 KiB that it sends.",
)
.key("storage.amazon.attempttimeout")
.default("4s");
pub(super) const OPERATION_TIMEOUT: Setting = Setting::new(
    "storage-amazon-operation-timeout",
    Kind::Duration,
    "How long all attempts of a call may take together.",
)
.key("storage.amazon.operationtimeout")
.default("15s");
pub(super) const RETRIES: Setting = Setting::new(
    "storage-amazon-retries",
    Kind::Integer(0, 20),
    "Attempts after the first, when the store fails or is too busy.",
)
.key("storage.amazon.retries")
.default("3");
pub(super) const PART_SIZE: Setting =
    Setting::new("storage-amazon-part-size", Kind::Size, "Larger objects go up in parts of this size; 5Mi at least.")
        .key("storage.amazon.partsize")
        .default("8Mi");

pub(super) const HEARTBEAT: Setting = Setting::new(
    "storage-amazon-heartbeat",
    Kind::Duration,
    "Where the store cannot keep two writers apart: how often a replica says that it lives; another takes over after six.",
)
.key("storage.amazon.heartbeat")
.default("5s");

pub(super) const REDIRECT: Setting = Setting::new(
    "storage-redirect",
    Kind::Boolean,
    "Answer downloads with an address in the bucket that lives for a while; not of files where people can write too.",
)
.key("storage.redirect")
.default("false");
pub(super) const REDIRECT_EXPIRY: Setting =
    Setting::new("storage-redirect-expiry", Kind::Duration, "How long such an address lives: at most 168h.")
        .key("storage.redirectexpiry")
        .default("5m");
pub(super) const REDIRECT_ENDPOINT: Setting = Setting::new(
    "storage-redirect-endpoint",
    Kind::Text,
    "URL at which clients reach the store, if it is not that of --storage-amazon-endpoint.",
)
.key("storage.redirectendpoint");

/// A part is kept in memory while it goes up, and S3 takes none above 5 GiB.
const LARGEST_PART: u64 = 1 << 30;

/// The default of [`HEARTBEAT`].
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(5);

/// A bucket, and how it is shared.
#[derive(Debug, Clone, PartialEq)]
pub struct Amazon {
    /// Where it is and how it is talked to.
    pub options: Options,
    /// How often a replica says that it lives, where only one may write.
    pub heartbeat: Duration,
    /// How downloads are redirected to it, if they are.
    pub redirect: Option<Redirect>,
}

/// Addresses that are given to clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// How long each of them lives.
    pub life: Duration,
    /// Where clients reach the store, if not where this server does.
    pub endpoint: Option<String>,
}

impl Amazon {
    /// What the variables say that every program with an SDK of AWS reads.
    pub(super) fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| variable(name).filter(|text| !text.is_empty());
        let mut options = Options { endpoint: text("AWS_ENDPOINT_URL"), ..Options::default() };
        if let Some(region) = text("AWS_REGION").or_else(|| text("AWS_DEFAULT_REGION")) {
            options.region = region;
        }
        Self { options, heartbeat: DEFAULT_HEARTBEAT, redirect: None }
    }

    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        Ok(Self { options: options(values)?, heartbeat: values.duration(&HEARTBEAT), redirect: redirect(values)? })
    }
}

fn redirect(values: &Values) -> Result<Option<Redirect>, SettingError> {
    if !values.boolean(&REDIRECT) {
        return Ok(None);
    }
    let life = values.duration(&REDIRECT_EXPIRY);
    if !(Duration::from_secs(1)..=LONGEST_LIFE).contains(&life) {
        return Err(values.fault(&REDIRECT_EXPIRY, "expected a duration from 1s to 168h"));
    }
    Ok(Some(Redirect { life, endpoint: values.text(&REDIRECT_ENDPOINT).map(str::to_owned) }))
}

fn options(values: &Values) -> Result<Options, SettingError> {
    let text = |setting: &Setting| values.text(setting).map(str::to_owned);
    let endpoint = text(&ENDPOINT);
    let bucket = text(&BUCKET).ok_or_else(|| values.fault(&BUCKET, "it is needed for the storage amazon"))?;
    let region = match (text(&REGION), &endpoint) {
        (Some(region), _) => region,
        (None, Some(_)) => Options::default().region,
        (None, None) => return Err(values.fault(&REGION, "it is needed where there is no endpoint")),
    };
    let checksums = match values.text(&CHECKSUMS) {
        Some("when_required") => Checksums::WhenRequired,
        Some("when_supported") => Checksums::WhenSupported,
        _ => Checksums::ByEndpoint,
    };
    let part_size = values.integer(&PART_SIZE);
    if !(SMALLEST_PART as u64..=LARGEST_PART).contains(&part_size) {
        return Err(values.fault(&PART_SIZE, "expected a size from 5Mi to 1Gi"));
    }
    for setting in [&CONNECT_TIMEOUT, &ATTEMPT_TIMEOUT, &OPERATION_TIMEOUT, &HEARTBEAT] {
        if values.duration(setting).is_zero() {
            return Err(values.fault(setting, "it must not be zero"));
        }
    }
    Ok(Options {
        bucket,
        prefix: text(&PREFIX).unwrap_or_default(),
        region,
        endpoint,
        encryption: encryption(values)?,
        path_style: values.boolean(&PATH_STYLE),
        ca_file: text(&CA_FILE).map(PathBuf::from),
        checksums,
        connect_timeout: values.duration(&CONNECT_TIMEOUT),
        attempt_timeout: values.duration(&ATTEMPT_TIMEOUT),
        operation_timeout: values.duration(&OPERATION_TIMEOUT),
        retries: u32::try_from(values.integer(&RETRIES)).unwrap_or_default(),
        part_size: usize::try_from(part_size).unwrap_or(SMALLEST_PART),
        leftover_age: Options::default().leftover_age,
    })
}

fn encryption(values: &Values) -> Result<Option<Encryption>, SettingError> {
    let key = values.text(&ENCRYPTION_KEY).map(str::to_owned);
    match (values.text(&ENCRYPTION), &key) {
        (None, None) => Ok(None),
        (Some("AES256"), None) => Ok(Some(Encryption { algorithm: "AES256".to_owned(), key })),
        (Some(algorithm @ ("aws:kms" | "aws:kms:dsse")), _) => {
            Ok(Some(Encryption { algorithm: algorithm.to_owned(), key }))
        }
        (None | Some("AES256"), Some(_)) => Err(values.fault(&ENCRYPTION_KEY, "it needs --storage-amazon-sse=aws:kms")),
        (Some(other), _) => {
            Err(values.fault(&ENCRYPTION, &format!("expected AES256, aws:kms or aws:kms:dsse, not {other:?}")))
        }
    }
}
