//! What the operating system gives this process.

use rustix::process::{Resource, getrlimit};
use serde_json::json;

use super::{Report, Status};
use crate::config::Settings;

/// Files that a server has open besides its connections: SQLite, packages being read and written, folders.
const OWN_FILES: u64 = 256;

pub(super) fn examine(settings: &Settings, report: &mut Report) {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let connections = settings.listen.max_connections as u64;
    let facts = json!({ "limit": limit, "maxConnections": connections });
    let (status, message) = judge(limit, connections);
    report.add("open-files", status, message, facts);
}

fn judge(limit: u64, connections: u64) -> (Status, String) {
    if limit < 2 * OWN_FILES {
        (Status::Warning, format!("a process may open {limit} files only: raise the limit (ulimit -n)"))
    } else if limit < connections.saturating_add(OWN_FILES) {
        let left = limit - OWN_FILES;
        let message = format!(
            "a process may open {limit} files: about {left} connections, not the {connections} of max-connections"
        );
        (Status::Note, message)
    } else {
        (Status::Ok, format!("a process may open {limit} files"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_files_are_told() {
        assert_eq!(judge(64, 10).0, Status::Warning);
        assert_eq!(judge(1024, 10_000).0, Status::Note);
        assert_eq!(
            judge(1024, 10_000).1,
            "a process may open 1024 files: about 768 connections, not the 10000 of max-connections"
        );
        assert_eq!(judge(20_000, 10_000).0, Status::Ok);
        assert_eq!(judge(u64::MAX, 10_000).0, Status::Ok);
    }
}
