//! The file, who may use it, and how it is opened.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, SqlSafeStr};
use tokio::time::{Duration, Instant, sleep};
use uuid::Uuid;

use super::{DatabaseError, statements};

const FILE: &str = "catalogue.sqlite";
/// What SQLite keeps beside the file.
const COMPANIONS: &[&str] = &["", "-wal", "-shm", "-journal"];
const LOCK: &str = "catalogue.lock";

const LOCK_INTERVAL: Duration = Duration::from_millis(20);

/// A whole state written at once makes a log as large as the file; it is cut back to this afterwards.
const LOG_SIZE: &str = "16777216";

/// In order. Applied ones are never edited: their text is compared with the one that was applied.
const MIGRATIONS: &[(&str, &str)] = &[
    ("catalogue", include_str!("../../../migrations/0001_catalogue.sql")),
    ("registry", include_str!("../../../migrations/0002_registry.sql")),
];

/// Where the file is, and whose.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    storage: Uuid,
}

/// The open file. No other process uses it meanwhile.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sqlite: SqliteConnection,
    lock: File,
}

impl Place {
    /// Waits at most so long for another process to end.
    pub(super) async fn open(
        folder: &Path,
        storage: Uuid,
        patience: Duration,
    ) -> Result<(Self, Connection), DatabaseError> {
        let place = Self { folder: folder.to_owned(), storage };
        let lock = place.lock(patience).await?;
        let sqlite = match place.connect().await {
            Ok(sqlite) => sqlite,
            Err(error) => {
                tracing::warn!(%error, folder = %folder.display(), "the catalogue database is made anew");
                place.remove_files();
                place.connect().await?
            }
        };
        Ok((place, Connection { sqlite, lock }))
    }

    /// A file that is there, whoever's it is.
    pub(super) fn existing(folder: &Path) -> Option<Self> {
        folder.join(FILE).is_file().then(|| Self { folder: folder.to_owned(), storage: Uuid::nil() })
    }

    /// Another connection to the open file, which can only read.
    pub(super) async fn reader(&self) -> Result<SqliteConnection, DatabaseError> {
        Ok(self.options().read_only(true).connect().await?)
    }

    /// Removes the file and makes it anew.
    pub(super) async fn renew(&self, broken: Connection) -> Result<Connection, DatabaseError> {
        let lock = broken.end().await;
        self.remove_files();
        Ok(Connection { sqlite: self.connect().await?, lock })
    }

    /// Removes the file for good.
    pub(super) async fn remove(&self, broken: Connection) {
        let _lock = broken.end().await;
        self.remove_files();
    }

    async fn lock(&self, patience: Duration) -> Result<File, DatabaseError> {
        let fault = |reason| DatabaseError::Folder { folder: self.folder.clone(), reason };
        std::fs::create_dir_all(&self.folder).map_err(fault)?;
        let file = File::options().create(true).append(true).open(self.folder.join(LOCK)).map_err(fault)?;
        let until = Instant::now() + patience;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => sleep(LOCK_INTERVAL).await,
                Err(TryLockError::WouldBlock) => return Err(DatabaseError::InUse { folder: self.folder.clone() }),
                Err(TryLockError::Error(reason)) => return Err(fault(reason)),
            }
        }
    }

    fn remove_files(&self) {
        for companion in COMPANIONS {
            let path = self.folder.join(format!("{FILE}{companion}"));
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(%error, path = %path.display(), "an old catalogue database cannot be removed");
                }
                _ => {}
            }
        }
    }

    fn options(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new().filename(self.folder.join(FILE)).disable_statement_logging()
    }

    /// Opens or makes the file, brings its schema up to date, and checks that it belongs to the storage.
    async fn connect(&self) -> Result<SqliteConnection, DatabaseError> {
        let options = self.options().create_if_missing(true);
        // a lost transaction is replayed from the journal, so it need not be on the disk before the next one
        let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Normal);
        let mut sqlite = options.pragma("journal_size_limit", LOG_SIZE).connect().await?;
        match self.prepare(&mut sqlite).await {
            Ok(()) => Ok(sqlite),
            Err(error) => {
                let _ = sqlite.close().await;
                Err(error)
            }
        }
    }

    async fn prepare(&self, sqlite: &mut SqliteConnection) -> Result<(), DatabaseError> {
        migrator().run_direct(None, sqlite, false).await?;
        let storage: Option<String> = sqlx::query_scalar(statements::STORAGE).fetch_optional(sqlite).await?;
        match storage {
            Some(storage) if storage != self.storage.to_string() => {
                Err(DatabaseError::Unreadable { reason: format!("it belongs to the storage {storage}") })
            }
            _ => Ok(()),
        }
    }
}

impl Connection {
    /// Closes the file for good.
    pub(super) async fn close(self) {
        self.end().await;
    }

    /// Closes the file; it is still ours while the lock is kept.
    async fn end(self) -> File {
        if let Err(error) = self.sqlite.close().await {
            tracing::debug!(%error, "closing the catalogue database");
        }
        self.lock
    }
}

pub(super) fn migrator() -> Migrator {
    let migrations = MIGRATIONS.iter().zip(1..).map(|((name, sql), version)| {
        Migration::new(version, (*name).into(), MigrationType::Simple, (*sql).into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}
