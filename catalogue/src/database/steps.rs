//! What must be written so that the tables hold a state: statements and their rows, made as they are asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use storage::Key;

use super::{rows, statements};
use crate::view::RegionKey;
use crate::{Registry, Repository, RepositoryPath, State, StoredContent, Touched, Version};

/// Rows go into one statement until their text is this long: that makes the way to the connection's thread and back
/// cheap, and is little beside everything else in memory.
const STATEMENT_SIZE: usize = 1 << 20;

/// A statement, to be run once with each text.
pub(super) struct Step<'a> {
    pub(super) statement: &'static str,
    pub(super) rows: Box<dyn Iterator<Item = String> + Send + 'a>,
}

/// Before a whole state is written.
pub(super) const CLEAR: &[&str] = &[
    statements::CLEAR_REPOSITORIES,
    statements::CLEAR_VERSIONS,
    statements::CLEAR_FILES,
    statements::CLEAR_TRASH,
    statements::CLEAR_OBJECTS,
    statements::CLEAR_CONTENTS,
    statements::CLEAR_BLOBS,
    statements::CLEAR_MANIFESTS,
    statements::CLEAR_TAGS,
    statements::CLEAR_PAGES,
];

/// A whole state, into empty tables.
pub(super) fn whole(state: &State) -> Vec<Step<'_>> {
    let all = || state.repositories.iter();
    let repositories = all().map(|(path, repository)| rows::repository(path, &repository.changed));
    let versions = all().flat_map(|(path, repository)| {
        let versions = repository.charts.values().flat_map(|chart| &chart.versions);
        versions.map(move |version| rows::version(path, version))
    });
    let files = all()
        .flat_map(|(path, repository)| repository.files.iter().map(move |(file, facts)| rows::file(path, file, facts)));
    let trash =
        all().flat_map(|(path, repository)| repository.trash.values().map(move |trashed| rows::trashed(path, trashed)));
    let registry = &state.registry;
    let objects: BTreeSet<&Key> = state.unreferenced.keys().chain(state.discarded.keys()).collect();
    vec![
        step(statements::WRITE_REPOSITORIES, repositories),
        step(statements::WRITE_VERSIONS, versions),
        step(statements::WRITE_FILES, files),
        step(statements::WRITE_TRASH, trash),
        step(statements::WRITE_OBJECTS, objects.into_iter().map(|key| rows::object(state, key))),
        step(
            statements::WRITE_CONTENTS,
            state.registry.objects().map(|(digest, object)| rows::content(digest, object)),
        ),
        step(statements::WRITE_BLOBS, registry.blobs.iter().map(|((name, digest), since)| (name, digest, since))),
        step(
            statements::WRITE_MANIFESTS,
            registry.manifests.iter().map(|((name, digest), manifest)| rows::manifest(name, digest, manifest)),
        ),
        step(statements::WRITE_TAGS, registry.tags.iter().map(|((name, tag), digest)| (name, tag, digest))),
    ]
}

/// What was touched since the tables were written: what the state has of it is written again, the rest deleted.
pub(super) fn touched<'a>(state: &'a State, touched: &'a Touched) -> Vec<Step<'a>> {
    let repository = |path: &RepositoryPath| -> Option<&'a Repository> { Some(state.repository(path)?) };

    // a repository changes only with something in it
    let mut paths: BTreeSet<&RepositoryPath> = touched.charts.iter().map(|(path, _)| path).collect();
    paths.extend(touched.files.iter().map(|(path, _)| path));
    paths.extend(touched.trash.iter().map(|(path, _, _)| path));
    let repositories = divide(paths, |path| Some((path, repository(path)?)));

    let versions = divide_versions(state, &touched.versions);
    let files = divide(&touched.files, |(path, file)| Some((path, file, repository(path)?.file(file)?)));
    let trash = divide(&touched.trash, |(path, file, removed_at)| {
        Some((path, repository(path)?.trash.get(&(file.clone(), *removed_at))?))
    });
    let known = |key: &Key| state.unreferenced.contains_key(key) || state.discarded.contains_key(key);
    let objects = divide(&touched.objects, |key| known(key).then_some(key));

    let found = repositories.found.into_iter().map(|(path, repository)| rows::repository(path, &repository.changed));
    let mut steps = touched_registry(&state.registry, touched);
    steps.extend([
        step(statements::WRITE_REPOSITORIES, found),
        step(statements::DELETE_REPOSITORIES, repositories.gone.into_iter()),
        step(
            statements::WRITE_VERSIONS,
            versions.found.into_iter().map(|(path, version)| rows::version(path, version)),
        ),
        step(statements::DELETE_VERSIONS, versions.gone.into_iter()),
        step(statements::WRITE_FILES, files.found.into_iter().map(|(path, file, facts)| rows::file(path, file, facts))),
        step(statements::DELETE_FILES, files.gone.into_iter()),
        step(statements::WRITE_TRASH, trash.found.into_iter().map(|(path, trashed)| rows::trashed(path, trashed))),
        step(statements::DELETE_TRASH, trash.gone.into_iter()),
        step(statements::WRITE_OBJECTS, objects.found.into_iter().map(|key| rows::object(state, key))),
        step(statements::DELETE_OBJECTS, objects.gone.into_iter().map(Key::as_str)),
    ]);
    steps
}

