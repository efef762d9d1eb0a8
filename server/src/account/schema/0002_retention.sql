-- The end of each key package's lifetime, and what the relay carries and counts.

-- Seconds since the Unix epoch; 0 if it was stored before this column and was not read since.
ALTER TABLE key_packages ADD COLUMN not_after INTEGER NOT NULL DEFAULT 0;

CREATE INDEX key_packages_by_end ON key_packages (not_after);

ALTER TABLE key_package_state ADD COLUMN last_resort_not_after INTEGER NOT NULL DEFAULT 0;

CREATE TABLE policies (
    -- The present one only.
    id     INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    signed BLOB    NOT NULL
) STRICT;

CREATE TABLE retention_runs (
    -- Milliseconds since the Unix epoch; ended is 0 if the run broke off.
    started INTEGER NOT NULL PRIMARY KEY,
    ended   INTEGER NOT NULL,
    -- How many of its parts failed and were left to the next run.
    failed  INTEGER NOT NULL
) STRICT;
