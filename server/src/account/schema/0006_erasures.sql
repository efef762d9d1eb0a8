-- Erasures whose devices may still say what became of their copies. Nothing here names whom they are
-- about, and all of it goes when the receipts were counted.

CREATE TABLE erasures (
    number INTEGER NOT NULL PRIMARY KEY,
    -- What was attested of it: the predicate, as JSON.
    said   TEXT    NOT NULL,
    -- Until when receipts are taken, milliseconds since the Unix epoch.
    due    INTEGER NOT NULL
) STRICT;

CREATE TABLE erased_devices (
    -- Of the device's id.
    device_hash BLOB    NOT NULL PRIMARY KEY CHECK (length(device_hash) = 32),
    -- Of the id and the device's signature key.
    key_hash    BLOB    NOT NULL CHECK (length(key_hash) = 32),
    erasure     INTEGER NOT NULL REFERENCES erasures (number),
    -- Empty, `kept` or `removed`.
    answer      TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX erased_devices_by_erasure ON erased_devices (erasure);
