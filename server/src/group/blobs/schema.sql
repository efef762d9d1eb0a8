-- Blobs: blobs.db, a file of its own, so that no append waits for an upload. Nothing here names
-- an account, a device, a group or an address.

CREATE TABLE blobs (
    id                INTEGER NOT NULL PRIMARY KEY,
    blob              BLOB    NOT NULL UNIQUE CHECK (length(blob) = 16),
    read_token_hash   BLOB    NOT NULL CHECK (length(read_token_hash) = 32),
    delete_token_hash BLOB    NOT NULL CHECK (length(delete_token_hash) = 32),
    -- As the client asked.
    days              INTEGER NOT NULL CHECK (days > 0),
    length            INTEGER NOT NULL CHECK (length > 0),
    -- Bytes that are durable.
    received          INTEGER NOT NULL CHECK (received BETWEEN 0 AND length),
    -- 0 while bytes are missing, 1 when whole in the spool, 2 when in the store.
    state             INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    -- Seconds since the Unix epoch; touched_at is that of the last byte.
    created_at        INTEGER NOT NULL,
    touched_at        INTEGER NOT NULL,
    expires_at        INTEGER NOT NULL
) STRICT;

CREATE INDEX blobs_by_expiry ON blobs (expires_at);

CREATE INDEX blobs_unfinished ON blobs (state, touched_at) WHERE state < 2;
