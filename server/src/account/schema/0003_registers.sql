-- Registers that the operator keeps: incidents and requests about data, with their clocks. Times are
-- milliseconds since the Unix epoch; 0 for what has not happened.

CREATE TABLE incidents (
    number   INTEGER NOT NULL PRIMARY KEY,
    noticed  INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    -- People; -1 while nobody knows.
    affected INTEGER NOT NULL,
    -- Whose clocks run, as JSON.
    rules    TEXT    NOT NULL,
    -- The commitment in the entry that opened it.
    subject  BLOB    NOT NULL CHECK (length(subject) = 32),
    closed   INTEGER NOT NULL
) STRICT;

CREATE TABLE incident_steps (
    number   INTEGER NOT NULL PRIMARY KEY,
    incident INTEGER NOT NULL REFERENCES incidents (number),
    at       INTEGER NOT NULL,
    -- note, measure, or the clock whose notice was given.
    step     TEXT    NOT NULL,
    text     TEXT    NOT NULL
) STRICT;

CREATE INDEX incident_steps_by_incident ON incident_steps (incident);

CREATE TABLE requests (
    number    INTEGER NOT NULL PRIMARY KEY,
    -- 0 if it is not about an account here, or the account was erased.
    account   INTEGER NOT NULL,
    -- By which the operator finds it in other papers.
    reference TEXT    NOT NULL,
    asked     TEXT    NOT NULL,
    law       TEXT    NOT NULL,
    received  INTEGER NOT NULL,
    extended  INTEGER NOT NULL,
    answered  INTEGER NOT NULL,
    -- Empty while it is open.
    outcome   TEXT    NOT NULL,
    -- Place of the statement that ended it in the audit log; -1 while there is none.
    statement INTEGER NOT NULL,
    subject   BLOB    NOT NULL CHECK (length(subject) = 32)
) STRICT;

CREATE INDEX requests_by_account ON requests (account);
