//! What this server takes, besides what any registry must: where charts may be, and whether there may be anything else.

use catalogue::{RepositoryPath, View};
use chart::oci::{Manifest, Reference, RegistryName, Tag};

use crate::App;
use crate::auth::Origin;
use crate::config::{Depth, RegistryContent};
use crate::registry::Fault;

/// Artifact Hub reads who owns a repository from this tag.
const ARTIFACT_HUB_TAG: &str = "artifacthub.io";
/// And what lies there.
const ARTIFACT_HUB_LAYER: &str = "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml";

/// Refuses what the settings do not allow.
pub(super) async fn check(
    app: &App,
    name: &RegistryName,
    manifest: &Manifest,
    tags: &[&Tag],
    origin: &Origin,
) -> Result<(), Fault> {
    if manifest.is_chart() {
        return check_depth(app.settings.repository.depth, name, origin);
    }
    if app.settings.registry.content == RegistryContent::All {
        return Ok(());
    }
    let current = app.catalogue.checked().await?;
    match belongs_to_a_chart(&current.view, name, manifest, tags) {
        true => Ok(()),
        false => Err(Fault::Denied("only charts and what refers to them can be pushed to this server".to_owned())),
    }
}

/// A chart must lie where its repository can be reached at the classic door.
fn check_depth(depth: Depth, name: &RegistryName, origin: &Origin) -> Result<(), Fault> {
    let (parent, chart) = name.split();
    let Ok(parent) = RepositoryPath::parse(parent) else {
        return Err(Fault::NameInvalid(format!("{name} lies below no repository")));
    };
    let Depth::Fixed(wanted) = depth else { return Ok(()) };
    if parent.depth() == wanted {
        return Ok(());
    }
    let place: String =
        ["/ORGANISATION", "/TEAM"].into_iter().chain(std::iter::repeat("/REPOSITORY")).take(wanted).collect();
    let address = format!("{}{place}", origin.authority);
    Err(Fault::Denied(format!(
        "on this server (--depth={wanted}) the address of this chart is {address}/{chart}: push to oci://{address}"
    )))
}

fn belongs_to_a_chart(view: &View, name: &RegistryName, manifest: &Manifest, tags: &[&Tag]) -> bool {
    let is_there = |digest| view.manifest(name, &Reference::Digest(digest)).is_some();
    if let Some(subject) = &manifest.subject {
        return is_there(subject.digest);
    }
    let belongs = |tag: &&Tag| {
        if tag.as_str() == ARTIFACT_HUB_TAG {
            let mut layers = manifest.layers.iter();
            return !manifest.is_index() && layers.all(|layer| layer.media_type == ARTIFACT_HUB_LAYER);
        }
        // `sha256-<hex>` and `sha256-<hex>.sig`: how signatures and referrers are found where no list of them is
        let Some((algorithm, rest)) = tag.as_str().split_once('-') else { return false };
        let hash = rest.split('.').next().unwrap_or_default();
        format!("{algorithm}:{hash}").parse().is_ok_and(is_there)
    };
    // one that does not belong makes it reachable as anything
    !tags.is_empty() && tags.iter().all(belongs)
}
