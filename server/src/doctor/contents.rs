//! What the catalogue says of packages, against what lies in the storage; and how large the indexes are.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use catalogue::{Item, RepositoryPath, Role, State, StoredRegions, View};
use futures_util::StreamExt;
use serde_json::{Value, json};
use storage::{Key, Listed, ObjectStore, Prefix, StorageError};

use super::{Report, Status};
use crate::config::Settings;
use crate::opening;

/// Files named in a sentence; all of them are among the values.
const NAMED: usize = 10;
/// Flux reads no index larger than 50 MiB: a first word at half of it, and one when there is little left.
const FLUX_LIMIT: u64 = 50 << 20;
const LARGE_INDEX: u64 = 25 << 20;
const HUGE_INDEX: u64 = 40 << 20;

/// A file and what is wrong with it.
struct Found {
    repository: RepositoryPath,
    file: String,
    reason: String,
}

pub(super) async fn examine(store: &dyn ObjectStore, state: &State, report: &mut Report) {
    let mut unreadable = Vec::new();
    for (path, repository) in &state.repositories {
        let reasons = repository.files.iter().filter_map(|(file, facts)| Some((file, facts.unreadable.clone()?)));
        unreadable.extend(reasons.map(|(file, reason)| Found {
            repository: path.clone(),
            file: file.to_string(),
            reason,
        }));
    }
    tell(
        "unreadable-packages",
        "are no packages",
        "every file in the storage can be read",
        Status::Warning,
        &unreadable,
        report,
    );
    match gone(store, state).await {
        Err(error) => report.failed("missing-packages", error),
        Ok(gone) => {
            tell(
                "missing-packages",
                "are not where they should be",
                "every package has its file",
                Status::Failed,
                &gone,
                report,
            );
        }
    }
}

fn tell(check: &'static str, what: &str, well: &str, status: Status, found: &[Found], report: &mut Report) {
    if found.is_empty() {
        return report.add(check, Status::Ok, well, json!({ "files": [] }));
    }
    let place = |found: &Found| match found.repository.is_root() {
        true => found.file.clone(),
        false => format!("{}/{}", found.repository, found.file),
    };
    let mut message = format!("{} files {what}: ", found.len());
    for (position, one) in found.iter().take(NAMED).enumerate() {
        let comma = if position > 0 { "; " } else { "" };
        let _ = write!(message, "{comma}{} ({})", place(one), one.reason); // a text takes all
    }
    if found.len() > NAMED {
        let _ = write!(message, "; and {} more", found.len() - NAMED);
    }
    let files: Vec<Value> = found
        .iter()
        .map(|one| json!({ "repository": one.repository, "file": one.file, "reason": one.reason }))
        .collect();
    report.add(check, status, message, json!({ "files": files }));
}

/// What is or was listed and has no file. Only names are looked at: `scrub` reads the bytes.
async fn gone(store: &dyn ObjectStore, state: &State) -> Result<Vec<Found>, StorageError> {
    let mut there: HashSet<Key> = HashSet::new();
    let root = Prefix::root();
    let mut listing = store.list(&root);
    while let Some(listed) = listing.next().await {
        if let Listed::Object(key, _) = listed? {
            there.insert(key);
        }
    }
    drop(listing);
    let mut gone = Vec::new();
    for Item { repository, file, role, places, .. } in state.inventory() {
        let reason = match role {
            Role::Missing => "it is not listed until its bytes are back",
            Role::Package => "its file is gone",
            Role::Provenance => "the provenance is gone",
            Role::Replaced => "it was replaced, and cannot be served by its digest any more",
            Role::Trashed => "it was removed, and cannot be restored any more",
            Role::Content => "it was pushed to the registry, and its object is gone",
        };
        let mut found = role != Role::Missing && places.iter().any(|key| there.contains(key));
        // a listing may lag
        for key in places.iter().take_while(|_| role != Role::Missing) {
            if found {
                break;
            }
            match store.head(key).await {
                Ok(_) => found = true,
                Err(StorageError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if !found {
            gone.push(Found { repository, file, reason: reason.to_owned() });
        }
    }
    Ok(gone)
}

/// Renders every index as a server does.
pub(super) async fn examine_indexes(settings: &Settings, state: Arc<State>, report: &mut Report) {
    let options = Arc::new(opening::index_options(settings));
    let rendered = tokio::task::spawn_blocking(move || {
        let view = View::render(state, options, StoredRegions::new());
        let size = |path: &RepositoryPath| view.repository_or_empty(path).index().identity.length;
        view.repositories().map(|found| (found.repository.path.clone(), size(&found.repository.path))).collect()
    });
    let sizes: Vec<(RepositoryPath, u64)> = match rendered.await {
        Ok(sizes) => sizes,
        Err(error) => return report.failed("index-size", error),
    };
    let (status, message) = judge(&sizes);
    let sizes: Vec<Value> = sizes.iter().map(|(path, bytes)| json!({ "repository": path, "bytes": bytes })).collect();
    report.add("index-size", status, message, json!({ "indexes": sizes }));
}

fn judge(sizes: &[(RepositoryPath, u64)]) -> (Status, String) {
    let name = |path: &RepositoryPath| if path.is_root() { "at the root".to_owned() } else { format!("of {path}") };
    let large: Vec<String> = sizes
        .iter()
        .filter(|(_, bytes)| *bytes >= LARGE_INDEX)
        .map(|(path, bytes)| {
            let urgent = if *bytes >= HUGE_INDEX { ", which is near the end" } else { "" };
            format!("the index {} has {} MiB{urgent}", name(path), bytes >> 20)
        })
        .collect();
    if large.is_empty() {
        let largest = sizes.iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
        return (Status::Ok, format!("the largest index has {largest} bytes"));
    }
    let limit = FLUX_LIMIT >> 20;
    let message = format!(
        "{}; Flux reads indexes up to {limit} MiB: delete old versions, or let it read /-/latest/<n>/<repository>",
        large.join("; ")
    );
    (Status::Warning, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_told_of_at_half_of_what_flux_reads_and_near_its_end() {
        let path = |text| RepositoryPath::parse(text).unwrap();
        assert_eq!(judge(&[]), (Status::Ok, "the largest index has 0 bytes".to_owned()));
        assert_eq!(judge(&[(path(""), (25 << 20) - 1)]).0, Status::Ok);
        let (status, message) = judge(&[(path(""), 25 << 20), (path("org"), 40 << 20), (path("small"), 9)]);
        assert_eq!(status, Status::Warning);
        let begin = "the index at the root has 25 MiB; the index of org has 40 MiB, which is near the end; Flux reads";
        assert!(message.starts_with(begin), "{message}");
    }

    #[test]
    fn many_files_are_counted_and_some_are_named() {
        let found: Vec<_> = (0..12)
            .map(|n| Found {
                repository: RepositoryPath::root(),
                file: format!("{n}.tgz"),
                reason: "no gzip".to_owned(),
            })
            .collect();
        let mut report = Report::new(String::new());
        tell("unreadable-packages", "are no packages", "", Status::Warning, &found, &mut report);
        let check = &report.checks[0];
        assert!(check.message.starts_with("12 files are no packages: 0.tgz (no gzip); 1.tgz"), "{}", check.message);
        assert!(check.message.ends_with("; and 2 more"));
        assert_eq!(check.facts["files"].as_array().unwrap().len(), 12);
    }
}
