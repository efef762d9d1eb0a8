-- What was invited; empty if the invitation was made before this column.
ALTER TABLE invitation ADD COLUMN kind TEXT NOT NULL DEFAULT '';
