-- How often an account did today what leaves a trace for ever. Rows of other days go with the next
-- one that is written.
CREATE TABLE account_bounds (
    account INTEGER NOT NULL,
    what    TEXT    NOT NULL,
    -- Days since the Unix epoch.
    day     INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (account, what)
) STRICT, WITHOUT ROWID;
