-- Conversations that a legal hold of the organisation's policy keeps, and the names of those holds.
-- A conversation stays in here when the person leaves it.

CREATE TABLE held (
    conversation BLOB NOT NULL,
    hold TEXT NOT NULL,
    PRIMARY KEY (conversation, hold)
) STRICT, WITHOUT ROWID;
