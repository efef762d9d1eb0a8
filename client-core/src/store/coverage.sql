-- How many of its conversations have a records custodian, by each device's own signed word: on a
-- custodian's device the newest of every client, on others what they reported last.
CREATE TABLE coverage (
    device BLOB PRIMARY KEY,
    handle TEXT NOT NULL,
    at_s INTEGER NOT NULL,
    signed BLOB NOT NULL,
    certificate BLOB NOT NULL
) STRICT;
