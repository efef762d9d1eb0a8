-- Times are milliseconds since the Unix epoch unless a name says otherwise.

-- Who this profile is. One row.
CREATE TABLE profile (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    handle TEXT NOT NULL,
    organisation TEXT NOT NULL,
    organisation_key BLOB NOT NULL,      -- OrganisationPublic, empty if the link named none
    organisation_seed BLOB NOT NULL,     -- only where the organisation key was made
    account_key BLOB NOT NULL,           -- AccountPublic
    account_seed BLOB NOT NULL,          -- empty on a device that was not given it
    device BLOB NOT NULL,
    device_seed BLOB NOT NULL,
    inbox_seed BLOB NOT NULL,
    certificate BLOB NOT NULL,
    relay_host TEXT NOT NULL,
    relay_port INTEGER NOT NULL,
    relay_pin BLOB NOT NULL,             -- SHA-256 of its certificate, empty for the web PKI
    enrolment TEXT NOT NULL,             -- request that has not been answered yet, JSON; else empty
    inbox_cursor INTEGER NOT NULL
) STRICT;

-- Accounts seen in the directory: trusted on first use.
CREATE TABLE contact (
    handle TEXT PRIMARY KEY,
    account_key BLOB NOT NULL,
    first_seen_at INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    changed_key BLOB NOT NULL            -- what the directory shows now if it differs; else empty
) STRICT;

-- Secrets of invitations made here, to check that an enrolment is genuine.
CREATE TABLE invitation (
    id INTEGER PRIMARY KEY,              -- the relay's number
    secret BLOB NOT NULL,
    expires_at_s INTEGER NOT NULL
) STRICT;

-- Device links handed out by this device.
CREATE TABLE device_link (
    secret BLOB PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT;

-- What people see.
CREATE TABLE conversation (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    log BLOB NOT NULL UNIQUE,            -- the group that carries it now
    next_position INTEGER NOT NULL,
    unread INTEGER NOT NULL,
    newest_at INTEGER NOT NULL
) STRICT;

-- Where this device stands in a group's log, and what its MLS state must look like.
CREATE TABLE log (
    id BLOB PRIMARY KEY,
    conversation BLOB NOT NULL REFERENCES conversation (id),
    state TEXT NOT NULL,                 -- creating, active, removed, halted, rejoining
    reason TEXT NOT NULL,
    incarnation BLOB NOT NULL,           -- empty until the relay first answers
    lane BLOB NOT NULL,
    pass BLOB NOT NULL,
    cursor INTEGER NOT NULL,
    head BLOB NOT NULL,                  -- newest commit in the lane, empty if none
    running_hash BLOB NOT NULL,
    leaf_due_at INTEGER NOT NULL,        -- when to update the own leaf; while rejoining, to ask again
    certificate BLOB NOT NULL,           -- certificate on the own leaf
    policy BLOB NOT NULL,                -- GroupPolicy of the present epoch
    generation INTEGER NOT NULL,         -- one more with every step
    epoch INTEGER NOT NULL,
    tree_hash BLOB NOT NULL,
    confirmation_tag BLOB NOT NULL,
    epoch_authenticator BLOB NOT NULL
) STRICT;

-- Devices on the leaves of each group.
CREATE TABLE member (
    log BLOB NOT NULL,
    device BLOB NOT NULL,
    certificate BLOB NOT NULL,
    seated_at INTEGER NOT NULL,          -- when it last got a leaf, by the relay's clock; 0 if unknown
    PRIMARY KEY (log, device)
) STRICT, WITHOUT ROWID;

-- Running hashes of the present lane, to compare with what senders saw.
CREATE TABLE lane_hash (
    log BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (log, seq)
) STRICT, WITHOUT ROWID;

-- History.
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    conversation BLOB NOT NULL REFERENCES conversation (id),
    salt BLOB NOT NULL,                  -- the sender's name for it, 16 bytes
    sender BLOB NOT NULL,                -- AccountPublic; empty for info lines
    sender_handle TEXT NOT NULL,
    own INTEGER NOT NULL,
    kind TEXT NOT NULL,                  -- text, info, unknown
    text TEXT NOT NULL,
    content BLOB NOT NULL,               -- of unknown kinds, kept for newer versions
    position INTEGER NOT NULL,           -- 0 while pending
    at_ms INTEGER NOT NULL,
    delivery TEXT NOT NULL,              -- pending, sent, failed, received
    UNIQUE (conversation, sender, salt)
) STRICT;
CREATE INDEX message_position ON message (conversation, position);

-- What is to be sent, in order, until it was read back.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log BLOB NOT NULL,
    message INTEGER NOT NULL,            -- message.id; 0 for signals
    salt BLOB NOT NULL,
    signal TEXT NOT NULL,                -- empty for text
    entry_id BLOB NOT NULL,              -- empty until encrypted
    payload BLOB NOT NULL                -- empty until encrypted
) STRICT;
CREATE INDEX outbox_log ON outbox (log, id);

-- What the person wants of a group, until it is so.
CREATE TABLE intent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log BLOB NOT NULL,
    wish TEXT NOT NULL,                  -- JSON
    prepared TEXT NOT NULL,              -- JSON: key packages fetched for it; empty if none yet
    state TEXT NOT NULL,                 -- waiting, done, failed
    failure TEXT NOT NULL,               -- JSON of code, message, hint
    not_before INTEGER NOT NULL
) STRICT;
CREATE INDEX intent_log ON intent (log, state, id);

-- The commit this device has in flight in a group.
CREATE TABLE pending_commit (
    log BLOB PRIMARY KEY,
    intent INTEGER NOT NULL,
    entry_id BLOB NOT NULL,
    next BLOB NOT NULL,
    payload BLOB NOT NULL,
    welcome BLOB NOT NULL,               -- WelcomeBlob, empty if nobody is added
    joiners TEXT NOT NULL                -- JSON
) STRICT;

-- Blobs and envelopes to post, in order.
CREATE TABLE posting (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at INTEGER NOT NULL,
    refusals INTEGER NOT NULL,           -- by a full inbox
    device BLOB NOT NULL,                -- of an envelope; empty for a blob
    blob BLOB NOT NULL,                  -- id of a blob; empty for an envelope
    read_token_hash BLOB NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Key packages made here.
CREATE TABLE key_package (
    hash_ref BLOB PRIMARY KEY,
    body BLOB NOT NULL,
    last_resort INTEGER NOT NULL,
    uploaded INTEGER NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

-- Entries that were refused, without their content.
CREATE TABLE quarantine (
    log BLOB NOT NULL,
    lane BLOB NOT NULL,
    seq INTEGER NOT NULL,
    entry_id BLOB NOT NULL,
    payload_hash BLOB NOT NULL,
    reason TEXT NOT NULL,
    may_split INTEGER NOT NULL,          -- a commit that other members may have accepted
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (log, lane, seq)
) STRICT, WITHOUT ROWID;

-- Signs that members were shown different logs.
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    log BLOB NOT NULL,
    lane BLOB NOT NULL,
    seq INTEGER NOT NULL,
    own_hash BLOB NOT NULL,
    their_hash BLOB NOT NULL,
    sender_handle TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
