use bytes::Bytes;
use rand::RngExt;
use rand::rngs::StdRng;
use reqwest::Method;
use serde_json::json;

use super::Site;
use super::ask::Ask;
use crate::{Answer, CHART_CONFIG, CHART_PACKAGE, Chart, MANIFEST, descriptor, sha256};

/// Requests that an upload in parts has at most before its last one.
const MOST_PARTS: usize = 3;

/// How clients of the registry push: each request goes to a replica of its own.
impl Site {
    /// Brings what a chart's manifest names. The request that brings the manifest itself is left to the caller.
    pub(super) async fn push_chart_blobs(&self, random: &mut StdRng, chart: &Chart) -> Ask {
        let Chart { name, version, bytes, .. } = chart;
        let config = json!({ "apiVersion": "v2", "name": name, "version": version }).to_string();
        self.push_blob(random, name, config.clone().into()).await;
        self.push_blob(random, name, bytes.clone()).await;
        let (config, package) = (descriptor(CHART_CONFIG, config.as_bytes()), descriptor(CHART_PACKAGE, bytes));
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [package] });
        put_manifest(name, version, manifest.to_string())
    }

    /// Looks first, as clients do, then brings the bytes.
    pub(super) async fn push_blob(&self, random: &mut StdRng, name: &str, bytes: Bytes) {
        let digest = sha256(&bytes);
        if self.has_blob(random, name, &digest).await {
            return;
        }
        if random.random_range(0..2) == 0 {
            let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
            let (answer, _) = self.ask(random, &Ask::new(Method::POST, path).body(bytes)).await;
            self.expect(&answer, &[201]);
            self.counts.blobs_whole.add();
        } else {
            while !self.push_in_parts(random, name, &bytes, &digest).await {}
            self.counts.blobs_in_parts.add();
        }
        if !self.has_blob(random, name, &digest).await {
            self.miss(format!("a blob of {name} is not there though it was taken: {digest}"));
        }
    }

    async fn has_blob(&self, random: &mut StdRng, name: &str, digest: &str) -> bool {
        let (answer, _) = self.ask(random, &Ask::new(Method::HEAD, format!("/v2/{name}/blobs/{digest}"))).await;
        self.expect(&answer, &[200, 404]);
        answer.status == 200
    }

    /// One upload, each part by another replica. False if it has come to an end without the blob, as one does whose end was
    /// asked for twice.
    async fn push_in_parts(&self, random: &mut StdRng, name: &str, bytes: &Bytes, digest: &str) -> bool {
        let begin = Ask::new(Method::POST, format!("/v2/{name}/blobs/uploads/"));
        let (answer, _) = self.ask(random, &begin).await;
        self.expect(&answer, &[202]);
        let Some(place) = answer.header("location").map(str::to_owned) else { return false };
        let (mut sent, mut parts) = (0, random.random_range(1..=MOST_PARTS));
        // an attempt may have been done though its answer was lost
        let mut may_be_ahead = false;
        loop {
            let is_last = parts == 0 || bytes.len() - sent < 2;
            let end = if is_last { bytes.len() } else { random.random_range(sent + 1..bytes.len()) };
            let ask = match is_last {
                true => Ask::new(Method::PUT, format!("{place}?digest={digest}")),
                false => Ask::new(Method::PATCH, &*place),
            };
            let part = bytes.slice(sent..end);
            let ask = if part.is_empty() { ask } else { ask.header("content-range", format!("{sent}-{}", end - 1)) };
            let (answer, is_doubtful) = self.ask(random, &ask.body(part)).await;
            may_be_ahead |= is_doubtful;
            match answer.status {
                201 if is_last => return true,
                202 if !is_last => (sent, parts) = (end, parts - 1),
                416 if may_be_ahead => {
                    let received = received(&answer).filter(|received| *received <= bytes.len() && *received != sent);
                    let Some(received) = received else {
                        self.miss(format!("{} at {sent} says no other place: {:?}", answer.request, answer.headers));
                        return false;
                    };
                    sent = received;
                }
                404 if is_last && is_doubtful => return self.has_blob(random, name, digest).await,
                _ => {
                    self.expect(&answer, &[]);
                    return false;
                }
            }
        }
    }

    /// Everything else is a miss.
    pub(super) fn expect(&self, answer: &Answer, statuses: &[u16]) {
        if !statuses.contains(&answer.status) {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            self.miss(format!("{} was answered with {} {said}", answer.request, answer.status));
        }
    }
}

/// The request that brings a manifest.
pub(super) fn put_manifest(name: &str, reference: &str, manifest: impl Into<Bytes>) -> Ask {
    let ask = Ask::new(Method::PUT, format!("/v2/{name}/manifests/{reference}"));
    ask.header("content-type", MANIFEST).body(manifest)
}

/// How many bytes an upload has that did not go on where it was thought to: one at least, since `0-0` stands for none as well.
fn received(answer: &Answer) -> Option<usize> {
    let last: usize = answer.header("range")?.strip_prefix("0-")?.parse().ok()?;
    Some(last + 1)
}
