use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{GenerateError, makes_namespace, manifests, name_of, planned, source, stream};
use crate::{Lock, LockedChart, Release, Source, StackFile};

/// How long a release may take to become ready, in seconds: databases start slowly on their first day.
const TIMEOUT: u32 = 900;
/// The repository of our own charts.
const OWN: &str = "stack";

/// A helmfile of a profile, for people at a terminal.
///
/// # Errors
/// If there is no such profile, or the lock lacks something.
pub fn helmfile(file: &StackFile, lock: &Lock, profile: &str) -> Result<String, GenerateError> {
    let planned = planned(file, profile)?;
    let mut repositories = BTreeMap::new();
    let mut releases = Vec::new();
    for release in planned.iter().filter(|release| release.source != Source::Manifest) {
        let chart = match release.source {
            Source::Stack => {
                let url = format!("{}/stack", file.servers.terminal);
                repositories.insert(OWN.to_owned(), json!({ "name": OWN, "url": url }));
                format!("{OWN}/{}", release.chart)
            }
            _ => {
                let locked = source(lock, release)?;
                let (name, repository, chart) = repository(locked);
                repositories.insert(name.clone(), repository);
                format!("{name}/{chart}")
            }
        };
        releases.push(entry(file, lock, release, profile, &chart)?);
    }
    let document = json!({
        "helmDefaults": { "wait": true, "timeout": TIMEOUT },
        "repositories": repositories.into_values().collect::<Vec<_>>(),
        "releases": releases,
    });
    let comment = format!(
        "Made by `chandlery stack helmfile --profile {profile}`: change deploy/stack/stack.yaml instead.\n\
         Our own charts come from a server at {}: run `chandlery` there.",
        file.servers.terminal
    );
    stream(&comment, &[document])
}

/// A repository's name, itself, and the chart's name in it.
fn repository(locked: &LockedChart) -> (String, Value, String) {
    match locked.registry().and_then(|address| address.rsplit_once('/')) {
        Some((url, chart)) => {
            let name = name_of(url);
            (name.clone(), json!({ "name": name, "url": url, "oci": true }), chart.to_owned())
        }
        None => {
            let name = name_of(&locked.source);
            (name.clone(), json!({ "name": name, "url": locked.source }), locked.name.clone())
        }
    }
}

fn entry(file: &StackFile, lock: &Lock, release: &Release, profile: &str, chart: &str) -> Result<Value, GenerateError> {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), json!(release.name));
    entry.insert("namespace".to_owned(), json!(release.namespace));
    entry.insert("createNamespace".to_owned(), json!(makes_namespace(file, release)));
    entry.insert("chart".to_owned(), json!(chart));
    entry.insert("version".to_owned(), json!(release.version));
    let needs = release.needs_in(profile).filter_map(|need| file.release(need));
    let needs: Vec<_> = needs
        .filter(|need| need.source != Source::Manifest)
        .map(|need| format!("{}/{}", need.namespace, need.name))
        .collect();
    if !needs.is_empty() {
        entry.insert("needs".to_owned(), json!(needs));
    }
    let manifests = manifests(file, lock, release, profile)?.into_iter().map(|address| {
        json!({ "events": ["presync"], "command": "kubectl", "args": ["apply", "--server-side", "--filename", address] })
    });
    let hooks: Vec<_> = manifests.collect();
    if !hooks.is_empty() {
        entry.insert("hooks".to_owned(), json!(hooks));
    }
    let values = release.values_in(profile);
    if values.as_object().is_some_and(|values| !values.is_empty()) {
        entry.insert("values".to_owned(), json!([values]));
    }
    Ok(entry.into())
}
