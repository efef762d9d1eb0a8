-- The device that sent a message; empty while pending, and of what came before this column. Its epoch
-- is in `place`.
ALTER TABLE message ADD COLUMN device BLOB NOT NULL DEFAULT x'';
