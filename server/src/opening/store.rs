//! From the setting of a storage to the storage.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use storage::filesystem::FileStore;
use storage::{ObjectStore, StorageError};
use storage_s3::probe::{Finding, probe};
use storage_s3::{About, OpenError, S3Store, SingleWriter, Turn, read_only};

use super::mounts::{Mount, Mounts};
use super::{OpeningError, blocking};
use crate::config;
use crate::redirects::Redirects;

/// How often a replica on a volume says that it is there, where only one may write.
const VOLUME_HEARTBEAT: Duration = Duration::from_secs(5);

/// Opens a storage of any kind, to read it, or to write where nobody else does.
///
/// # Errors
/// If it cannot be used; the error names the setting.
pub async fn open_storage(storage: &config::Storage) -> Result<Arc<dyn ObjectStore>, OpeningError> {
    Ok(match storage {
        config::Storage::Local { root } => {
            let root = root.clone();
            let opened = blocking(move || FileStore::open(root)).await;
            Arc::new(opened.map_err(|error| OpeningError::Storage {
                subject: "setting storage-local-rootdir",
                reason: error.to_string(),
            })?)
        }
        config::Storage::Amazon(amazon) => Arc::new(open_bucket(amazon).await?),
    })
}

async fn open_bucket(amazon: &config::Amazon) -> Result<S3Store, OpeningError> {
    let opened = S3Store::open(amazon.options.clone()).await;
    opened.map_err(|OpenError { about, reason, is_passing }| match is_passing {
        true => OpeningError::Unanswered { subject: subject(about), reason },
        false => OpeningError::Storage { subject: subject(about), reason },
    })
}

fn subject(about: About) -> &'static str {
    match about {
        About::Bucket => "setting storage-amazon-bucket",
        About::Region => "setting storage-amazon-region",
        About::Endpoint => "setting storage-amazon-endpoint",
        About::CaFile => "setting storage-amazon-ca-file",
        About::Credentials => "credentials",
        About::Clock => "clock",
    }
}

/// Why replicas on this folder cannot be sure to see what others did; none if they can.
pub(super) fn hides_absence(root: &Path, mounts: &Mounts) -> Option<String> {
    let root = std::path::absolute(root).ok()?;
    let root = root.canonicalize().unwrap_or(root);
    let mount = mounts.of(&root).filter(Mount::hides_absence)?;
    Some(format!(
        "the NFS volume at {} is mounted without lookupcache=positive (or none), so that a replica may overlook for a \
         while what another one wrote",
        mount.point
    ))
}

/// A storage that others may write to at the same time, and what it must be watched for.
#[derive(Clone)]
pub struct SharedStore {
    /// The storage. It may refuse to write.
    pub store: Arc<dyn ObjectStore>,
    /// The same, if it is a bucket.
    bucket: Option<S3Store>,
    mode: Mode,
}

#[derive(Clone)]
enum Mode {
    /// Any number of replicas write.
    Shared,
    /// One replica writes, because of this sentence.
    Alone(SingleWriter, String),
    /// None writes, because of this.
    ReadOnly(String),
}

impl SharedStore {
    /// Opens a storage and finds out how it may be shared by replicas.
    ///
    /// # Errors
    /// If it cannot be used; the error names the setting.
    pub async fn open(storage: &config::Storage, mounts: &Mounts) -> Result<Self, OpeningError> {
        let amazon = match storage {
            config::Storage::Amazon(amazon) => amazon,
            config::Storage::Local { root } => {
                let store = open_storage(storage).await?;
                return Ok(match hides_absence(root, mounts) {
                    None => Self { store, bucket: None, mode: Mode::Shared },
                    Some(sentence) => Self::one_at_a_time(store, sentence, VOLUME_HEARTBEAT).await,
                });
            }
        };
        let bucket = open_bucket(amazon).await?;
        let store: Arc<dyn ObjectStore> = Arc::new(bucket.clone());
        let finding = probe(&store).await.map_err(|error| {
            let (subject, reason) = ("setting storage-amazon-bucket", format!("it cannot be written to: {error}"));
            match error {
                StorageError::Unavailable(_) => OpeningError::Unanswered { subject, reason },
                _ => OpeningError::Storage { subject, reason },
            }
        })?;
        let (store, mode) = match finding {
            Finding::Exclusive => {
                tracing::info!("The storage keeps writers apart: any number of replicas may write");
                (store, Mode::Shared)
            }
            Finding::NotExclusive(reason) => {
                tracing::warn!(
                    reason,
                    "The storage cannot keep two writers apart: one replica writes at a time, and one that was paused \
                     may still harm it; run one replica, with the strategy Recreate"
                );
                let writer = SingleWriter::begin(Arc::new(bucket.clone().without_conditions()), amazon.heartbeat);
                writer.decided().await;
                let sentence = format!("the storage cannot keep two writers apart: {reason}");
                (writer.store(), Mode::Alone(writer, sentence))
            }
            Finding::ReadOnly(reason) => {
                tracing::warn!(reason, "The storage refuses to be written to: nothing can be uploaded or deleted");
                (read_only(store, reason.clone()), Mode::ReadOnly(reason))
            }
        };
        Ok(Self { store, bucket: Some(bucket), mode })
    }

