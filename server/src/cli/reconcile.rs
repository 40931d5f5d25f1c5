//! `chandlery reconcile`: the storage against the catalogue, and what became of each file.

use std::process::ExitCode;

use catalogue::{CommitError, ReconcileReport, RepositoryPath};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Serialize;

use super::beside;
use super::output::{EXIT_CODES, Output};
use crate::config::Settings;
use crate::log::on_one_line;
use crate::opening::{self, Unreached};

const ACCEPT_LOSS: &str = "accept-loss";

pub(super) fn command() -> Command {
    Command::new("reconcile")
        .about("Compare the storage with the catalogue, take in what is new, and tell what is not served and why")
        .after_help(EXIT_CODES)
        .arg(
            Arg::new(ACCEPT_LOSS)
                .long(ACCEPT_LOSS)
                .action(ArgAction::SetTrue)
                .help("Believe that packages are gone even if most of them are"),
        )
        .arg(Output::argument())
}

/// A file, and why it is in the list if that needs a reason.
#[derive(Debug, Serialize)]
struct Place {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NotReached {
    repository: String,
    versions: usize,
    reason: String,
}

/// Everything that there is to tell.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    first_adoption: bool,
    adopted: Vec<Place>,
    provenances: Vec<Place>,
    missing: Vec<Place>,
    found: Vec<Place>,
    unreadable: Vec<Place>,
    ignored: Vec<Place>,
    not_reached: Vec<NotReached>,
    looks_wiped: Option<String>,
}

/// Compares the storage with the catalogue, beside a server that may be running: it follows what is found here.
pub(super) fn run(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    match beside::run(settings, reconcile(settings, matches.get_flag(ACCEPT_LOSS))) {
        Err(reason) => output.failed(reason),
        Ok(report) => {
            if let Some(reason) = &report.looks_wiped {
                eprintln!("chandlery: nothing was changed: {reason}");
            }
            output.report(report.looks_wiped.is_none(), || text(&report), &report)
        }
    }
}

async fn reconcile(settings: &Settings, accept_loss: bool) -> Result<Report, String> {
    beside::with_catalogue(settings, async |catalogue| {
        let found = catalogue.reconcile_twice(accept_loss).await?.report.clone();
        let unreached = opening::unreached(settings, &catalogue.view().state);
        Ok::<_, CommitError>(Report::new(catalogue.adoption(), found, unreached))
    })
    .await
}

impl Report {
    /// Of a first adoption, if there was one, and of what was found after it.
    fn new(adoption: Option<ReconcileReport>, found: ReconcileReport, unreached: Vec<Unreached>) -> Self {
        let first_adoption = adoption.as_ref().is_some_and(|report| !report.adopted.is_empty());
        let adoption = adoption.unwrap_or_default();
        let files = |files: Vec<(RepositoryPath, String)>| {
            files.into_iter().map(|(repository, file)| Place { path: path(&repository, &file), reason: None })
        };
        let with_reason = |path: String, reason: String| Place { path, reason: Some(reason) };
        Self {
            first_adoption,
            adopted: files(adoption.adopted).chain(files(found.adopted)).collect(),
            provenances: files(adoption.provenances).chain(files(found.provenances)).collect(),
            missing: files(found.missing).collect(),
            found: files(found.found).collect(),
            unreadable: (found.unreadable.into_iter())
                .map(|(repository, file, reason)| with_reason(path(&repository, &file), reason))
                .collect(),
            ignored: found.ignored.into_iter().map(|(path, reason)| with_reason(path, reason)).collect(),
            not_reached: (unreached.into_iter())
                .map(|Unreached { repository, versions, reason }| NotReached {
                    repository: repository.to_string(),
                    versions,
                    reason,
                })
                .collect(),
            looks_wiped: found.looks_wiped,
        }
    }
}

fn path(repository: &RepositoryPath, file: &str) -> String {
    if repository.is_root() { file.to_owned() } else { format!("{repository}/{file}") }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    let Report { adopted, provenances, missing, found, unreadable, ignored, not_reached, .. } = report;
    for (what, places) in [
        ("adopted", adopted),
        ("adopted", provenances),
        ("missing", missing),
        ("found", found),
        ("unreadable", unreadable),
        ("ignored", ignored),
    ] {
        for Place { path, reason } in places {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            text.push_str(&format!("{what:11} {}\n", on_one_line(&format!("{path}{reason}"))));
        }
    }
    for NotReached { repository, versions, reason } in not_reached {
        text.push_str(&format!("not reached {repository} with {versions} versions: {reason}\n"));
    }
    text.push_str(&format!(
        "{} adopted, {} missing, {} found again, {} unreadable, {} ignored\n",
        adopted.len() + provenances.len(),
        missing.len(),
        found.len(),
        unreadable.len(),
        ignored.len()
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_every_file_and_why() {
        let stable = RepositoryPath::parse("org/stable").unwrap();
        let adoption = ReconcileReport {
            adopted: vec![(RepositoryPath::root(), "web-1.0.0.tgz".to_owned())],
            provenances: vec![(RepositoryPath::root(), "web-1.0.0.tgz.prov".to_owned())],
            ..ReconcileReport::default()
        };
        let found = ReconcileReport {
            missing: vec![(stable.clone(), "db-2.0.0.tgz".to_owned())],
            unreadable: vec![(stable.clone(), "odd\x1b[31m\n.tgz".to_owned(), "not gzip".to_owned())],
            ignored: vec![("notes.txt".to_owned(), "not a package".to_owned())],
            ..ReconcileReport::default()
        };
        let unreached = vec![Unreached { repository: stable, versions: 3, reason: "too deep".to_owned() }];
        let report = Report::new(Some(adoption), found, unreached);
        assert_eq!(
            text(&report),
            "adopted     web-1.0.0.tgz\n\
             adopted     web-1.0.0.tgz.prov\n\
             missing     org/stable/db-2.0.0.tgz\n\
             unreadable  org/stable/odd\\u{1b}[31m\\n.tgz: not gzip\n\
             ignored     notes.txt: not a package\n\
             not reached org/stable with 3 versions: too deep\n\
             2 adopted, 1 missing, 0 found again, 1 unreadable, 1 ignored\n"
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["firstAdoption"], true);
        assert_eq!(json["unreadable"][0]["path"], "org/stable/odd\x1b[31m\n.tgz");
        assert_eq!(json["unreadable"][0]["reason"], "not gzip");
        assert_eq!(json["adopted"][0], serde_json::json!({ "path": "web-1.0.0.tgz" }));
    }
}
