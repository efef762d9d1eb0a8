-- The group plane: groups.db. Nothing here names an account, a device or an address.

CREATE TABLE relay (
    id          INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- Renewed by any restore.
    incarnation BLOB    NOT NULL CHECK (length(incarnation) = 16)
) STRICT;

CREATE TABLE logs (
    id             INTEGER NOT NULL PRIMARY KEY,
    log            BLOB    NOT NULL UNIQUE CHECK (length(log) = 32),
    first_lane     BLOB    NOT NULL CHECK (length(first_lane) = 32),
    retention_days INTEGER NOT NULL CHECK (retention_days BETWEEN 1 AND 30),
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE lanes (
    id         INTEGER NOT NULL PRIMARY KEY,
    log_id     INTEGER NOT NULL REFERENCES logs (id),
    lane       BLOB    NOT NULL CHECK (length(lane) = 32),
    -- The lane whose commit opened this one, and that commit; 0 and empty for a log's first.
    parent     INTEGER NOT NULL,
    opened_by  BLOB    NOT NULL,
    -- Entries up to this seq were pruned.
    floor      INTEGER NOT NULL,
    newest     INTEGER NOT NULL,
    -- entry_id of the newest commit; empty if none.
    head       BLOB    NOT NULL,
    -- Milliseconds since the Unix epoch of the newest entry, or of the lane's making.
    touched_at INTEGER NOT NULL,
    UNIQUE (lane, log_id)
) STRICT;

CREATE INDEX lanes_by_parent ON lanes (parent);

CREATE TABLE entries (
    -- In order of arrival, so that the tree of payloads grows at its end only: keyed by lane it
    -- would split pages in its middle, and leave them half empty.
    id          INTEGER NOT NULL PRIMARY KEY,
    lane_id     INTEGER NOT NULL REFERENCES lanes (id),
    seq         INTEGER NOT NULL,
    log_id      INTEGER NOT NULL REFERENCES logs (id),
    entry_id    BLOB    NOT NULL,
    kind        INTEGER NOT NULL CHECK (kind IN (1, 2)),
    received_at INTEGER NOT NULL,
    -- The child lane of a commit; empty otherwise.
    next        BLOB    NOT NULL,
    payload     BLOB    NOT NULL
) STRICT;

CREATE UNIQUE INDEX entries_by_lane ON entries (lane_id, seq);

CREATE UNIQUE INDEX entries_by_entry_id ON entries (log_id, entry_id);
