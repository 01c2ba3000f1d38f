-- Replies that the owner of a channel lets the drafter take as examples of manner: the customer's words and the shop's,
-- without what is personal in them. Taken back, a row is gone; who let it and who took it back is on record.
CREATE TABLE examples (
    case_id TEXT PRIMARY KEY,
    number BIGINT NOT NULL,
    channel TEXT NOT NULL,
    language TEXT NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    consented_by TEXT NOT NULL,
    consented_at BIGINT NOT NULL
);
CREATE INDEX examples_near ON examples (channel, language, consented_at);
