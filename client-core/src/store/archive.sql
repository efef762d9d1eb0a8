-- Right edge of the archive's tree, from which one in a bucket goes on without being read whole.
ALTER TABLE archive ADD COLUMN edge BLOB NOT NULL DEFAULT x'';
