-- Conversations that were imported from a file. No row of `log` carries them.
CREATE TABLE imported (
    conversation BLOB PRIMARY KEY REFERENCES conversation (id),
    source TEXT NOT NULL,                -- sealwire, whatsapp
    digest BLOB NOT NULL UNIQUE,         -- SHA-256 of the file
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
