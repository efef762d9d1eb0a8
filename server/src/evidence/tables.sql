-- The transparency logs, in account.db, so that what is logged commits with what happened. Here they
-- are called trees: a log is a thing of the group plane.

CREATE TABLE trees (
    -- 1 is `directory`, 2 is `audit`.
    tree       INTEGER NOT NULL PRIMARY KEY CHECK (tree IN (1, 2)),
    -- Name of the log and of its key.
    origin     TEXT    NOT NULL UNIQUE,
    -- The right edge of the tree: its size, and the roots of its complete subtrees.
    edge       BLOB    NOT NULL,
    -- The newest head that is served, a signed note; empty before the first.
    checkpoint BLOB    NOT NULL
) STRICT;

CREATE TABLE tree_tiles (
    tree   INTEGER NOT NULL REFERENCES trees (tree),
    level  INTEGER NOT NULL,
    number INTEGER NOT NULL,
    -- 32 bytes for each of its 1 to 256 hashes.
    hashes BLOB    NOT NULL,
    PRIMARY KEY (tree, level, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tree_bundles (
    tree   INTEGER NOT NULL REFERENCES trees (tree),
    number INTEGER NOT NULL,
    count  INTEGER NOT NULL CHECK (count BETWEEN 1 AND 256),
    -- Each behind its length.
    leaves BLOB    NOT NULL,
    PRIMARY KEY (tree, number)
) STRICT, WITHOUT ROWID;

-- From which the salts of all leaves about one account are made. Without it, what stands in the log
-- about the account can be opened by nobody.
CREATE TABLE tree_subjects (
    -- 0 is the organisation itself.
    account INTEGER NOT NULL PRIMARY KEY,
    key     BLOB    NOT NULL CHECK (length(key) = 32)
) STRICT;

-- What commitments were made of.
CREATE TABLE tree_events (
    tree    INTEGER NOT NULL REFERENCES trees (tree),
    number  INTEGER NOT NULL,
    account INTEGER NOT NULL REFERENCES tree_subjects (account),
    salt_id BLOB    NOT NULL CHECK (length(salt_id) = 16),
    -- Canonical JSON.
    event   TEXT    NOT NULL,
    PRIMARY KEY (tree, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX tree_events_by_account ON tree_events (account, tree, number);

-- Handles whose accounts were erased, by their index in the directory's log, and the leaf that says so.
CREATE TABLE tree_erasures (
    handle_index BLOB    NOT NULL PRIMARY KEY CHECK (length(handle_index) = 16),
    number       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Signed statements whose hashes stand in the audit log.
CREATE TABLE statements (
    number    INTEGER NOT NULL PRIMARY KEY,
    predicate TEXT    NOT NULL,
    -- A DSSE envelope, as JSON.
    signed    BLOB    NOT NULL
) STRICT;

-- Whom the operator lets read the statements.
CREATE TABLE auditors (
    name       TEXT    NOT NULL PRIMARY KEY,
    token_hash BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    -- Seconds since the Unix epoch.
    until      INTEGER NOT NULL
) STRICT;

-- Under which the directory's log hides handles; the newest counts.
CREATE TABLE directory_keys (
    version INTEGER NOT NULL PRIMARY KEY,
    key     BLOB    NOT NULL CHECK (length(key) = 32)
) STRICT;
