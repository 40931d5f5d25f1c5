use std::cell::RefCell;
use std::collections::BTreeSet;

use bytes::Bytes;
use rand::rngs::StdRng;
use serde_json::Value;

use super::Site;
use super::ask::Ask;
use super::model::{Model, Moment, Name};
use crate::{Answer, CHART_PACKAGE, sha256};

/// What clients of the registry read.
impl Site {
    /// A chart: the manifest that its tag names, then the package. The bytes, if they are those that the manifest names.
    pub(super) async fn pull(&self, random: &mut StdRng, name: &Name) -> Option<Bytes> {
        let (chart, version) = name;
        let since = self.model.borrow().moment_of(name);
        let (answer, _) = self.ask(random, &Ask::get(format!("/v2/{chart}/manifests/{version}"))).await;
        let package = layer(&answer, CHART_PACKAGE).map(|digest| digest.trim_start_matches("sha256:").to_owned());
        self.check(&answer, &self.model, &since, name, package.clone());
        let package = package?;
        let blob = self.blob(random, chart, &format!("sha256:{package}")).await;
        if blob.is_none() && !self.model.borrow().may_differ(&since, name, Some(&package)) {
            self.miss(format!("{} names {package}, which is not there", answer.request));
        }
        blob
    }

    /// What is no chart: a manifest by tag or digest, then its layer, which outlives the manifest by a day.
    pub(super) async fn read_artifact(&self, random: &mut StdRng, name: &Name) {
        let (repository, reference) = name;
        let since = self.artifacts.borrow().moment_of(name);
        let (answer, _) = self.ask(random, &Ask::get(format!("/v2/{repository}/manifests/{reference}"))).await;
        let got = (answer.status == 200).then(|| sha256(&answer.body));
        self.check(&answer, &self.artifacts, &since, name, got);
        let Some(layer) = layer(&answer, "") else { return };
        if self.blob(random, repository, &layer).await.is_none() {
            self.miss(format!("{} names {layer}, which is not there", answer.request));
        }
    }

    /// A blob, if it is there.
    async fn blob(&self, random: &mut StdRng, name: &str, digest: &str) -> Option<Bytes> {
        let (answer, _) = self.ask(random, &Ask::get(format!("/v2/{name}/blobs/{digest}"))).await;
        self.counts.pulls.add();
        match answer.status {
            200 if sha256(&answer.body) == digest => return Some(answer.body),
            404 => {}
            status => self.miss(format!("{} answered {status} and {}", answer.request, sha256(&answer.body))),
        }
        None
    }

    /// The tags of a name: those of all that exists in it, and no other.
    pub(super) async fn list_tags(&self, random: &mut StdRng, model: &RefCell<Model>, name: &str) {
        let since = model.borrow().moment_of_all(name);
        let (answer, _) = self.ask(random, &Ask::get(format!("/v2/{name}/tags/list"))).await;
        self.counts.tag_lists.add();
        let listed: BTreeSet<String> = match answer.status {
            200 => serde_json::from_value(answer.json()["tags"].take()).unwrap_or_default(),
            404 => BTreeSet::new(),
            status => return self.miss(format!("{} answered {status}", answer.request)),
        };
        self.check_tags(&answer, model, &since, name, &listed);
    }

    fn check_tags(
        &self,
        answer: &Answer,
        model: &RefCell<Model>,
        since: &Moment,
        name: &str,
        listed: &BTreeSet<String>,
    ) {
        let model = model.borrow();
        let known = model.names_in(name).filter(|(_, tag)| !tag.contains(':'));
        let unknown = listed.iter().map(|tag| (name.to_owned(), tag.clone()));
        for tag in known.cloned().chain(unknown) {
            let is_listed = listed.contains(&tag.1);
            if !model.may_exist(since, &tag, is_listed) {
                let expected = model.explain(since, &tag);
                self.miss(format!("{} lists {tag:?}: {is_listed}, expected {expected}", answer.request));
            }
        }
    }
}

/// The digest of a manifest's layer of a type, or of the first one.
fn layer(answer: &Answer, media_type: &str) -> Option<String> {
    let manifest = (answer.status == 200).then(|| serde_json::from_slice::<Value>(&answer.body).ok()).flatten()?;
    let mut layers = manifest["layers"].as_array()?.iter();
    let layer = layers.find(|layer| media_type.is_empty() || layer["mediaType"] == media_type)?;
    layer["digest"].as_str().map(str::to_owned)
}
