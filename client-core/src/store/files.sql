-- Files that messages carry. The sealed bytes are in the profile's folder, named after their hash.
CREATE TABLE attachment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,              -- within the message, from 0
    blob BLOB NOT NULL,                  -- where the relay has it
    read_token BLOB NOT NULL,
    delete_token BLOB NOT NULL,          -- empty unless uploaded by this device
    key BLOB NOT NULL,                   -- opens the sealed bytes; without it they are noise
    sealed_hash BLOB NOT NULL,           -- SHA-256 of the sealed bytes
    size INTEGER NOT NULL,               -- of the content
    expires_s INTEGER NOT NULL,          -- until the relay has it, seconds
    media_type TEXT NOT NULL,
    name TEXT NOT NULL,                  -- made safe
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    blurhash TEXT NOT NULL,
    thumbnail BLOB NOT NULL,
    UNIQUE (message, place)
) STRICT;
CREATE INDEX attachment_sealed ON attachment (sealed_hash);

-- Transfers that are not done.
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    attachment INTEGER NOT NULL UNIQUE REFERENCES attachment (id) ON DELETE CASCADE,
    upload INTEGER NOT NULL,             -- 1 to the relay, 0 from it
    state TEXT NOT NULL,                 -- waiting, failed, cancelled (to be removed at the relay)
    bytes INTEGER NOT NULL,              -- as last known; relay and disk know better
    tries INTEGER NOT NULL,              -- since it last came further
    due_at INTEGER NOT NULL,             -- when to try again
    code TEXT NOT NULL,                  -- of the newest error; empty if none
    reason TEXT NOT NULL                 -- the same in words
) STRICT;
