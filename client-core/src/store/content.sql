-- What people say beyond plain lines. Message ids are MIMI's (32 bytes); `uid` names a line in the
-- API. `place` orders what was said alike at all members: epoch and number in the lane.

ALTER TABLE message ADD COLUMN uid BLOB NOT NULL DEFAULT x'';              -- 16 bytes
ALTER TABLE message ADD COLUMN message_id BLOB NOT NULL DEFAULT x'';       -- empty while pending
ALTER TABLE message ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN reply_to BLOB NOT NULL DEFAULT x'';         -- message id
ALTER TABLE message ADD COLUMN thread BLOB NOT NULL DEFAULT x'';           -- message id of its first
ALTER TABLE message ADD COLUMN edited_place INTEGER NOT NULL DEFAULT 0;    -- of the text now shown
ALTER TABLE message ADD COLUMN edited_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN deleted_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN deleted_by TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;            -- to be acknowledged
ALTER TABLE message ADD COLUMN mentions BLOB NOT NULL DEFAULT x'';         -- account keys
ALTER TABLE message ADD COLUMN mentions_all INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN mentions_me INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN expire_after_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN expires_at INTEGER NOT NULL DEFAULT 0;
UPDATE message SET uid = salt;
CREATE INDEX message_uid ON message (conversation, uid);
CREATE INDEX message_message_id ON message (conversation, message_id) WHERE message_id <> x'';
CREATE INDEX message_thread ON message (conversation, thread, position) WHERE thread <> x'';
CREATE INDEX message_expires ON message (expires_at) WHERE expires_at > 0;

ALTER TABLE conversation ADD COLUMN read_position INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN mentions_unread INTEGER NOT NULL DEFAULT 0;
-- Places up to which the others were told that messages arrived and were seen, and when.
ALTER TABLE conversation ADD COLUMN told_delivered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN told_read INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversation ADD COLUMN told_at INTEGER NOT NULL DEFAULT 0;
-- Edits, deletions and reactions whose message is not here; 0 spares looking for them.
ALTER TABLE conversation ADD COLUMN strays INTEGER NOT NULL DEFAULT 0;
UPDATE conversation SET read_position = next_position - 1 WHERE unread = 0;

ALTER TABLE outbox ADD COLUMN message_id BLOB NOT NULL DEFAULT x'';        -- empty until encrypted
ALTER TABLE outbox ADD COLUMN not_before INTEGER NOT NULL DEFAULT 0;

-- Texts that a message has had: its first (edit_id = its own id) once there is another.
CREATE TABLE revision (
    conversation BLOB NOT NULL,
    target BLOB NOT NULL,
    edit_id BLOB NOT NULL,
    sender BLOB NOT NULL,
    text TEXT NOT NULL,
    place INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, target, edit_id)
) STRICT, WITHOUT ROWID;

-- What was taken back, kept so that a late message or reaction does not come back.
CREATE TABLE deletion (
    conversation BLOB NOT NULL,
    target BLOB NOT NULL,
    sender BLOB NOT NULL,
    sender_handle TEXT NOT NULL,
    moderator INTEGER NOT NULL,          -- may delete what others wrote
    place INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, target, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE reaction (
    conversation BLOB NOT NULL,
    target BLOB NOT NULL,
    reaction_id BLOB NOT NULL,
    sender BLOB NOT NULL,
    sender_handle TEXT NOT NULL,
    emoji TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (conversation, target, reaction_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reaction_id ON reaction (conversation, reaction_id);

-- How far each account has come, as places in this history.
CREATE TABLE receipt (
    conversation BLOB NOT NULL,
    account BLOB NOT NULL,
    handle TEXT NOT NULL,
    delivered INTEGER NOT NULL,
    read INTEGER NOT NULL,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE acknowledgement (
    conversation BLOB NOT NULL,
    target BLOB NOT NULL,
    account BLOB NOT NULL,
    handle TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    signature BLOB NOT NULL,
    certificate BLOB NOT NULL,
    PRIMARY KEY (conversation, target, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE draft (
    conversation BLOB PRIMARY KEY,
    text TEXT NOT NULL,
    reply_to BLOB NOT NULL,              -- uid, empty for none
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the person has chosen for this device.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
