-- What is kept no longer, and the proofs of what was removed. A reaction to a message that is not
-- here goes by its own time; 0 in those from before this was noted.

ALTER TABLE reaction ADD COLUMN at_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX message_at ON message (conversation, at_ms) WHERE position > 0;

-- The organisation's policy, as signed. One row, once there is one.
CREATE TABLE organisation_policy (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    signed BLOB NOT NULL
) STRICT;

-- What this device removed, signed by it; for 400 days.
CREATE TABLE removal_receipt (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_s INTEGER NOT NULL,
    signed BLOB NOT NULL,
    certificate BLOB NOT NULL            -- of this device when it signed
) STRICT;
