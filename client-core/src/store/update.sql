-- What this device knows of updates of the app.
CREATE TABLE app_update (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- The audit log's key as the relay showed it first, a vkey; for as long as the organisation names none.
    -- Empty if none was needed yet.
    audit_key TEXT NOT NULL,
    -- The highest version that was found in order; empty before the first.
    version TEXT NOT NULL
) STRICT;
