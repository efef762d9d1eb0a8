-- What retention removed, for attestations: numbers and times, nothing that could be told apart.
CREATE TABLE retention_removed (
    -- Start of the run, milliseconds since the Unix epoch.
    run     INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    removed INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    -- Seconds since the Unix epoch.
    oldest  INTEGER NOT NULL,
    newest  INTEGER NOT NULL,
    PRIMARY KEY (run, kind)
) STRICT, WITHOUT ROWID;
