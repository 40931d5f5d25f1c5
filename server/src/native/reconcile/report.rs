use catalogue::{ReconcileReport, Reconciled, RepositoryPath};
use chart::index::rfc3339;
use serde::Serialize;

/// A reconcile that ended, in the words of `chandlery reconcile --output json`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report<'a> {
    began: String,
    ended: String,
    adopted: Vec<Place<'a>>,
    provenances: Vec<Place<'a>>,
    missing: Vec<Place<'a>>,
    found: Vec<Place<'a>>,
    unreadable: Vec<Place<'a>>,
    ignored: Vec<Place<'a>>,
    looks_wiped: Option<&'a str>,
}

/// A file, and why it is in the list if that needs a reason.
#[derive(Serialize)]
struct Place<'a> {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> Report<'a> {
    pub fn of(reconciled: &'a Reconciled) -> Self {
        let ReconcileReport { adopted, provenances, missing, found, unreadable, ignored, looks_wiped } =
            &reconciled.report;
        let files = |files: &[(RepositoryPath, String)]| {
            files.iter().map(|(repository, file)| Place { path: path(repository, file), reason: None }).collect()
        };
        Self {
            began: rfc3339(reconciled.began),
            ended: rfc3339(reconciled.ended),
            adopted: files(adopted),
            provenances: files(provenances),
            missing: files(missing),
            found: files(found),
            unreadable: (unreadable.iter())
                .map(|(repository, file, reason)| Place { path: path(repository, file), reason: Some(reason) })
                .collect(),
            ignored: ignored.iter().map(|(path, reason)| Place { path: path.clone(), reason: Some(reason) }).collect(),
            looks_wiped: looks_wiped.as_deref(),
        }
    }
}

fn path(repository: &RepositoryPath, file: &str) -> String {
    if repository.is_root() { file.to_owned() } else { format!("{repository}/{file}") }
}
