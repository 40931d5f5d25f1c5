use std::process::ExitCode;

use catalogue::{Catalogue, CommitError, ReconcileReport, RepositoryPath};

use crate::config::Settings;
use crate::log::Log;
use crate::opening::{self, Adoption};

/// Compares the storage with the catalogue, beside a server that may be running: it follows what is found here.
pub(super) fn run(settings: Settings, accept_loss: bool) -> ExitCode {
    let log = Log::to_standard_error(&settings.log);
    log.install();
    let outcome = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string());
    let outcome = outcome.and_then(|runtime| runtime.block_on(reconcile(&settings, accept_loss)));
    log.flush();
    match outcome {
        Err(reason) => super::failed(reason),
        Ok(report) => {
            print!("{}", text(&report));
            match report.looks_wiped {
                Some(reason) => super::failed(format_args!("nothing was changed: {reason}")),
                None => ExitCode::SUCCESS,
            }
        }
    }
}

async fn reconcile(settings: &Settings, accept_loss: bool) -> Result<ReconcileReport, String> {
    let adoption = Adoption::new(settings.log.json, |_| {});
    let opened = opening::open_beside(settings, adoption).await.map_err(|error| error.to_string())?;
    let report = look_twice(&opened.catalogue, accept_loss).await.map_err(|error| error.to_string());
    opened.close().await;
    report
}

/// A file is believed to be gone when it was not there twice.
async fn look_twice(catalogue: &Catalogue, accept_loss: bool) -> Result<ReconcileReport, CommitError> {
    let mut report = catalogue.reconcile(accept_loss).await?;
    if !accept_loss && report.looks_wiped.is_none() {
        let ReconcileReport { adopted, missing, found, looks_wiped, .. } = catalogue.reconcile(accept_loss).await?;
        report.adopted.extend(adopted);
        report.missing.extend(missing);
        report.found.extend(found);
        report.looks_wiped = looks_wiped;
    }
    Ok(report)
}

fn text(report: &ReconcileReport) -> String {
    let mut text = String::new();
    let place = |repository: &RepositoryPath, file: &str| match repository.is_root() {
        true => file.to_owned(),
        false => format!("{repository}/{file}"),
    };
    for (what, files) in [("adopted", &report.adopted), ("missing", &report.missing), ("found", &report.found)] {
        for (repository, file) in files {
            text.push_str(&format!("{what:11} {}\n", place(repository, file)));
        }
    }
    for (repository, file, reason) in &report.unreadable {
        text.push_str(&format!("unreadable  {}: {reason}\n", place(repository, file)));
    }
    let ReconcileReport { adopted, missing, found, unreadable, .. } = report;
    text.push_str(&format!(
        "{} adopted, {} missing, {} found again, {} unreadable\n",
        adopted.len(),
        missing.len(),
        found.len(),
        unreadable.len()
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_every_file_and_why() {
        let stable = RepositoryPath::parse("org/stable").unwrap();
        let report = ReconcileReport {
            adopted: vec![(RepositoryPath::root(), "web-1.0.0.tgz".to_owned())],
            missing: vec![(stable.clone(), "db-2.0.0.tgz".to_owned())],
            found: Vec::new(),
            unreadable: vec![(stable, "odd.tgz".to_owned(), "not gzip".to_owned())],
            looks_wiped: None,
        };
        assert_eq!(
            text(&report),
            "adopted     web-1.0.0.tgz\n\
             missing     org/stable/db-2.0.0.tgz\n\
             unreadable  org/stable/odd.tgz: not gzip\n\
             1 adopted, 1 missing, 0 found again, 1 unreadable\n"
        );
    }
}
