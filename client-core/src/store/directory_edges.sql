-- Right edges of the directory's log at every 4,096 entries, from which roots at older sizes are computed.
CREATE TABLE directory_edge (
    size INTEGER PRIMARY KEY,            -- entries of the log, a multiple of 4,096
    edge BLOB NOT NULL                   -- roots of the complete subtrees over them
) STRICT;

-- Heads of other people, to count how many wait.
CREATE INDEX directory_head_of_others ON directory_head (source, at_ms) WHERE source <> '' AND source <> 'relay';

-- Keys of logs in whose place the organisation put others: members who do not know that yet still tell their heads.
CREATE TABLE directory_log_ended (
    key TEXT PRIMARY KEY NOT NULL        -- vkey (C2SP signed-note)
) STRICT;
