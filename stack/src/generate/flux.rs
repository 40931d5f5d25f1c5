use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{GenerateError, makes_namespace, manifests, name_of, planned, source, stream};
use crate::{Lock, LockedChart, Release, Source, StackFile};

/// Where Flux looks for its objects.
const NAMESPACE: &str = "flux-system";
/// The media type of a chart's archive in a registry.
const ARCHIVE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The source of our own charts.
const OWN: &str = "stack";
/// How often a source is asked for what it has: versions are exact, so that nothing new is waited for.
const SOURCE_INTERVAL: &str = "24h";
/// How often a release is compared with what is in the cluster.
const RELEASE_INTERVAL: &str = "1h";
/// How long a release may take to become ready.
const TIMEOUT: &str = "15m";

/// Flux's sources and releases of a profile, as a stream of objects.
///
/// # Errors
/// If there is no such profile, or the lock lacks something.
pub fn flux(file: &StackFile, lock: &Lock, profile: &str) -> Result<String, GenerateError> {
    let planned = planned(file, profile)?;
    let mut sources = BTreeMap::new();
    let mut releases = Vec::new();
    let (mut unresolved, mut addresses) = (Vec::new(), Vec::new());
    for release in planned.iter().filter(|release| release.source != Source::Manifest) {
        let reference = match release.source {
            Source::Stack => {
                let url = format!("{}/stack", file.servers.cluster);
                sources.insert(OWN.to_owned(), repository(OWN, &url));
                in_repository(release, OWN)
            }
            _ => {
                let locked = source(lock, release)?;
                let is_pinned = locked.registry().is_some() && !locked.manifest_digest.is_empty();
                if !is_pinned {
                    unresolved.push(format!("{} {}", locked.name, locked.version));
                }
                of_lock(locked, release, &mut sources)
            }
        };
        for address in manifests(file, lock, release, profile)? {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        releases.push(helm_release(file, release, profile, reference));
    }
    let mut comment = format!(
        "Made by `chandlery stack flux --profile {profile}`: change deploy/stack/stack.yaml instead.\n\
         Our own charts come from the server in the cluster, at {}.\n",
        file.servers.cluster
    );
    if !addresses.is_empty() {
        comment.push_str("\nFlux has no releases of plain manifests. Before it:\n");
        addresses.iter().for_each(|address| {
            comment.push_str(&format!("  kubectl apply --server-side --filename {address}\n"));
        });
    }
    if !unresolved.is_empty() {
        unresolved.sort();
        comment.push_str("\nPinned by version and not by digest:\n");
        unresolved.iter().for_each(|chart| comment.push_str(&format!("  {chart}\n")));
    }
    let documents: Vec<Value> = sources.into_values().chain(releases).collect();
    stream(&comment, &documents)
}

fn repository(name: &str, url: &str) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "HelmRepository",
        "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": { "interval": SOURCE_INTERVAL, "url": url },
    })
}

/// A source for a chart of the lock, and the way to it from its release.
fn of_lock(locked: &LockedChart, release: &Release, sources: &mut BTreeMap<String, Value>) -> (&'static str, Value) {
    if locked.registry().is_none() {
        let name = name_of(&locked.source);
        sources.insert(name.clone(), repository(&name, &locked.source));
        return in_repository(release, &name);
    }
    let pin = match &*locked.manifest_digest {
        // a range of one version: registries differ in whether tags begin with a v
        "" => json!({ "semver": locked.version }),
        digest => json!({ "digest": digest }),
    };
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": "OCIRepository",
        "metadata": { "name": locked.name, "namespace": NAMESPACE },
        "spec": {
            "interval": SOURCE_INTERVAL,
            "url": locked.source,
            "layerSelector": { "mediaType": ARCHIVE, "operation": "copy" },
            "ref": pin,
        },
    });
    sources.insert(locked.name.clone(), source);
    ("chartRef", json!({ "kind": "OCIRepository", "name": locked.name }))
}

fn in_repository(release: &Release, repository: &str) -> (&'static str, Value) {
    let spec = json!({
        "chart": release.chart,
        "version": release.version,
        "sourceRef": { "kind": "HelmRepository", "name": repository },
    });
    ("chart", json!({ "spec": spec }))
}

fn helm_release(file: &StackFile, release: &Release, profile: &str, (way, reference): (&str, Value)) -> Value {
    let needs = release.needs_in(profile).filter_map(|need| file.release(need));
    let needs = needs.filter(|need| need.source != Source::Manifest);
    let needs: Vec<_> = needs.map(|need| json!({ "name": need.name })).collect();
    let mut spec = json!({
        "interval": RELEASE_INTERVAL,
        "timeout": TIMEOUT,
        "releaseName": release.name,
        "targetNamespace": release.namespace,
        "storageNamespace": release.namespace,
        way: reference,
        "install": {
            "createNamespace": makes_namespace(file, release),
            "crds": "CreateReplace",
            "remediation": { "retries": -1 },
        },
        "upgrade": { "crds": "CreateReplace", "remediation": { "retries": 3 } },
    });
    if !needs.is_empty() {
        spec["dependsOn"] = json!(needs);
    }
    let values = release.values_in(profile);
    if values.as_object().is_some_and(|values| !values.is_empty()) {
        spec["values"] = values;
    }
    json!({
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": { "name": release.name, "namespace": NAMESPACE },
        "spec": spec,
    })
}
