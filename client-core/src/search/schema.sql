-- What can be searched. The index holds exactly the rows of search_document: triggers put their
-- words in and take them out again, within whatever transaction changes a row.

-- Names that the index knows by number, so that a row stays small.
CREATE TABLE search_name (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,                  -- conversation, sender
    name BLOB NOT NULL,                  -- ConversationId, or handle
    UNIQUE (kind, name)
) STRICT;

-- A message as the index sees it. The text that people see stays in message.
CREATE TABLE search_document (
    message INTEGER PRIMARY KEY,         -- message.id
    conversation INTEGER NOT NULL,       -- search_name.id
    sender INTEGER NOT NULL,             -- search_name.id
    flags INTEGER NOT NULL,              -- bits of Flags
    words TEXT NOT NULL,                 -- tokens of the text, between spaces
    files TEXT NOT NULL,                 -- tokens of the names of files
    file_names TEXT NOT NULL,            -- names of files as written, one a line
    -- What filters ask for, as tokens: one index answers words and filters together. A name is one
    -- character of the private-use planes and a flag one of the private-use area, for which the
    -- index of beginnings, which starts at two, has no use.
    facts TEXT NOT NULL GENERATED ALWAYS AS (
        'm '
        || CASE WHEN conversation < 60000 THEN char(983040 + conversation) ELSE 'n' || conversation END
        || ' ' || CASE WHEN sender < 60000 THEN char(983040 + sender) ELSE 'n' || sender END
        || CASE WHEN flags & 1 THEN ' ' || char(57360) ELSE '' END
        || CASE WHEN flags & 2 THEN ' ' || char(57361) ELSE '' END
        || CASE WHEN flags & 4 THEN ' ' || char(57362) ELSE '' END
        || CASE WHEN flags & 8 THEN ' ' || char(57363) ELSE '' END
        || CASE WHEN flags & 16 THEN ' ' || char(57364) ELSE '' END
        || CASE WHEN flags & 32 THEN ' ' || char(57365) ELSE '' END
        || CASE WHEN flags & 64 THEN ' ' || char(57366) ELSE '' END
        || CASE WHEN flags & 128 THEN ' ' || char(57367) ELSE '' END
        || CASE WHEN flags & 256 THEN ' ' || char(57368) ELSE '' END
        || CASE WHEN flags & 512 THEN ' ' || char(57369) ELSE '' END
    ) VIRTUAL
) STRICT;

-- Rows between which the messages of a day lie (by UTC), so that a filter on time reads only these.
CREATE TABLE search_day (
    day INTEGER PRIMARY KEY,             -- days since the Unix epoch
    first INTEGER NOT NULL,              -- message.id
    last INTEGER NOT NULL                -- message.id
) STRICT;

-- How far older history has been taken in. One row.
CREATE TABLE search_progress (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    below INTEGER NOT NULL,              -- messages with a smaller id are still missing
    rules INTEGER NOT NULL,              -- version of the rules by which text becomes tokens
    untidy INTEGER NOT NULL              -- 1: words were taken out; 2: only pages are left to write
) STRICT;

-- The tokens are ready made, so the plainest tokenizer does: it parts them at spaces. Lengths of
-- documents are not kept, since ranks are made elsewhere.
CREATE VIRTUAL TABLE search_index USING fts5 (
    words, files, facts,
    content = 'search_document', content_rowid = 'message',
    tokenize = 'ascii', prefix = '2', columnsize = 0
);
-- Without this a deleted word stays in the file until its segment happens to be merged.
INSERT INTO search_index (search_index, rank) VALUES ('secure-delete', 1);
-- A leaf must fit into one page, of which SQLCipher takes 80 bytes; 4,050 would need two.
INSERT INTO search_index (search_index, rank) VALUES ('pgsz', 3960);

CREATE TRIGGER search_added AFTER INSERT ON search_document BEGIN
    INSERT INTO search_index (rowid, words, files, facts)
    VALUES (new.message, new.words, new.files, new.facts);
END;

-- A plain DELETE, which reads the old words from the row that is still there. The command of the
-- same name would forget to mark the index as one with overwritten pages (SQLite 3.45.3), and its
-- own integrity check would then call it damaged.
CREATE TRIGGER search_removed BEFORE DELETE ON search_document BEGIN
    DELETE FROM search_index WHERE rowid = old.message;
    UPDATE search_progress SET untidy = 1 WHERE untidy <> 1;
END;

CREATE TRIGGER search_replaced BEFORE UPDATE ON search_document BEGIN
    DELETE FROM search_index WHERE rowid = old.message;
    UPDATE search_progress SET untidy = 1 WHERE untidy <> 1;
END;

CREATE TRIGGER search_changed AFTER UPDATE ON search_document BEGIN
    INSERT INTO search_index (rowid, words, files, facts)
    VALUES (new.message, new.words, new.files, new.facts);
END;

-- Words cannot outlive their message, whoever changes it and however.
CREATE TRIGGER search_message_deleted AFTER DELETE ON message BEGIN
    DELETE FROM search_document WHERE message = old.id;
END;

CREATE TRIGGER search_message_rewritten AFTER UPDATE OF text ON message
WHEN new.text <> old.text BEGIN
    DELETE FROM search_document WHERE message = old.id;
END;

CREATE TRIGGER search_message_dated AFTER UPDATE OF at_ms ON message
WHEN new.at_ms <> old.at_ms BEGIN
    INSERT INTO search_day (day, first, last) VALUES (new.at_ms / 86400000, new.id, new.id)
    ON CONFLICT (day) DO UPDATE SET
        first = min(first, excluded.first), last = max(last, excluded.last);
END;

CREATE TRIGGER search_message_added AFTER INSERT ON message BEGIN
    INSERT INTO search_day (day, first, last) VALUES (new.at_ms / 86400000, new.id, new.id)
    ON CONFLICT (day) DO UPDATE SET
        first = min(first, excluded.first), last = max(last, excluded.last);
END;

INSERT INTO search_day (day, first, last)
SELECT at_ms / 86400000, min(id), max(id) FROM message GROUP BY 1;
INSERT INTO search_progress (id, below, rules, untidy)
SELECT 1, coalesce(max(id), 0) + 1, 1, 0 FROM message;
