-- Which parcels a logistics service was asked for: it locks a number that is asked for too often.
CREATE TABLE parcel_queries (
  -- The number itself is not kept.
  parcel_sha256 TEXT PRIMARY KEY,
  asked_at BIGINT NOT NULL,
  -- SHA-256 of the answer that is kept, in hex; nothing while none has come.
  answer TEXT
);
-- What a language model was asked for on a day, for each conversation and, under an empty name, for the whole desk.
CREATE TABLE model_spending (
  -- In the desk's time: 2026-11-30.
  day TEXT NOT NULL,
  conversation TEXT NOT NULL,
  calls BIGINT NOT NULL,
  tokens_in BIGINT NOT NULL,
  tokens_out BIGINT NOT NULL,
  -- In millionths of the configured money.
  micros BIGINT NOT NULL,
  -- How long its answers took.
  ms BIGINT NOT NULL,
  -- Questions that were not asked, since this one's budget was spent.
  refused BIGINT NOT NULL,
  PRIMARY KEY (day, conversation)
);
-- What a model made of an attachment: what a picture shows, what a voice says.
ALTER TABLE messages ADD COLUMN reading TEXT;