fn touched_registry<'a>(registry: &'a Registry, touched: &'a Touched) -> Vec<Step<'a>> {
    let contents = divide(&touched.contents, |digest| Some((digest, registry.contents.get(digest)?)));
    let blobs = divide(&touched.blobs, |blob| Some((&blob.0, &blob.1, registry.blobs.get(blob)?)));
    let manifests = divide(&touched.manifests, |manifest| Some((manifest, registry.manifests.get(manifest)?)));
    let tags = divide(&touched.tags, |tag| Some((&tag.0, &tag.1, registry.tags.get(tag)?)));
    let content = |(digest, content): (&'a _, &'a StoredContent)| rows::content(digest, &content.object);
    let manifest = |((name, digest), manifest): (&'a (_, _), &'a Arc<_>)| rows::manifest(name, digest, manifest);
    vec![
        step(statements::WRITE_CONTENTS, contents.found.into_iter().map(content)),
        step(statements::DELETE_CONTENTS, contents.gone.into_iter()),
        step(statements::WRITE_BLOBS, blobs.found.into_iter()),
        step(statements::DELETE_BLOBS, blobs.gone.into_iter()),
        step(statements::WRITE_MANIFESTS, manifests.found.into_iter().map(manifest)),
        step(statements::DELETE_MANIFESTS, manifests.gone.into_iter()),
        step(statements::WRITE_TAGS, tags.found.into_iter()),
        step(statements::DELETE_TAGS, tags.gone.into_iter()),
    ]
}

/// Pages of these regions are written anew, or are no more.
pub(super) fn old_pages<'a>(regions: impl Iterator<Item = &'a (RepositoryPath, RegionKey)> + Send + 'a) -> Step<'a> {
    step(statements::DELETE_PAGES, regions.map(|(path, RegionKey(region))| (path, region)))
}

fn step<'a, T: Serialize>(statement: &'static str, rows: impl Iterator<Item = T> + Send + 'a) -> Step<'a> {
    let mut rows = rows.fuse();
    let texts = std::iter::from_fn(move || {
        let mut text = String::from("[");
        while text.len() < STATEMENT_SIZE
            && let Some(row) = rows.next()
        {
            text.push_str(if text.len() > 1 { "," } else { "" });
            text.push_str(&rows::json(&row));
        }
        text.push(']');
        (text.len() > "[]".len()).then_some(text)
    });
    Step { statement, rows: Box::new(texts) }
}

/// Of what was touched: what the state has of it, and what it has no more.
struct Divided<F, T> {
    found: Vec<F>,
    gone: Vec<T>,
}

fn divide<'a, T, F>(touched: impl IntoIterator<Item = &'a T>, find: impl Fn(&'a T) -> Option<F>) -> Divided<F, &'a T> {
    let mut divided = Divided { found: Vec::new(), gone: Vec::new() };
    for touched in touched {
        match find(touched) {
            Some(value) => divided.found.push(value),
            None => divided.gone.push(touched),
        }
    }
    divided
}

/// Repository, chart, version.
type Name = (RepositoryPath, String, String);

/// As [`divide`], but looks through each chart once: thousands of versions of one chart may be touched.
fn divide_versions<'a>(
    state: &'a State,
    touched: &'a BTreeSet<Name>,
) -> Divided<(&'a RepositoryPath, &'a Arc<Version>), &'a Name> {
    let mut divided = Divided { found: Vec::new(), gone: Vec::new() };
    let touched: Vec<&Name> = touched.iter().collect();
    for of_chart in touched.chunk_by(|one, other| (&one.0, &one.1) == (&other.0, &other.1)) {
        let (path, name, _) = of_chart[0];
        let chart = state.repository(path).and_then(|repository| repository.chart(name));
        let mut gone: BTreeSet<&str> = of_chart.iter().map(|(_, _, version)| version.as_str()).collect();
        for version in chart.iter().flat_map(|chart| &chart.versions) {
            if gone.remove(version.version.as_str()) {
                divided.found.push((path, version));
            }
        }
        divided.gone.extend(of_chart.iter().filter(|(_, _, version)| gone.contains(version.as_str())));
    }
    divided
}
