-- What a report names beside the figures: the words because of which a person had to look, as a JSON list, and the title of
-- the knowledge a draft rests on most.
ALTER TABLE outcomes ADD COLUMN words TEXT NOT NULL DEFAULT '[]';
ALTER TABLE outcomes ADD COLUMN basis TEXT;
