-- Where a version is in use: ids of channels as a JSON array; on every channel where there is none.
ALTER TABLE entries ADD COLUMN channels TEXT;
-- When somebody decided to keep what its file no longer holds: it is not proposed for removal again.
ALTER TABLE entries ADD COLUMN kept_at BIGINT;

-- By when it has to be confirmed, once somebody confirmed it; what it says of itself until then.
ALTER TABLE entries ADD COLUMN verify_by BIGINT;

-- Short numbers by which people name entries; never reused.
CREATE TABLE entry_numbers (
    number BIGINT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
);
INSERT INTO entry_numbers (number, id)
SELECT ROW_NUMBER() OVER (ORDER BY id), id FROM (SELECT DISTINCT id FROM entries) AS known;

-- What became of an entry, by whom and when.
CREATE TABLE entry_acts (
    entry TEXT NOT NULL,
    seq BIGINT NOT NULL,
    version BIGINT NOT NULL,
    act TEXT NOT NULL,
    person TEXT NOT NULL,
    note TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (entry, seq)
);

INSERT INTO entry_acts (entry, seq, version, act, person, note, at)
SELECT id, version, version, 'published', '', '', created_at FROM entries WHERE state IN ('published', 'retired');

-- Drafts that were shown to people and rest on a version.
CREATE TABLE entry_uses (
    entry TEXT NOT NULL,
    version BIGINT NOT NULL,
    case_id TEXT NOT NULL,
    draft BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (entry, version, case_id, draft)
);

-- What customers asked and what was answered of late: a change of the knowledge is tried on it.
CREATE INDEX messages_by_time ON messages (author, at) WHERE kind = 'text';

-- What an owner has to look after: once for each reason.
CREATE TABLE care (
    id TEXT PRIMARY KEY,
    entry TEXT NOT NULL,
    version BIGINT NOT NULL,
    cause TEXT NOT NULL,
    note TEXT NOT NULL,
    person TEXT NOT NULL,
    at BIGINT NOT NULL,
    outcome TEXT
);
CREATE INDEX care_by_entry ON care (entry, version);

-- Care cards on people's phones.
CREATE TABLE care_cards (
    task_id TEXT PRIMARY KEY,
    care TEXT NOT NULL,
    person TEXT NOT NULL,
    member TEXT NOT NULL,
    code TEXT NOT NULL,
    state TEXT NOT NULL,
    response_code TEXT,
    posted_at BIGINT
);
CREATE INDEX care_cards_by_care ON care_cards (care);

-- Whose next message is an entry's new answer.
CREATE TABLE pending_answers (
    person TEXT PRIMARY KEY,
    entry TEXT NOT NULL,
    version BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- Which customers asked what nobody's knowledge answers.
CREATE TABLE gap_askers (
    dedup TEXT NOT NULL,
    asker TEXT NOT NULL,
    PRIMARY KEY (dedup, asker)
);
INSERT INTO gap_askers (dedup, asker)
SELECT gaps.dedup, cases.conversation FROM gaps JOIN cases ON cases.id = gaps.case_id;
