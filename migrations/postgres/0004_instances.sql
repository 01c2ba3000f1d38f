-- A claim belongs to an instance that shows signs of life, and is proved by a fence; no clock decides whose it is.

CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    beats BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL
);

ALTER TABLE inbox DROP COLUMN lease_until;
ALTER TABLE inbox ADD COLUMN owner TEXT;
ALTER TABLE inbox ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE inbox ADD COLUMN head BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE outbox DROP COLUMN lease_until;
ALTER TABLE outbox ADD COLUMN owner TEXT;
ALTER TABLE outbox ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN head BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE accounts RENAME COLUMN lease_until TO not_before;
ALTER TABLE accounts ADD COLUMN owner TEXT;
ALTER TABLE accounts ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;

-- Dates stand alone: none of them holds another one back.
UPDATE outbox SET lane = kind || ':' || id WHERE lane LIKE 'due:%';
UPDATE accounts SET not_before = 0;
UPDATE inbox SET head = TRUE WHERE id IN (SELECT MIN(id) FROM inbox WHERE done_at IS NULL GROUP BY lane);
UPDATE outbox SET head = TRUE WHERE id IN (SELECT MIN(id) FROM outbox WHERE done_at IS NULL GROUP BY lane);

DROP INDEX inbox_open;
DROP INDEX outbox_open;
CREATE INDEX inbox_heads ON inbox (rank, due_at, id) WHERE done_at IS NULL AND head AND owner IS NULL;
CREATE INDEX outbox_heads ON outbox (rank, due_at, id) WHERE done_at IS NULL AND head AND owner IS NULL;
CREATE INDEX inbox_owned ON inbox (owner) WHERE owner IS NOT NULL;
CREATE INDEX outbox_owned ON outbox (owner) WHERE owner IS NOT NULL;
CREATE INDEX inbox_waiting ON inbox (rank, due_at) WHERE done_at IS NULL;
CREATE INDEX outbox_waiting ON outbox (kind, due_at) WHERE done_at IS NULL;

-- One access token for all instances, encrypted; who is fetching the next one, and when the last were fetched.
CREATE TABLE tokens (
    name TEXT PRIMARY KEY,
    sealed TEXT,
    replace_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    refresher TEXT,
    refresh_until BIGINT NOT NULL,
    fetched TEXT NOT NULL
);

-- Calls of each platform API that were let out, in slots of a few seconds.
CREATE TABLE rates (
    api TEXT NOT NULL,
    slot BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (api, slot)
);

CREATE INDEX sends_unknown ON sends (state) WHERE state = 'unknown';
