-- A send the platform put off is tried again under its id; one whose answer is missing is asked about, and resolved by a
-- person's word; one that is sent again names the one it supersedes.

ALTER TABLE sends ADD COLUMN supersedes TEXT;
ALTER TABLE sends ADD COLUMN tries BIGINT NOT NULL DEFAULT 1;
ALTER TABLE sends ADD COLUMN probes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sends ADD COLUMN resolution TEXT;
ALTER TABLE sends ADD COLUMN resolved_by TEXT;
ALTER TABLE sends ADD COLUMN resolved_at BIGINT;