    /// Where downloads are redirected to, if the settings want it.
    pub fn redirects(&self, storage: &config::Storage) -> Option<Redirects> {
        let config::Storage::Amazon(amazon) = storage else { return None };
        let config::Redirect { life, endpoint } = amazon.redirect.clone()?;
        Some(Redirects::new(self.bucket.as_ref()?.addresses(endpoint), life))
    }

    /// A volume that keeps writers apart, but not without hiding what one wrote from the others for a while.
    async fn one_at_a_time(store: Arc<dyn ObjectStore>, sentence: String, heartbeat: Duration) -> Self {
        tracing::warn!(reason = sentence, "One replica writes at a time");
        let writer = SingleWriter::begin(store, heartbeat);
        writer.decided().await;
        Self { store: writer.store(), bucket: None, mode: Mode::Alone(writer, sentence) }
    }

    /// Opens a storage for a command that works beside the replicas, and writes little.
    ///
    /// # Errors
    /// If it cannot be used; the error names the setting.
    pub async fn open_beside(storage: &config::Storage) -> Result<Self, OpeningError> {
        Self::open(storage, &Mounts::default()).await
    }

    /// What those who ask whether the server is ready are told; none if all is well.
    pub fn trouble(&self) -> Option<String> {
        match &self.mode {
            Mode::Shared => None,
            Mode::Alone(writer, sentence) => Some(match writer.turn() {
                Turn::Ours => format!("{sentence}; this replica writes"),
                _ => format!("{sentence}; another replica writes"),
            }),
            Mode::ReadOnly(reason) => Some(format!("the storage refuses to be written to: {reason}")),
        }
    }

    /// Whether it is asked across a network by this process, which is told when there is no answer.
    pub(super) fn is_bucket(&self) -> bool {
        self.bucket.is_some()
    }

    /// Waits until something that failed is worth another try: the replica that writes may have made what is missing, or
    /// be gone. False if it is not.
    pub(super) async fn may_write_later(&self, error: &StorageError) -> bool {
        match (&self.mode, error) {
            (Mode::Alone(writer, _), StorageError::Unavailable(_)) if writer.turn() != Turn::Ours => {
                tracing::info!("Waiting for the replica that writes: the storage is not ready to be read yet");
                writer.pause().await;
                true
            }
            _ => false,
        }
    }

    /// Lets another replica write at once, where only one does. Nothing can be written after it.
    pub async fn release(&self) {
        if let Mode::Alone(writer, _) = &self.mode {
            writer.release().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use storage::Key;

    use super::*;

    fn mounted(root: &Path, options: &str) -> Mounts {
        format!(
            "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n40 22 0:44 / {} rw - nfs4 files:/charts {options}\n",
            root.display()
        )
        .into()
    }

    fn root(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().canonicalize().unwrap()
    }

    async fn replica(root: &Path, mounts: &Mounts) -> SharedStore {
        let store = open_storage(&config::Storage::Local { root: root.to_owned() }).await.unwrap();
        SharedStore::one_at_a_time(store, hides_absence(root, mounts).unwrap(), VOLUME_HEARTBEAT).await
    }

    async fn writes(replica: &SharedStore, name: &str) -> bool {
        replica.store.put_new(&Key::new(name).unwrap(), "1".into()).await.is_ok()
    }

    #[test]
    fn only_a_volume_that_remembers_absence_hides_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = root(&folder);
        for options in ["rw,hard,lookupcache=pos", "rw,hard,lookupcache=none"] {
            assert_eq!(hides_absence(&root, &mounted(&root, options)), None, "{options}");
        }
        let sentence = hides_absence(&root.join("below"), &mounted(&root, "rw,hard")).unwrap();
        let expected =
            format!("the NFS volume at {} is mounted without lookupcache=positive (or none)", root.display());
        assert!(sentence.starts_with(&expected), "{sentence}");
        assert_eq!(hides_absence(&root, &Mounts::default()), None);
        let elsewhere = tempfile::tempdir().unwrap();
        assert_eq!(hides_absence(&elsewhere.path().canonicalize().unwrap(), &mounted(&root, "rw")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_replica_on_such_a_volume_writes_when_the_first_one_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let root = root(&folder);
        let mounts = mounted(&root, "rw,hard");
        let first = replica(&root, &mounts).await;
        assert!(writes(&first, "one").await);
        assert!(first.trouble().unwrap().ends_with("; this replica writes"));
        let second = replica(&root, &mounts).await;
        assert!(!writes(&second, "two").await);
        let trouble = second.trouble().unwrap();
        assert!(
            trouble.contains("without lookupcache=positive") && trouble.ends_with("; another replica writes"),
            "{trouble}"
        );
        assert!(second.store.head(&Key::new("one").unwrap()).await.is_ok(), "it reads");
        first.release().await;
        while !writes(&second, "two").await {
            tokio::time::sleep(VOLUME_HEARTBEAT).await;
        }
        assert!(!writes(&first, "three").await);
    }
}
