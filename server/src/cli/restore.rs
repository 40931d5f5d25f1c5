//! `chandlery restore`: removed versions that still wait in the trash.

use std::process::ExitCode;

use catalogue::{Catalogue, CommitError, RepositoryPath, State};
use clap::{Arg, ArgAction, ArgMatches, Command};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::output::{EXIT_CODES, Output};
use super::{beside, wrong_use};
use crate::config::Settings;

const LIST: &str = "list";
const CHART: &str = "chart";
const VERSION: &str = "version";

pub(super) fn command() -> Command {
    Command::new("restore")
        .about("Bring a removed version back from the trash")
        .after_help(EXIT_CODES)
        .arg(
            Arg::new(LIST)
                .long(LIST)
                .action(ArgAction::SetTrue)
                .conflicts_with_all([CHART, VERSION])
                .help("List what can be restored, and until when"),
        )
        .arg(
            Arg::new(CHART)
                .value_name("REPOSITORY/CHART")
                .required_unless_present(LIST)
                .help("The chart, with the path of its repository in front unless that is the root"),
        )
        .arg(Arg::new(VERSION).value_name("VERSION").required_unless_present(LIST).help("The version"))
        .arg(Output::argument())
}

/// A removed version that can be restored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Restorable {
    repository: String,
    chart: String,
    version: String,
    file: String,
    digest: String,
    size: u64,
    removed_at: Timestamp,
    kept_until: Option<Timestamp>,
}

#[derive(Serialize)]
struct Trash<'a> {
    restorable: &'a [Restorable],
}

#[derive(Serialize)]
struct Restored<'a> {
    restored: bool,
    repository: &'a str,
    chart: &'a str,
    version: &'a str,
}

pub(super) fn run(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    let text = |name| matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
    if matches.get_flag(LIST) {
        return match beside::run(settings, list(settings)) {
            Ok(restorable) => output.report(true, || table(&restorable), &Trash { restorable: &restorable }),
            Err(reason) => output.failed(reason),
        };
    }
    let (repository, chart) = text(CHART).rsplit_once('/').unwrap_or(("", text(CHART)));
    let path = match RepositoryPath::parse(repository) {
        Ok(path) => path,
        Err(error) => return wrong_use(error),
    };
    let version = text(VERSION);
    match beside::run(settings, restore(settings, &path, chart, version)) {
        Ok(()) => {
            let restored = Restored { restored: true, repository, chart, version };
            output.report(true, || format!("restored {} {version}\n", text(CHART)), &restored)
        }
        Err(reason) => output.failed(format_args!("{} {version}: {reason}", text(CHART))),
    }
}

async fn list(settings: &Settings) -> Result<Vec<Restorable>, String> {
    let window = SignedDuration::try_from(settings.catalogue.trash_window).unwrap_or(SignedDuration::MAX);
    beside::with_storage(settings, async |catalogue: &Catalogue| {
        let view = catalogue.checked().await?.view;
        Ok::<_, catalogue::Stale>(restorable(&view.state, window))
    })
    .await
}

/// The newest removals first.
fn restorable(state: &State, window: SignedDuration) -> Vec<Restorable> {
    let mut found = Vec::new();
    for (path, repository) in &state.repositories {
        found.extend(repository.trash.values().map(|trashed| Restorable {
            repository: path.to_string(),
            chart: trashed.version.name.to_string(),
            version: trashed.version.version.to_string(),
            file: trashed.version.file.to_string(),
            digest: trashed.version.package.digest.to_string(),
            size: trashed.version.package.size,
            removed_at: trashed.at,
            kept_until: trashed.at.checked_add(window).ok(),
        }));
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.removed_at));
    found
}

async fn restore(settings: &Settings, repository: &RepositoryPath, chart: &str, version: &str) -> Result<(), String> {
    beside::with_storage(settings, async |catalogue: &Catalogue| {
        match catalogue.restore(repository, chart, version).await {
            Ok(()) => Ok(()),
            Err(CommitError::NotFound) => Err("it is not in the trash, or its window has ended".to_owned()),
            Err(CommitError::Exists) => Err("it was published again since: delete that version first".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
}

fn table(restorable: &[Restorable]) -> String {
    let mut text = String::new();
    for Restorable { repository, chart, version, removed_at, kept_until, .. } in restorable {
        let slash = if repository.is_empty() { "" } else { "/" };
        let until = kept_until.map(|until| format!(", kept until {until:.0}")).unwrap_or_default();
        text.push_str(&format!("{repository}{slash}{chart} {version}  removed {removed_at:.0}{until}\n"));
    }
    text.push_str(&format!("{} in the trash\n", restorable.len()));
    text
}
