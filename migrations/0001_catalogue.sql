-- What one replica knows of one storage, so that it need not read a snapshot and render every page at its next start.
-- Nothing here is the truth: the file may be removed at any time. Times are RFC 3339 with nanoseconds, as in the journal.

-- How far the journal has been applied. One row, or none before the first state was recorded.
CREATE TABLE meta (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    storage     TEXT    NOT NULL, -- the id of the storage
    sequence    INTEGER NOT NULL, -- the last entry applied
    entry       TEXT    NOT NULL, -- its id
    at          TEXT    NOT NULL, -- its time
    level       INTEGER NOT NULL, -- the journal level in force
    adopted     INTEGER NOT NULL, -- everything that lay in the storage at first is in the catalogue
    fingerprint TEXT    NOT NULL  -- what rendered all pages; empty if they are not complete
) STRICT;

CREATE TABLE repositories (
    path    TEXT PRIMARY KEY,
    changed TEXT NOT NULL -- when its index changed last
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    repository TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    file       TEXT    NOT NULL,
    key        TEXT    NOT NULL, -- the object that holds its bytes
    digest     BLOB    NOT NULL, -- their SHA-256
    size       INTEGER NOT NULL, -- their length
    created    TEXT    NOT NULL,
    metadata   TEXT    NOT NULL, -- canonical JSON, kept byte by byte
    replaced   INTEGER NOT NULL, -- it has had other bytes before
    PRIMARY KEY (repository, name, version)
) STRICT;

-- What is known of each package file name, for ever.
CREATE TABLE files (
    repository TEXT NOT NULL,
    file       TEXT NOT NULL,
    body       TEXT NOT NULL, -- JSON of FileFacts
    PRIMARY KEY (repository, file)
) STRICT;

CREATE TABLE trash (
    repository TEXT    NOT NULL,
    file       TEXT    NOT NULL,
    removed_at INTEGER NOT NULL, -- the sequence of the removal
    body       TEXT    NOT NULL, -- JSON of Trashed
    PRIMARY KEY (repository, file, removed_at)
) STRICT;

-- Objects on their way out.
CREATE TABLE objects (
    key          TEXT PRIMARY KEY,
    unreferenced TEXT, -- since when nothing refers to it
    discarded    TEXT  -- since when no change may name it
) STRICT, WITHOUT ROWID;

-- Rendered index pages, in their stored form.
CREATE TABLE pages (
    repository TEXT    NOT NULL,
    region     TEXT    NOT NULL, -- pages are replaced by whole regions
    ordinal    INTEGER NOT NULL, -- order within the region
    body       BLOB    NOT NULL,
    PRIMARY KEY (repository, region, ordinal)
) STRICT;
