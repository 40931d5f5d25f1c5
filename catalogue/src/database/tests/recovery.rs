//! What happens to files that are not ours, not whole, or fail.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::*;
use crate::database::connection::Place;

/// A folder with a file that holds a history.
async fn written() -> (tempfile::TempDir, View) {
    let Followed { view, .. } = some_history(12);
    let folder = tempfile::tempdir().unwrap();
    let database = open(folder.path()).await;
    database.replace(view.state.clone(), view.regions().collect(), FINGERPRINT);
    database.close().await;
    (folder, view)
}

fn file(folder: &Path) -> PathBuf {
    folder.join("catalogue.sqlite")
}

/// Does something to the file that the program never does.
async fn tamper(folder: &Path, sql: &'static str) {
    let mut sqlite = SqliteConnectOptions::new().filename(file(folder)).connect().await.unwrap();
    assert!(sqlx::raw_sql(sql).execute(&mut sqlite).await.unwrap().rows_affected() < 100);
    sqlite.close().await.unwrap();
}

/// The folder's file tells nothing, and is as good as new.
async fn begins_anew(folder: &Path, view: &View) {
    let database = open(folder).await;
    assert!(database.load(FINGERPRINT).await.unwrap().is_none());
    database.replace(view.state.clone(), view.regions().collect(), FINGERPRINT);
    database.close().await;
    assert_eq!(database.failure(), None);
    assert_eq!(told(&reopened(folder).await.unwrap()), shown(view));
}

#[test]
fn files_that_are_damaged_begin_anew() {
    run(async {
        let (folder, view) = written().await;
        let whole = fs::read(file(folder.path())).unwrap();
        let mut scribbled = whole.clone();
        scribbled[4096..].fill(0x5A);
        let cases = [
            ("text", b"this is no database, but long enough to be taken for one ".repeat(100)),
            ("empty pages", vec![0; 8192]),
            ("cut off", whole[..whole.len() / 2].to_vec()),
            ("scribbled over", scribbled),
        ];
        for (what, bytes) in cases {
            fs::write(file(folder.path()), bytes).unwrap();
            println!("{what}");
            begins_anew(folder.path(), &view).await;
        }
    });
}

#[test]
fn files_that_hold_what_no_catalogue_writes_begin_anew() {
    run(async {
        let (folder, view) = written().await;
        for sql in [
            "UPDATE pages SET body = substr(body, 1, length(body) - 1)",
            "UPDATE pages SET body = x''",
            "UPDATE versions SET version = 'newest ' || version",
            "UPDATE versions SET digest = x'00'",
            "UPDATE versions SET key = '../../etc/passwd'",
            "UPDATE files SET body = '{'",
            "UPDATE meta SET at = 'yesterday'",
            "DELETE FROM repositories",
            "DROP TABLE trash",
            "UPDATE meta SET storage = '00000000-0000-0000-0000-000000000008'",
            "UPDATE _sqlx_migrations SET version = version + 998",
            "UPDATE _sqlx_migrations SET checksum = x'00'",
            "UPDATE _sqlx_migrations SET success = 0",
        ] {
            tamper(folder.path(), sql).await;
            println!("{sql}");
            begins_anew(folder.path(), &view).await;
        }
    });
}

#[test]
fn the_file_of_another_storage_is_not_believed() {
    run(async {
        let (folder, _) = written().await;
        let database = Database::open(folder.path(), Uuid::from_u128(8)).await.unwrap();
        assert!(database.load(FINGERPRINT).await.unwrap().is_none());
        database.close().await;
        assert!(reopened(folder.path()).await.is_none());
    });
}

#[test]
fn a_failing_file_is_switched_off_and_removed_and_disturbs_nobody() {
    run(async {
        let Followed { updates, .. } = some_history(12);
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path()).await;
        database.record(updates[0].clone());
        database.flush().await;
        assert_eq!(database.failure(), None);

        tamper(folder.path(), "DROP TABLE meta").await;
        database.record(updates[1].clone());
        database.flush().await;
        let failure = database.failure().unwrap();
        assert!(failure.contains("no such table: meta"), "{failure}");
        database.record(updates[2].clone());
        database.flush().await;
        database.replace(updates[2].state.clone(), Vec::new(), FINGERPRINT);
        database.flush().await;
        assert_eq!(database.failure(), Some(failure));
        database.close().await;
        assert!(!file(folder.path()).exists());

        assert!(reopened(folder.path()).await.is_none());
    });
}

#[test]
fn a_file_that_is_deleted_under_us_is_made_anew_at_the_next_start() {
    run(async {
        let Followed { updates, .. } = some_history(12);
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path()).await;
        database.record(updates[0].clone());
        database.flush().await;
        fs::remove_file(file(folder.path())).unwrap();
        database.record(updates[1].clone());
        database.flush().await;
        database.close().await;
        assert!(reopened(folder.path()).await.is_none());
        let database = open(folder.path()).await;
        database.record(updates[2].clone());
        database.close().await;
        assert_eq!(reopened(folder.path()).await.unwrap().state.sequence, 3);
    });
}

#[test]
fn a_folder_belongs_to_one_process_at_a_time() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path()).await;
        let refused = Place::open(folder.path(), storage(), Duration::ZERO).await.unwrap_err();
        assert!(matches!(refused, DatabaseError::InUse { .. }), "{refused}");
        assert!(refused.to_string().contains("--catalogue"), "{refused}");
        database.close().await;
        assert!(Place::open(folder.path(), storage(), Duration::ZERO).await.is_ok());
    });
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("taken"), "by a file").unwrap();
        let refused = Database::open(&folder.path().join("taken"), storage()).await.unwrap_err();
        assert!(matches!(refused, DatabaseError::Folder { .. }), "{refused}");
        assert!(refused.to_string().contains("taken"), "{refused}");
    });
}
