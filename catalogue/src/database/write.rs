//! Puts a batch into one transaction.

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Sqlite, Transaction};

use super::connection::Connection;
use super::pending::Batch;
use super::steps::{self, Step};
use super::{DatabaseError, statements, unreadable};
use crate::State;
use crate::view::RegionKey;

pub(super) async fn write(connection: &mut Connection, batch: &Batch) -> Result<(), DatabaseError> {
    let mut transaction = connection.sqlite.begin().await?;
    if batch.whole {
        for statement in steps::CLEAR {
            sqlx::query(*statement).execute(&mut *transaction).await?;
        }
        take(&mut transaction, steps::whole(&batch.state)).await?;
    } else {
        take(&mut transaction, steps::touched(&batch.state, &batch.touched)).await?;
        take(&mut transaction, vec![steps::old_pages(batch.regions.keys())]).await?;
    }
    write_pages(&mut transaction, batch).await?;
    write_meta(&mut transaction, batch).await?;
    transaction.commit().await?;
    Ok(())
}

async fn take(sqlite: &mut SqliteConnection, steps: Vec<Step<'_>>) -> Result<(), DatabaseError> {
    for step in steps {
        for rows in step.rows {
            sqlx::query(step.statement).bind(rows).execute(&mut *sqlite).await?;
        }
    }
    Ok(())
}

async fn write_pages(transaction: &mut Transaction<'_, Sqlite>, batch: &Batch) -> Result<(), DatabaseError> {
    for ((path, RegionKey(region)), pages) in &batch.regions {
        for (page, ordinal) in pages.iter().zip(0_i64..) {
            let row = sqlx::query(statements::WRITE_PAGE).bind(path.as_str()).bind(&**region).bind(ordinal);
            row.bind(page.to_stored()).execute(&mut **transaction).await?;
        }
    }
    Ok(())
}

async fn write_meta(transaction: &mut Transaction<'_, Sqlite>, batch: &Batch) -> Result<(), DatabaseError> {
    let State { storage, sequence, entry, at, level, adopted, .. } = &*batch.state;
    // pages that came with a whole state are all pages only if it was said what rendered them
    let fingerprint = batch.fingerprint.as_deref().or(batch.whole.then_some(""));
    let row = sqlx::query(statements::WRITE_META).bind(storage.to_string());
    let row = row.bind(i64::try_from(*sequence).map_err(unreadable)?).bind(entry.to_string());
    let row = row.bind(at.to_string()).bind(level).bind(adopted).bind(fingerprint);
    row.execute(&mut **transaction).await?;
    Ok(())
}
