-- The account plane: account.db. Nothing here names a group.

CREATE TABLE organisation (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    name TEXT    NOT NULL,
    -- Empty until the owner has set it.
    key  BLOB    NOT NULL CHECK (length(key) IN (0, 32))
) STRICT;

CREATE TABLE accounts (
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    handle      TEXT    NOT NULL UNIQUE,
    account_key BLOB    NOT NULL CHECK (length(account_key) = 32),
    role        TEXT    NOT NULL,
    suspended   INTEGER NOT NULL CHECK (suspended IN (0, 1)),
    enrolled_at INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    number      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    device      BLOB    NOT NULL UNIQUE CHECK (length(device) = 16),
    account_id  INTEGER NOT NULL REFERENCES accounts (id),
    certificate BLOB    NOT NULL,
    -- When and by which signature it was revoked; 0 and empty if it was not.
    revoked_at  INTEGER NOT NULL,
    revocation  BLOB    NOT NULL
) STRICT;

CREATE INDEX devices_by_account ON devices (account_id);

CREATE TABLE invitations (
    id         INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    code_hash  BLOB    NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    role       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Made by the relay itself for its owner.
    for_owner  INTEGER NOT NULL CHECK (for_owner IN (0, 1)),
    -- Empty until it is used.
    used_by    TEXT    NOT NULL,
    -- The MAC of the enrolment, for the inviter; empty if there was none.
    mac        BLOB    NOT NULL,
    -- SHA-256 of the certificate enrolled, so that the same enrolment can be repeated.
    enrolled   BLOB    NOT NULL
) STRICT;

CREATE TABLE key_packages (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    device BLOB    NOT NULL,
    hash   BLOB    NOT NULL,
    bytes  BLOB    NOT NULL,
    UNIQUE (device, hash)
) STRICT;

CREATE TABLE key_package_state (
    device           BLOB    NOT NULL PRIMARY KEY,
    -- Empty if there is none.
    last_resort      BLOB    NOT NULL,
    last_resort_used INTEGER NOT NULL CHECK (last_resort_used IN (0, 1)),
    -- One-time key packages given out in the hour that began at window_started.
    window_started   INTEGER NOT NULL,
    taken            INTEGER NOT NULL
) STRICT;

CREATE TABLE inbox (
    -- Grows, and is never used again.
    id          INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    device      BLOB    NOT NULL,
    hash        BLOB    NOT NULL,
    envelope    BLOB    NOT NULL,
    received_at INTEGER NOT NULL,
    UNIQUE (device, hash)
) STRICT;

CREATE INDEX inbox_by_device ON inbox (device, id);
