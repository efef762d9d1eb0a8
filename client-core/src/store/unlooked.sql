-- Members whom others have added to a conversation, until this device has asked the directory for them.
CREATE TABLE unlooked (
    handle TEXT PRIMARY KEY,
    due_ms INTEGER NOT NULL
) STRICT;
