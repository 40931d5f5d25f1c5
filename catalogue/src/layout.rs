//! Every key that this crate uses.
//!
//! Packages lie where ChartMuseum puts them; everything else lies below `.chandlery/`, which no repository can name.

use chart::Digest;
use storage::{Key, KeyError, Prefix};
use uuid::Uuid;

use crate::RepositoryPath;

/// Begins every key that is not a package's own place.
pub const OWN_FOLDER: &str = ".chandlery";
/// The provenance of a package lies beside it under its name with this at the end.
pub const PROVENANCE_SUFFIX: &str = ".prov";
/// What a package's file name ends in.
pub const PACKAGE_SUFFIX: &str = ".tgz";

/// Ours by construction: fixed text, digits, hexadecimal.
fn own(text: String) -> Key {
    Key::new(text).expect("a key made of fixed text, digits and uuids is a key")
}

/// `{"format":1,"id":"<uuid>"}`, created once.
pub fn format() -> Key {
    own(format!("{OWN_FOLDER}/format.json"))
}

/// Where a package of the program's own seems to be. Nothing is ever stored there.
pub fn embedded(file: &str) -> Result<Key, KeyError> {
    Key::new(format!("{OWN_FOLDER}/embedded/{file}"))
}

/// What says of a storage that it is a copy of another one, and whether it is whole.
pub fn backup() -> Key {
    own(format!("{OWN_FOLDER}/backup.json"))
}

/// One entry of the journal. Twenty digits hold every `u64`, so byte order is the order of sequences.
pub fn journal(sequence: u64) -> Key {
    own(format!("{OWN_FOLDER}/journal/{sequence:020}.json"))
}

/// The folder of the journal.
pub fn journal_folder() -> Prefix {
    prefix(format!("{OWN_FOLDER}/journal/"))
}

/// The sequence of a journal key.
pub fn journal_sequence(key: &Key) -> Option<u64> {
    key.file_name().strip_suffix(".json")?.parse().ok()
}

/// The journal up to a sequence, compacted.
pub fn snapshot(sequence: u64) -> Key {
    own(format!("{OWN_FOLDER}/snapshots/{sequence:020}.ndjson.zst"))
}

/// The folder of the snapshots.
pub fn snapshot_folder() -> Prefix {
    prefix(format!("{OWN_FOLDER}/snapshots/"))
}

/// The sequence of a snapshot's key.
pub fn snapshot_sequence(key: &Key) -> Option<u64> {
    key.file_name().strip_suffix(".ndjson.zst")?.parse().ok()
}

/// A place that was never used before and never will be again, for a package that cannot have its own place.
pub fn fresh_object(id: Uuid, file: &str) -> Result<Key, KeyError> {
    let id = id.simple().to_string();
    Key::new(format!("{OWN_FOLDER}/objects/{}/{id}/{file}", &id[..2]))
}

/// A place that was never used before and never will be again, for content of the registry.
pub fn fresh_content(id: Uuid) -> Key {
    let id = id.simple().to_string();
    own(format!("{OWN_FOLDER}/objects/{}/{id}", &id[..2]))
}

/// The folder of all fresh places.
pub fn objects_folder() -> Prefix {
    prefix(format!("{OWN_FOLDER}/objects/"))
}

/// The folder of unfinished uploads of blobs.
pub fn uploads_folder() -> Prefix {
    prefix(format!("{OWN_FOLDER}/uploads/"))
}

/// The folder of one unfinished upload.
pub fn session_folder(id: Uuid) -> Prefix {
    prefix(format!("{OWN_FOLDER}/uploads/{}/", id.simple()))
}

/// What an unfinished upload is for. It is open while this exists.
pub fn session(id: Uuid) -> Key {
    own(format!("{OWN_FOLDER}/uploads/{}/session.json", id.simple()))
}

/// Written again and again while bytes of an unfinished upload arrive.
pub fn session_pulse(id: Uuid) -> Key {
    own(format!("{OWN_FOLDER}/uploads/{}/pulse.json", id.simple()))
}

/// What became of an unfinished upload, written once by whoever ends it.
pub fn session_end(id: Uuid) -> Key {
    own(format!("{OWN_FOLDER}/uploads/{}/end.json", id.simple()))
}

/// Says where the bytes of an unfinished upload from an offset on are.
pub fn session_record(id: Uuid, offset: u64) -> Key {
    own(format!("{OWN_FOLDER}/uploads/{}/records/{offset:020}.json", id.simple()))
}

/// Bytes of an unfinished upload.
pub fn session_part(id: Uuid, part: Uuid) -> Key {
    own(format!("{OWN_FOLDER}/uploads/{}/parts/{}", id.simple(), part.simple()))
}

/// The upload that a key or folder below [`uploads_folder`] belongs to.
pub fn session_id(key: &str) -> Option<Uuid> {
    key.split('/').nth(2)?.parse().ok()
}

/// Where a removed package waits; `removed_at` is the sequence of its removal.
pub fn trash(removed_at: u64, repository: &RepositoryPath, file: &str) -> Result<Key, KeyError> {
    Key::new(format!("{OWN_FOLDER}/trash/{removed_at:020}/{}", relative(repository, file)))
}

/// The folder of the trash.
pub fn trash_folder() -> Prefix {
    prefix(format!("{OWN_FOLDER}/trash/"))
}

/// The sequence of the removal that a key in the trash belongs to.
pub fn trash_sequence(key: &Key) -> Option<u64> {
    key.segments().nth(2)?.parse().ok()
}

/// Written again and again to learn the storage's own time.
pub fn clock() -> Key {
    own(format!("{OWN_FOLDER}/clock.json"))
}

/// What a hand-back put into flat places, until a replica serves the storage again.
pub fn handed_back() -> Key {
    own(format!("{OWN_FOLDER}/handed-back.json"))
}

/// Where a file waits that had to leave a flat place; its content names it.
pub fn displaced(digest: &Digest, file: &str) -> Result<Key, KeyError> {
    Key::new(format!("{OWN_FOLDER}/displaced/{digest}/{file}"))
}

/// A package's own place, ChartMuseum's.
pub fn flat(repository: &RepositoryPath, file: &str) -> Result<Key, KeyError> {
    Key::new(relative(repository, file))
}

/// The file name of an index.
pub const INDEX: &str = "index.yaml";

/// The index of a repository, if it is kept beside the packages.
pub fn index(repository: &RepositoryPath) -> Result<Key, KeyError> {
    flat(repository, INDEX)
}

/// A provenance's own place, ChartMuseum's.
pub fn flat_provenance(repository: &RepositoryPath, file: &str) -> Result<Key, KeyError> {
    Key::new(relative(repository, &format!("{file}{PROVENANCE_SUFFIX}")))
}

/// Where the packages of a repository lie.
pub fn repository_folder(repository: &RepositoryPath) -> Prefix {
    prefix(if repository.is_root() { String::new() } else { format!("{repository}/") })
}

/// True if the key is a fresh place.
pub fn is_object(key: &Key) -> bool {
    key.as_str().starts_with(objects_folder().as_str())
}

/// True if the key lies outside our own folder, where people and ChartMuseum write too.
pub fn is_flat(key: &Key) -> bool {
    key.segments().next() != Some(OWN_FOLDER)
}

fn relative(repository: &RepositoryPath, file: &str) -> String {
    if repository.is_root() { file.to_owned() } else { format!("{repository}/{file}") }
}

fn prefix(text: String) -> Prefix {
    Prefix::new(text).expect("a prefix made of fixed text and a repository's path is a prefix")
}
