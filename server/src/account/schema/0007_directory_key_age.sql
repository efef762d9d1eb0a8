-- Since when a directory key counts, seconds since the Unix epoch; 0 for one of which that was not kept yet.

ALTER TABLE directory_keys ADD COLUMN made_at INTEGER NOT NULL DEFAULT 0;
