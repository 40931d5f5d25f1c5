//! Where a server keeps the catalogue's SQLite file, and how far that is.

use std::path::{Path, PathBuf};

use catalogue::State;
use catalogue::database::{Database, Recorded, is_network_file_system, recorded};
use serde_json::json;
use uuid::Uuid;

use super::{Report, Status};
use crate::config::Settings;
use crate::opening;

pub(super) async fn examine(settings: &Settings, state: Option<&State>, report: &mut Report) {
    let chosen = settings.catalogue.folder.is_some();
    let mut reasons = Vec::new();
    for place in opening::catalogue_places(settings, state.map(|state| state.storage)) {
        match try_out(&place).await {
            Ok(()) => {
                let message = format!("SQLite works in {}", place.display());
                report.add("catalogue-folder", Status::Ok, message, json!({ "folder": place.display().to_string() }));
                return examine_file(&place, state, report).await;
            }
            Err(reason) => reasons.push(format!("{}: {reason}", place.display())),
        }
    }
    let reasons = reasons.join("; ");
    match chosen {
        true => report.failed("catalogue-folder", reasons),
        false => report.add(
            "catalogue-folder",
            Status::Warning,
            format!("the catalogue is kept in memory, and every start reads it from the storage ({reasons})"),
            json!(null),
        ),
    }
}

/// Makes a database beside where the file is, and removes it.
async fn try_out(place: &Path) -> Result<(), String> {
    if is_network_file_system(place) {
        return Err("it is on a network file system; SQLite needs a local disk".to_owned());
    }
    let there = place.ancestors().find(|folder| folder.is_dir()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let trial = there.join(format!(".chandlery-doctor-{}", Uuid::new_v4()));
    let opened = match Database::open(&trial, Uuid::nil()).await {
        Ok(database) => {
            database.close().await;
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    };
    let _ = std::fs::remove_dir_all(&trial); // if it is there, this run made it
    opened
}

/// Whether the file follows the journal. It may be behind: what it lacks is read from the journal at the next start.
async fn examine_file(place: &Path, state: Option<&State>, report: &mut Report) {
    const CHECK: &str = "catalogue";
    let Some(state) = state else { return };
    let (status, message, facts) = match recorded(place).await {
        Err(error) => (Status::Note, format!("the catalogue's file cannot be read now: {error}"), json!(null)),
        Ok(None) => (Status::Ok, "no server has kept a catalogue there yet".to_owned(), json!(null)),
        Ok(Some(Recorded { storage, .. })) if storage != state.storage => {
            let message = "the catalogue's file belongs to another storage: the next start makes it anew".to_owned();
            (Status::Note, message, json!({ "storage": storage }))
        }
        Ok(Some(Recorded { sequence, entry, .. })) => {
            let behind = state.sequence.saturating_sub(sequence);
            let facts = json!({ "sequence": sequence, "entriesBehind": behind });
            match behind {
                0 if entry != state.entry && sequence == state.sequence => {
                    let message = "the catalogue's file is of another history: the next start makes it anew".to_owned();
                    (Status::Warning, message, facts)
                }
                0 => (
                    Status::Ok,
                    format!("the catalogue's file is in step with the journal, at entry {sequence}"),
                    facts,
                ),
                _ => (
                    Status::Ok,
                    format!("the catalogue's file is at entry {sequence}, {behind} behind the journal"),
                    facts,
                ),
            }
        }
    };
    report.add(CHECK, status, message, facts);
}
