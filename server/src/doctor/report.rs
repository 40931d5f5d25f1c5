use serde::Serialize;
use serde_json::Value;

use crate::log::on_one_line;

/// What was found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// No check found a warning or failed.
    pub healthy: bool,
    /// The storage that was looked at.
    pub storage: String,
    /// In the order in which they were made. One that could not be made is not there.
    pub checks: Vec<Check>,
}

/// One check and its outcome.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Its name, which stays the same.
    pub check: &'static str,
    /// How it went.
    pub status: Status,
    /// What was found, in a sentence for people.
    pub message: String,
    /// The same as values, which differ from check to check.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub facts: Value,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All is well.
    Ok,
    /// Nothing is wrong, but somebody may want to know.
    Note,
    /// It works, and somebody should do something about it.
    Warning,
    /// It does not work.
    Failed,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl Report {
    pub(super) fn new(storage: String) -> Self {
        Self { healthy: true, storage, checks: Vec::new() }
    }

    pub(super) fn add(&mut self, check: &'static str, status: Status, message: impl Into<String>, facts: Value) {
        self.healthy &= matches!(status, Status::Ok | Status::Note);
        self.checks.push(Check { check, status, message: message.into(), facts });
    }

    pub(super) fn failed(&mut self, check: &'static str, reason: impl ToString) {
        self.add(check, Status::Failed, reason.to_string(), Value::Null);
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("storage {}\n", self.storage);
        for Check { check, status, message, .. } in &self.checks {
            text.push_str(&format!("{:8} {check}: {}\n", status.name(), on_one_line(message)));
        }
        let count = |status| self.checks.iter().filter(|check| check.status == status).count();
        let (warnings, failures) = (count(Status::Warning), count(Status::Failed));
        text.push_str(&match self.healthy {
            true => "healthy\n".to_owned(),
            false => format!("not healthy: {failures} failed, {warnings} to be looked at\n"),
        });
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_leave_a_storage_healthy_and_warnings_do_not() {
        let mut report = Report::new("./charts".to_owned());
        report.add("one", Status::Ok, "fine", Value::Null);
        report.add("two", Status::Note, "slow", serde_json::json!({ "milliseconds": 7 }));
        assert!(report.healthy);
        assert_eq!(report.text(), "storage ./charts\nok       one: fine\nnote     two: slow\nhealthy\n");
        report.add("three", Status::Warning, "large", Value::Null);
        assert!(!report.healthy);
        report.failed("four", "gone: a\x1b[31m\nhealthy.tgz");
        let end = "failed   four: gone: a\\u{1b}[31m\\nhealthy.tgz\nnot healthy: 1 failed, 1 to be looked at\n";
        assert!(report.text().ends_with(end), "a file's name cannot make a line of its own");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["checks"][1]["facts"]["milliseconds"], 7);
        assert_eq!((&json["checks"][0]["status"], json["checks"][0].get("facts")), (&"ok".into(), None));
    }
}
