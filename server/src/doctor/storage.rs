//! Whether the storage keeps the promises that everything stands on, and how fast.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use storage::{ByteRange, Listed, ObjectStore, StorageError};

use super::{Probe, Report, Status};

/// As large as an ordinary journal entry or a small package.
const PROBE_SIZE: usize = 4096;
/// Writes that are timed, one after another.
const WRITES: usize = 16;
/// Every upload waits for two such writes.
const SLOW: Duration = Duration::from_millis(100);
/// Clocks may differ by so much: files younger than a minute are left alone anyway.
const CLOCK_DIFFERENCE: SignedDuration = SignedDuration::from_secs(60);
/// What an earlier run left.
const LEFTOVER: SignedDuration = SignedDuration::from_hours(24);

/// Every call does what it promises, one after another.
pub(super) async fn examine_calls(store: &dyn ObjectStore, probe: Probe, report: &mut Report) -> Result<(), String> {
    let key = probe.key("calls");
    let (first, second) = (Bytes::from(vec![b'1'; PROBE_SIZE]), Bytes::from(vec![b'2'; PROBE_SIZE]));
    let told = |error: StorageError| error.to_string();
    store.put_new(&key, first.clone()).await.map_err(told)?;
    match store.put_new(&key, second.clone()).await {
        Err(StorageError::AlreadyExists(_)) => {}
        Err(error) => return Err(error.to_string()),
        Ok(_) => return Err("an object that exists was created again: changes would be lost".to_owned()),
    }
    let whole = store.get(&key, None).await.map_err(told)?;
    let part = store.get(&key, Some(ByteRange { start: 10, end: 20 })).await.map_err(told)?;
    if whole.bytes != first || part.bytes != first[10..20] || store.head(&key).await.map_err(told)?.size != 4096 {
        return Err("what is read is not what was written".to_owned());
    }
    store.put(&key, second.clone()).await.map_err(told)?;
    if store.get(&key, None).await.map_err(told)?.bytes != second {
        return Err("an object that was replaced has its old bytes".to_owned());
    }
    let mut listed = false;
    let folder = Probe::folder();
    let mut listing = store.list(&folder);
    while let Some(line) = listing.next().await {
        listed |= matches!(line.map_err(told)?, Listed::Object(found, _) if found == key);
    }
    drop(listing);
    if !listed {
        return Err("a listing does not show an object that is there".to_owned());
    }
    store.delete(&key).await.map_err(told)?;
    match store.head(&key).await {
        Err(StorageError::NotFound(_)) => {}
        Err(error) => return Err(error.to_string()),
        Ok(_) => return Err("an object that was deleted is still there".to_owned()),
    }
    report.add("write", Status::Ok, "objects are created once, read, replaced, listed and deleted", json!(null));
    Ok(())
}

/// How long it takes until a small object is durable, and until it is read.
pub(super) async fn examine_latency(store: &dyn ObjectStore, probe: Probe, report: &mut Report) -> Result<(), String> {
    let (mut writes, mut reads) = (Vec::new(), Vec::new());
    for n in 0..WRITES {
        let key = probe.key(&format!("latency-{n}"));
        let begin = Instant::now();
        store.put_new(&key, Bytes::from(vec![b'x'; PROBE_SIZE])).await.map_err(|error| error.to_string())?;
        writes.push(begin.elapsed());
        let begin = Instant::now();
        store.get(&key, None).await.map_err(|error| error.to_string())?;
        reads.push(begin.elapsed());
    }
    let (write, slowest) = (median(&mut writes), writes.iter().max().copied().unwrap_or_default());
    let read = median(&mut reads);
    let milliseconds = |time: Duration| (time.as_secs_f64() * 100_000.0).round() / 100.0;
    let (write_time, slowest_time, read_time) = (milliseconds(write), milliseconds(slowest), milliseconds(read));
    let mut message =
        format!("a small object is durable after {write_time} ms (slowest {slowest_time} ms), read in {read_time} ms");
    let status = match write > SLOW {
        true => {
            message.push_str("; every upload waits for two such writes");
            Status::Note
        }
        false => Status::Ok,
    };
    let facts = json!({
        "writeMilliseconds": write_time, "slowestWriteMilliseconds": slowest_time, "readMilliseconds": read_time,
    });
    report.add("latency", status, message, facts);
    Ok(())
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The storage's clock says how old files are, this machine's when versions were published.
pub(super) async fn examine_clock(store: &dyn ObjectStore, probe: Probe, report: &mut Report) -> Result<(), String> {
    let before = Timestamp::now();
    let meta = store.put(&probe.key("clock"), Bytes::from_static(b"{}")).await.map_err(|error| error.to_string())?;
    let difference = meta.modified.duration_since(before);
    let facts = json!({ "storageAheadSeconds": difference.as_secs() });
    if difference.abs() > CLOCK_DIFFERENCE {
        let message =
            format!("the clocks of the storage and of this machine differ by {} seconds", difference.as_secs());
        report.add("clock", Status::Warning, message, facts);
    } else {
        report.add("clock", Status::Ok, "the storage and this machine agree on the time", facts);
    }
    Ok(())
}

/// Deletes this run's probe objects, and what runs that were killed left a day ago.
pub(super) async fn clean_up(store: &dyn ObjectStore, probe: Probe) -> Result<(), String> {
    let mut old = Vec::new();
    let (folder, own) = (Probe::folder(), probe.own());
    let mut listing = store.list(&folder);
    while let Some(listed) = listing.next().await {
        let Listed::Object(key, meta) = listed.map_err(|error| error.to_string())? else { continue };
        if key.as_str().starts_with(&own) || Timestamp::now().duration_since(meta.modified) > LEFTOVER {
            old.push(key);
        }
    }
    drop(listing);
    for key in &old {
        store.delete(key).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}
