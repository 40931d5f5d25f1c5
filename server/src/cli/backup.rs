//! `chandlery backup` and `chandlery restore-backup`: a storage copied to another one.

use std::path::PathBuf;
use std::process::ExitCode;

use catalogue::{BackupError, BackupReport, Catalogue};
use clap::{Arg, ArgMatches, Command};

use super::output::{EXIT_CODES, Output};
use super::progress::progress;
use super::{beside, wrong_use};
use crate::config::{Settings, Storage};
use crate::log::on_one_line;
use crate::opening;

const TO: &str = "to";
const FROM: &str = "from";

pub(super) fn command() -> Command {
    Command::new("backup")
        .about("Copy packages and journal to another storage, while servers go on serving")
        .after_help(format!("What an earlier backup to the same place has is not copied again.\n\n{EXIT_CODES}"))
        .arg(place(TO, "Where to: a folder, or s3://bucket/prefix"))
        .arg(Output::argument())
}

pub(super) fn restore_command() -> Command {
    Command::new("restore-backup")
        .about("Copy a backup into the storage of the settings, which must be empty")
        .after_help(EXIT_CODES)
        .arg(place(FROM, "Where from: a folder, or s3://bucket/prefix"))
        .arg(Output::argument())
}

pub(super) fn place(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name("STORAGE").required(true).help(help)
}

pub(super) fn run(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    let to = match other_storage(settings, matches, TO) {
        Ok(to) => to,
        Err(reason) => return wrong_use(reason),
    };
    let work = async {
        beside::refuse_missing(settings)?;
        let to = opening::open_storage(&to).await.map_err(|error| format!("--{TO}: {error}"))?;
        let progress = progress(settings, "Copying packages");
        beside::with_catalogue(settings, async |catalogue: &Catalogue| catalogue.backup(to, progress).await).await
    };
    tell(output, beside::run(settings, work))
}

pub(super) fn restore(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    let from = match other_storage(settings, matches, FROM) {
        Ok(from) => from,
        Err(reason) => return wrong_use(reason),
    };
    let work = async {
        if let Storage::Local { root } = &from
            && !root.is_dir()
        {
            return Err(format!("--{FROM}: {} is no folder", root.display()));
        }
        let from = opening::open_storage(&from).await.map_err(|error| format!("--{FROM}: {error}"))?;
        let to = opening::open_storage(&settings.storage).await.map_err(|error| error.to_string())?;
        let restored = catalogue::restore_backup(from, to, progress(settings, "Copying packages")).await;
        restored.map_err(|error: BackupError| error.to_string())
    };
    tell(output, beside::run(settings, work))
}

fn tell(output: Output, outcome: Result<BackupReport, String>) -> ExitCode {
    match outcome {
        Ok(report) => output.report(report.damaged.is_empty(), || text(&report), &report),
        Err(reason) => output.failed(reason),
    }
}

/// The storage that an argument names. It must not be, hold or lie in the one of the settings: what is copied would be
/// taken for packages there.
pub(super) fn other_storage(settings: &Settings, matches: &ArgMatches, name: &str) -> Result<Storage, String> {
    let text = matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    let other = settings.storage.named(text).map_err(|reason| format!("--{name}: {reason}"))?;
    let (own, place) = match (&settings.storage, &other) {
        (Storage::Local { root: own }, Storage::Local { root }) => (resolved(own), resolved(root)),
        (Storage::Amazon(own), Storage::Amazon(other)) => (in_store(&own.options), in_store(&other.options)),
        _ => return Ok(other),
    };
    if own.starts_with(&place) || place.starts_with(&own) {
        return Err(format!("--{name}: {} and the storage {} are not apart", place.display(), own.display()));
    }
    Ok(other)
}

/// Bucket and prefix as a path, so that one prefix is in another only by whole segments.
fn in_store(options: &storage_s3::Options) -> PathBuf {
    PathBuf::from(options.endpoint.as_deref().unwrap_or_default())
        .join(&options.bucket)
        .join(options.prefix.trim_matches('/'))
}

/// The path without links, as far as it is there.
fn resolved(path: &std::path::Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|parent| Some((parent, parent.canonicalize().ok()?)));
    match there {
        Some((parent, resolved)) => resolved.join(path.strip_prefix(parent).unwrap_or(&path)),
        None => path,
    }
}

fn text(report: &BackupReport) -> String {
    let mut text = String::new();
    for damage in &report.damaged {
        let slash = if damage.repository.is_root() { "" } else { "/" };
        text.push_str(&format!(
            "not copied  {}{slash}{}: {}\n",
            damage.repository,
            on_one_line(&damage.file),
            damage.reason
        ));
    }
    let BackupReport { sequence, versions, copied, bytes, present, entries, deleted, damaged, .. } = report;
    text.push_str(&format!(
        "{versions} versions at journal entry {sequence}: {copied} files copied ({bytes} bytes), {present} there already, \
         {entries} journal entries copied, {deleted} old objects deleted, {} not copied\n",
        damaged.len()
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_apart_by_whole_segments() {
        let settings = |bucket: &str, prefix: &str| {
            let Storage::Amazon(amazon) = Storage::default().named(&format!("s3://{bucket}/{prefix}")).unwrap() else {
                panic!("no bucket")
            };
            in_store(&amazon.options)
        };
        let own = settings("charts", "a/b/");
        assert!(settings("charts", "a/b/backup").starts_with(&own) && own.starts_with(settings("charts", "")));
        assert!(!settings("charts", "a/b2").starts_with(&own) && !settings("other", "a/b").starts_with(&own));
        for (text, expected) in [
            ("", "it is empty"),
            ("s3://", "it names no bucket"),
            ("gs://charts", "gs:// is no kind of storage; name a folder or s3://bucket/prefix"),
        ] {
            assert_eq!(Storage::default().named(text).unwrap_err(), expected);
        }
    }

    #[test]
    fn paths_are_compared_without_links_and_before_they_exist() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&folder, folder.join("link")).unwrap();
        assert_eq!(resolved(&folder.join("link/not/yet")), folder.join("not/yet"));
        assert_eq!(resolved(&folder.join("a")), folder.join("a"));
    }
}
