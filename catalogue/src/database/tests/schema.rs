//! The statements against the schema.

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row, SqlSafeStr};

use super::run;
use crate::database::connection::migrator;
use crate::database::statements;

async fn migrated() -> SqliteConnection {
    let mut sqlite = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    migrator().run_direct(None, &mut sqlite, false).await.unwrap();
    sqlite
}

#[test]
fn every_statement_is_one_that_the_schema_allows() {
    run(async {
        let mut sqlite = migrated().await;
        for (name, sql) in statements::ALL {
            if let Err(error) = (&mut sqlite).prepare((*sql).into_sql_str()).await {
                panic!("{name}: {error}");
            }
        }
    });
}

#[test]
fn rows_are_deleted_by_their_index() {
    run(async {
        let mut sqlite = migrated().await;
        let deleting = statements::ALL.iter().filter(|(name, _)| name.starts_with("DELETE_"));
        let mut seen = 0;
        for (name, sql) in deleting {
            let table = sql.split(' ').nth(2).unwrap();
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).bind("[]");
            let steps: Vec<String> = plan.fetch_all(&mut sqlite).await.unwrap().iter().map(|row| row.get(3)).collect();
            assert!(steps.iter().any(|step| step.starts_with(&format!("SEARCH {table} USING"))), "{name}: {steps:?}");
            seen += 1;
        }
        assert_eq!(seen, 10);
    });
}

#[test]
fn all_tables_are_strict() {
    run(async {
        let mut sqlite = migrated().await;
        let tables = sqlx::query("SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'");
        let mut seen = 0;
        for row in tables.fetch_all(&mut sqlite).await.unwrap() {
            let (name, strict): (String, bool) = (row.get(0), row.get(1));
            if !name.starts_with("sqlite_") && !name.starts_with("_sqlx_") {
                assert!(strict, "{name}");
                seen += 1;
            }
        }
        assert_eq!(seen, 11);
    });
}
