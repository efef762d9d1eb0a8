-- What this device alone remembers of a conversation.
CREATE TABLE conversation_setting (
    conversation BLOB PRIMARY KEY,
    muted_until INTEGER NOT NULL,        -- 0 if not muted
    pinned INTEGER NOT NULL,             -- place among the pinned, from 1; 0 if not pinned
    archived INTEGER NOT NULL,
    marked_unread INTEGER NOT NULL,      -- by the person
    folder TEXT NOT NULL,                -- empty if none
    invited_by TEXT NOT NULL             -- handle of who added this account; empty if unknown
) STRICT, WITHOUT ROWID;

-- What this device alone remembers of a person.
CREATE TABLE contact_setting (
    handle TEXT PRIMARY KEY,
    nickname TEXT NOT NULL,              -- empty if none
    blocked_at INTEGER NOT NULL          -- 0 if not blocked
) STRICT, WITHOUT ROWID;

-- Links to conversations, made by this device.
CREATE TABLE chat_link (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation BLOB NOT NULL,
    secret BLOB NOT NULL UNIQUE,
    role TEXT NOT NULL,                  -- of those who are admitted
    expires_at INTEGER NOT NULL,
    max_uses INTEGER NOT NULL,
    uses INTEGER NOT NULL,               -- people who asked by it
    withdrawn INTEGER NOT NULL
) STRICT;

-- Who asked by a link.
CREATE TABLE join_request (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    link INTEGER NOT NULL REFERENCES chat_link (id),
    handle TEXT NOT NULL,
    certificate BLOB NOT NULL,           -- of the device that asked
    key_package BLOB NOT NULL,           -- empty once decided
    asked_at INTEGER NOT NULL,
    state TEXT NOT NULL,                 -- pending, admitted, refused
    UNIQUE (link, handle)
) STRICT;
