-- What a records custodian has read and not yet handed to its archive.
CREATE TABLE journal (
    -- Grows, and is never used again.
    number  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- JSON: the record without what the archive gives it.
    record  BLOB    NOT NULL,
    -- The whole content where files hang on it, with what opens them; else empty.
    content BLOB    NOT NULL
) STRICT;

-- The archive that this profile writes.
CREATE TABLE archive (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- Ed25519 seed that signs its log.
    key  BLOB    NOT NULL CHECK (length(key) = 32),
    -- Records in it at least.
    size INTEGER NOT NULL
) STRICT;
