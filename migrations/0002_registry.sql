-- The registry: the manifests made of versions, and what clients pushed. What the file held before lacks the former, so
-- it counts as holding nothing: the next start takes a snapshot and writes everything anew.
DELETE FROM meta;

ALTER TABLE versions ADD COLUMN config BLOB;          -- SHA-256 of the metadata
ALTER TABLE versions ADD COLUMN manifest BLOB;        -- SHA-256 of the manifest made of it; null if that was deleted
ALTER TABLE versions ADD COLUMN manifest_size INTEGER;
ALTER TABLE versions ADD COLUMN made TEXT;            -- JSON of Made, if there is more to it than that

-- Content that blobs and pushed manifests are, each once.
CREATE TABLE contents (
    digest TEXT    PRIMARY KEY, -- with its algorithm
    key    TEXT    NOT NULL, -- the object that holds it
    size   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE blobs (
    name   TEXT NOT NULL, -- of the registry
    digest TEXT NOT NULL,
    since  TEXT NOT NULL, -- it was said to be there, or last lost a manifest that needs it
    PRIMARY KEY (name, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE manifests (
    name   TEXT NOT NULL,
    digest TEXT NOT NULL,
    body   TEXT NOT NULL, -- JSON of PushedManifest
    PRIMARY KEY (name, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    name   TEXT NOT NULL,
    tag    TEXT NOT NULL,
    digest TEXT NOT NULL, -- of the manifest that it stands for
    PRIMARY KEY (name, tag)
) STRICT, WITHOUT ROWID;
