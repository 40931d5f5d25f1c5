//! Every SQL statement of this program. A test prepares all of them against the schema.
//!
//! Rows go in and out of existence by the thousand: a statement takes them as one JSON text, an array of arrays, because
//! every awaited statement costs a trip to the connection's thread.

use super::packed::packed;

macro_rules! statements {
    ($($(#[$attribute:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$attribute])* pub(super) const $name: &str = $sql;)*

        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

statements! {
    STORAGE = "SELECT storage FROM meta";
    READ_META = "SELECT storage, sequence, entry, at, level, adopted, fingerprint FROM meta";
    WRITE_META = "INSERT OR REPLACE INTO meta (one, storage, sequence, entry, at, level, adopted, fingerprint) \
        VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, coalesce(?7, (SELECT fingerprint FROM meta), ''))";
    FORGET_FINGERPRINT = "UPDATE meta SET fingerprint = ''";

    READ_REPOSITORIES = "SELECT path, changed FROM repositories";
    WRITE_REPOSITORIES = "INSERT OR REPLACE INTO repositories (path, changed) \
        SELECT value ->> 0, value ->> 1 FROM json_each(?)";
    DELETE_REPOSITORIES = "DELETE FROM repositories WHERE path IN (SELECT value FROM json_each(?))";
    CLEAR_REPOSITORIES = "DELETE FROM repositories";

    LAST_VERSION_ROW = "SELECT coalesce(max(rowid), 0) FROM versions";
    READ_VERSIONS = packed!("versions": "repository", "name", "version", "file", "key", "digest", "size", "created",
        "metadata", "replaced", "config", "manifest", "manifest_size", "made");
    WRITE_VERSIONS = "INSERT OR REPLACE INTO versions \
        (repository, name, version, file, key, digest, size, created, metadata, replaced, config, manifest, \
        manifest_size, made) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> '$[4][0]', unhex(value ->> '$[4][1]'), \
        value ->> '$[4][2]', value ->> 5, value ->> 6, value ->> 7, unhex(value ->> 8), unhex(value ->> '$[9][0]'), \
        value ->> '$[9][1]', value ->> 10 FROM json_each(?)";
    DELETE_VERSIONS = "DELETE FROM versions WHERE (repository, name, version) IN \
        (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))";
    CLEAR_VERSIONS = "DELETE FROM versions";

    LAST_FILE_ROW = "SELECT coalesce(max(rowid), 0) FROM files";
    READ_FILES = packed!("files": "repository", "file", "body");
    WRITE_FILES = "INSERT OR REPLACE INTO files (repository, file, body) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
    DELETE_FILES = "DELETE FROM files WHERE (repository, file) IN \
        (SELECT value ->> 0, value ->> 1 FROM json_each(?))";
    CLEAR_FILES = "DELETE FROM files";

    READ_TRASH = "SELECT repository, body FROM trash";
    WRITE_TRASH = "INSERT OR REPLACE INTO trash (repository, file, removed_at, body) \
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)";
    DELETE_TRASH = "DELETE FROM trash WHERE (repository, file, removed_at) IN \
        (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?))";
    CLEAR_TRASH = "DELETE FROM trash";

    READ_OBJECTS = "SELECT key, unreferenced, discarded FROM objects";
    WRITE_OBJECTS = "INSERT OR REPLACE INTO objects (key, unreferenced, discarded) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
    DELETE_OBJECTS = "DELETE FROM objects WHERE key IN (SELECT value FROM json_each(?))";
    CLEAR_OBJECTS = "DELETE FROM objects";

    READ_CONTENTS = "SELECT digest, key, size FROM contents";
    WRITE_CONTENTS = "INSERT OR REPLACE INTO contents (digest, key, size) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
    DELETE_CONTENTS = "DELETE FROM contents WHERE digest IN (SELECT value FROM json_each(?))";
    CLEAR_CONTENTS = "DELETE FROM contents";

    READ_BLOBS = "SELECT name, digest, since FROM blobs";
    WRITE_BLOBS = "INSERT OR REPLACE INTO blobs (name, digest, since) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
    DELETE_BLOBS = "DELETE FROM blobs WHERE (name, digest) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))";
    CLEAR_BLOBS = "DELETE FROM blobs";

    READ_MANIFESTS = "SELECT name, digest, body FROM manifests";
    WRITE_MANIFESTS = "INSERT OR REPLACE INTO manifests (name, digest, body) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
    DELETE_MANIFESTS = "DELETE FROM manifests WHERE (name, digest) IN \
        (SELECT value ->> 0, value ->> 1 FROM json_each(?))";
    CLEAR_MANIFESTS = "DELETE FROM manifests";

    READ_TAGS = "SELECT name, tag, digest FROM tags";
    WRITE_TAGS = "INSERT OR REPLACE INTO tags (name, tag, digest) \
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)";
    DELETE_TAGS = "DELETE FROM tags WHERE (name, tag) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))";
    CLEAR_TAGS = "DELETE FROM tags";

    READ_PAGES = "SELECT repository, region, body FROM pages ORDER BY repository, region, ordinal";
    WRITE_PAGE = "INSERT INTO pages (repository, region, ordinal, body) VALUES (?, ?, ?, ?)";
    DELETE_PAGES = "DELETE FROM pages WHERE (repository, region) IN \
        (SELECT value ->> 0, value ->> 1 FROM json_each(?))";
    CLEAR_PAGES = "DELETE FROM pages";
}
