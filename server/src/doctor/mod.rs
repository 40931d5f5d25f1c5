//! Whether a storage, its catalogue and this machine are as they should be: measured, not assumed.
//!
//! Everything but the probe objects, which lie below `.chandlery/doctor/` and are deleted, is only read: a server may
//! run meanwhile.

mod contenders;
mod contents;
mod folder;
mod history;
mod machine;
mod report;
mod storage;
mod volume;

use std::process::Command;
use std::time::Duration;

use ::storage::{Key, Prefix};
use uuid::Uuid;

use crate::config::{self, Settings};
use crate::opening;

pub use contenders::contend;
pub use report::{Check, Report, Status};

/// A check that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where this run's probe objects lie.
#[derive(Debug, Clone, Copy)]
struct Probe(Uuid);

impl Probe {
    fn folder() -> Prefix {
        Prefix::new(".chandlery/doctor/").expect("the fixed text is a prefix")
    }

    /// What the keys of this run begin with.
    fn own(self) -> String {
        format!(".chandlery/doctor/{}/", self.0)
    }

    fn key(self, name: &str) -> Key {
        Key::new(format!("{}{name}", self.own())).expect("fixed text and a uuid are a key")
    }
}

/// Looks at everything. `contender` makes the command of a process that runs [`contend`].
pub async fn examine(settings: &Settings, contender: impl Fn() -> Command + Send + 'static) -> Report {
    let (place, root) = match &settings.storage {
        config::Storage::Local { root } => (root.display().to_string(), Some(root)),
        config::Storage::Amazon(amazon) => {
            (format!("s3://{}/{}", amazon.options.bucket, amazon.options.prefix.trim_matches('/')), None)
        }
    };
    let mut report = Report::new(place);
    machine::examine(settings, &mut report);
    if let Some(root) = root {
        if !root.is_dir() {
            report.failed("storage", format!("the folder {} is missing; a server makes it", root.display()));
            folder::examine(settings, None, &mut report).await;
            return report;
        }
        volume::examine(root, &mut report);
    }
    let store = match in_time(opening::open_storage(&settings.storage)).await {
        Ok(Ok(store)) => store,
        Ok(Err(error)) => {
            report.failed("storage", error);
            folder::examine(settings, None, &mut report).await;
            return report;
        }
        Err(late) => {
            report.failed("storage", late);
            return report;
        }
    };
    let probe = Probe(Uuid::new_v4());
    if let Some(root) = root {
        volume::examine_links(root, probe.0, &mut report);
    }
    for check in ["write", "latency", "clock", "exclusive-create"] {
        let outcome = match check {
            "write" => in_time(storage::examine_calls(&*store, probe, &mut report)).await,
            "latency" => in_time(storage::examine_latency(&*store, probe, &mut report)).await,
            "clock" => in_time(storage::examine_clock(&*store, probe, &mut report)).await,
            _ => in_time(contenders::examine(probe, [contender(), contender()], &mut report)).await,
        };
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => report.failed(check, reason),
            Err(late) => report.failed(check, late),
        }
    }
    if let Err(reason) = in_time(storage::clean_up(&*store, probe)).await.and_then(|outcome| outcome) {
        report.failed("clean-up", reason);
    }
    let state = match in_time(history::examine(&store, &mut report)).await {
        Ok(state) => state,
        Err(late) => {
            report.failed("journal", late);
            None
        }
    };
    folder::examine(settings, state.as_deref(), &mut report).await;
    if let Some(state) = state {
        if let Err(late) = in_time(contents::examine(&*store, &state, &mut report)).await {
            report.failed("packages", late);
        }
        contents::examine_indexes(settings, state, &mut report).await;
    }
    report
}

async fn in_time<T>(check: impl Future<Output = T>) -> Result<T, String> {
    let late = || format!("no answer within {} seconds", PATIENCE.as_secs());
    tokio::time::timeout(PATIENCE, check).await.map_err(|_| late())
}
