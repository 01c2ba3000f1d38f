-- Where an imported entry came from, so that importing the file again can tell what it no longer holds.
ALTER TABLE entries ADD COLUMN source_file TEXT;
-- SHA-256 of the file as it was when this version was imported.
ALTER TABLE entries ADD COLUMN source_sha256 TEXT;
-- Since when its file no longer holds it: proposed for removal, still in use.
ALTER TABLE entries ADD COLUMN vanished_at BIGINT;
CREATE INDEX entries_by_source ON entries (source_file);
-- Entries imported before: their ids begin with the file's name.
UPDATE entries SET source_file = substr(id, 1, strpos(id, ':') - 1) WHERE strpos(id, ':') > 1;
