-- Updates of the desktop app that the operator offered. Their provenance lies in `statements`, under the same
-- number.

CREATE TABLE updates (
    -- The kind of machine, as Rust names it.
    target    TEXT    NOT NULL,
    version   TEXT    NOT NULL,
    -- Place of the provenance in the audit log.
    number    INTEGER NOT NULL UNIQUE,
    -- Of the package, which may be gone: then nothing is offered.
    sha256    BLOB    NOT NULL CHECK (length(sha256) = 32),
    size      INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL DEFAULT 0 CHECK (withdrawn IN (0, 1)),
    PRIMARY KEY (target, version)
) STRICT, WITHOUT ROWID;
