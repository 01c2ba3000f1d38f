-- The published answer that an action says in the back office, as JSON: entry, version, owner.
ALTER TABLE actions ADD COLUMN cites TEXT;
