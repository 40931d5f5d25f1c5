//! Many rows in one value.
//!
//! A row costs its way from SQLite's thread to ours, and each column of it a copy that the other thread frees: read one
//! by one, a hundred thousand versions take longer than all else at a start. So SQLite joins the columns of some hundred
//! rows into one run of netstrings (`4:text`, and `:` for null), which is taken apart here.

use std::ops::Range;

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::{DatabaseError, unreadable};

/// Rows in one value: the cost of asking is small beside that of so many rows, and the value small in memory.
const ROWS: i64 = 512;

/// The statement that reads a range of a table's rows packed: `packed!("table": "column", "column")`. It takes the row
/// number before the first, the last row number and the number of rows, and gives the last row number that it read.
macro_rules! packed {
    ($table:literal: $($column:literal),+) => {
        concat!(
            "SELECT max(row), CAST(group_concat(concat(",
            $("octet_length(", $column, "), ':', ", $column, ", ",)+
            "''), '') AS BLOB) FROM (SELECT rowid AS row, * FROM ", $table,
            " WHERE rowid > ? AND rowid <= ? ORDER BY rowid LIMIT ?)"
        )
    };
}
pub(super) use packed;

/// The columns of packed rows, one after another.
pub(super) struct Fields<'a>(&'a [u8]);

/// Reads the rows of a range in their order and takes values from their columns until none are left.
pub(super) async fn read<T>(
    sqlite: &mut SqliteConnection,
    statement: &'static str,
    rows: Range<i64>,
    take: impl Fn(&mut Fields<'_>, Option<&T>) -> Result<T, DatabaseError>,
) -> Result<Vec<T>, DatabaseError> {
    let mut values = Vec::new();
    let mut before = rows.start;
    loop {
        let row = sqlx::query(statement).bind(before).bind(rows.end).bind(ROWS).fetch_one(&mut *sqlite).await?;
        let Some(last) = row.try_get(0)? else { return Ok(values) };
        before = last;
        let mut fields = Fields(row.try_get(1)?);
        while !fields.0.is_empty() {
            values.push(take(&mut fields, values.last())?);
        }
    }
}

impl<'a> Fields<'a> {
    pub(super) fn bytes(&mut self) -> Result<Option<&'a [u8]>, DatabaseError> {
        let broken = || unreadable("a row ends early");
        let colon = self.0.iter().position(|byte| *byte == b':').ok_or_else(broken)?;
        let (length, rest) = (&self.0[..colon], &self.0[colon + 1..]);
        if length.is_empty() {
            self.0 = rest;
            return Ok(None);
        }
        let digit =
            |length: usize, byte: &u8| length.checked_mul(10)?.checked_add(usize::from(byte.wrapping_sub(b'0')));
        let length = length.iter().try_fold(0, digit).ok_or_else(broken)?;
        let (bytes, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
        self.0 = rest;
        Ok(Some(bytes))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, DatabaseError> {
        let bytes = self.bytes()?.ok_or_else(|| unreadable("a column is null"))?;
        std::str::from_utf8(bytes).map_err(unreadable)
    }

    /// A number, or anything else that is written as text.
    pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&mut self) -> Result<T, DatabaseError> {
        self.text()?.parse().map_err(unreadable)
    }
}
