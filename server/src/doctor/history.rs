//! The journal: whether it can be read to its end, and what a start has to read of it.

use std::sync::Arc;

use catalogue::{Replayed, State, replay};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use storage::ObjectStore;

use super::{Report, Status};

/// Entries after the newest snapshot beyond which somebody should wonder: servers write one every thousand.
const LONG_TAIL: u64 = 5000;
/// This machine may be behind the one that wrote the last entry by so much.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_secs(60);

/// Reads the whole state; `None` if there is none.
pub(super) async fn examine(store: &Arc<dyn ObjectStore>, report: &mut Report) -> Option<Arc<State>> {
    if let Err(error) = catalogue::refuse_unfinished(&**store).await {
        report.failed("journal", error);
        return None;
    }
    let Replayed { state, snapshot } = match replay(store, None).await {
        Ok(Some(replayed)) => replayed,
        Ok(None) => {
            let message = "no server has used this storage yet: what lies in it is taken in by the first start";
            report.add("journal", Status::Note, message, json!(null));
            return None;
        }
        Err(error) => {
            report.failed("journal", error);
            return None;
        }
    };
    let tail = state.sequence - snapshot.unwrap_or(0);
    let since = snapshot.map(|snapshot| format!("the newest snapshot is {tail} entries old, at {snapshot}"));
    let since = since.unwrap_or_else(|| "there is no snapshot yet".to_owned());
    let message = format!("it is whole up to entry {} of {:.0}; {since}", state.sequence, state.at);
    let facts = json!({
        "storage": state.storage, "sequence": state.sequence, "at": state.at, "level": state.level,
        "snapshot": snapshot, "entriesAfterSnapshot": tail,
    });
    report.add("journal", if tail > LONG_TAIL { Status::Note } else { Status::Ok }, message, facts);
    if !state.adopted {
        let message =
            "the packages found in the storage are not all taken in yet: a server has to start, or to finish its start";
        report.add("adoption", Status::Warning, message, json!(null));
    }
    examine_time(state.at, Timestamp::now(), report);
    Some(Arc::new(state))
}

fn examine_time(last: Timestamp, now: Timestamp, report: &mut Report) {
    let ahead = last.duration_since(now);
    let facts = json!({ "journalAheadSeconds": ahead.as_secs().max(0) });
    if ahead > CLOCK_DIFFERENCE {
        let message = format!(
            "this machine's clock is {} seconds behind the journal's last entry: set the clock of this machine, or of the one that wrote it",
            ahead.as_secs()
        );
        report.add("journal-time", Status::Warning, message, facts);
    } else {
        report.add("journal-time", Status::Ok, "the journal's last entry is not from the future", facts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_from_the_future_is_told() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut report = Report::new(String::new());
        examine_time(now + SignedDuration::from_secs(59), now, &mut report);
        assert!(report.healthy);
        examine_time(now + SignedDuration::from_secs(90), now, &mut report);
        assert_eq!(report.checks[1].status, Status::Warning);
        assert!(report.checks[1].message.contains("90 seconds behind"), "{}", report.checks[1].message);
    }
}
