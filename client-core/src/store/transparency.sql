-- The directory's transparency log as this device has checked it: every entry, so that an answer of
-- the directory that leaves one out is noticed.
CREATE TABLE directory_log (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    key TEXT NOT NULL,                   -- vkey (C2SP signed-note), pinned when it was first seen
    edge BLOB NOT NULL,                  -- right edge of the tree over all entries
    head BLOB NOT NULL,                  -- newest signed head; empty before the first
    directory_key BLOB NOT NULL,         -- 32 bytes; hides handles in the log
    conflict TEXT NOT NULL,              -- why the directory is not trusted any more; empty if it is
    watched INTEGER NOT NULL             -- entries in which changes of known people were looked for
) STRICT;

CREATE TABLE directory_leaf (
    number INTEGER PRIMARY KEY,          -- place in the log, from 0
    handle_index BLOB NOT NULL,          -- 16 bytes
    leaf_commitment BLOB NOT NULL        -- 32 bytes
) STRICT;

CREATE INDEX directory_leaf_by_index ON directory_leaf (handle_index, number);

-- Heads that were checked, those that others said they had seen, and what contradicts them.
CREATE TABLE directory_head (
    size INTEGER NOT NULL,
    root BLOB NOT NULL,                  -- 32 bytes
    source TEXT NOT NULL,                -- handle of whoever said so; empty: checked here; relay: contradicts that
    signed BLOB NOT NULL,                -- the signed head, where there is one
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (size, root, source)
) STRICT, WITHOUT ROWID;
