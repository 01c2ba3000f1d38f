-- Shared words of both databases: TEXT, BIGINT (milliseconds since 1970), BOOLEAN; JSON as TEXT.

CREATE TABLE kv (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE desks (
    id TEXT PRIMARY KEY,
    content_sha256 TEXT NOT NULL,
    body TEXT NOT NULL,
    triggers TEXT,
    policy TEXT NOT NULL,
    people TEXT NOT NULL,
    applied_at BIGINT NOT NULL
);

CREATE TABLE conversations (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    account TEXT NOT NULL,
    customer TEXT NOT NULL,
    name TEXT,
    last_seq BIGINT NOT NULL,
    window_ends_at BIGINT NOT NULL,
    quota_left BIGINT NOT NULL,
    case_id TEXT,
    created_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    UNIQUE (channel, customer)
);

CREATE TABLE messages (
    conversation TEXT NOT NULL,
    seq BIGINT NOT NULL,
    case_id TEXT,
    author TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    wire_id TEXT NOT NULL,
    media_id TEXT,
    media_sha256 TEXT,
    media_type TEXT,
    at BIGINT NOT NULL,
    recalled BOOLEAN NOT NULL,
    failed BOOLEAN NOT NULL,
    answered BOOLEAN NOT NULL,
    PRIMARY KEY (conversation, seq),
    UNIQUE (conversation, wire_id)
);
CREATE INDEX messages_by_wire ON messages (wire_id);

CREATE TABLE cases (
    id TEXT PRIMARY KEY,
    number BIGINT NOT NULL UNIQUE,
    conversation TEXT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    due_at BIGINT,
    updated_at BIGINT NOT NULL
);
CREATE INDEX cases_by_state ON cases (state, opened_at);
CREATE INDEX cases_by_conversation ON cases (conversation, number);
CREATE INDEX cases_by_channel ON cases (channel, state, number);

CREATE TABLE inbox (
    id TEXT PRIMARY KEY,
    dedup TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    rank BIGINT NOT NULL,
    body TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    done_at BIGINT,
    problem TEXT,
    alarmed_at BIGINT
);
CREATE INDEX inbox_open ON inbox (rank, due_at, id) WHERE done_at IS NULL;
CREATE INDEX inbox_lanes ON inbox (lane, id) WHERE done_at IS NULL;

CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    lane TEXT NOT NULL,
    rank BIGINT NOT NULL,
    kind TEXT NOT NULL,
    case_id TEXT,
    member TEXT,
    body TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    done_at BIGINT,
    problem TEXT,
    alarmed_at BIGINT
);
CREATE INDEX outbox_open ON outbox (rank, due_at, id) WHERE done_at IS NULL;
CREATE INDEX outbox_lanes ON outbox (lane, id) WHERE done_at IS NULL;

CREATE TABLE paces (
    member TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (member, id)
);
CREATE INDEX paces_by_time ON paces (member, at);

CREATE TABLE sends (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    conversation TEXT NOT NULL,
    case_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    part BIGINT NOT NULL,
    account TEXT NOT NULL,
    customer TEXT NOT NULL,
    body TEXT NOT NULL,
    body_sha256 TEXT NOT NULL,
    authority TEXT NOT NULL,
    state TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    settled_at BIGINT,
    code BIGINT
);
CREATE INDEX sends_in_flight ON sends (state) WHERE state = 'in_flight';
CREATE INDEX sends_by_case ON sends (case_id);

CREATE TABLE cards (
    task_id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    person TEXT NOT NULL,
    member TEXT NOT NULL,
    version BIGINT NOT NULL,
    code TEXT NOT NULL,
    posting BIGINT NOT NULL,
    attempt BIGINT NOT NULL,
    state TEXT NOT NULL,
    response_code TEXT,
    outcome TEXT,
    posted_at BIGINT
);
CREATE INDEX cards_by_case ON cards (case_id, state);

CREATE TABLE evidence (
    chain TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    case_id TEXT,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    commitment TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL,
    format BIGINT NOT NULL,
    salt TEXT,
    payload TEXT,
    leaf BIGINT,
    PRIMARY KEY (chain, seq)
);
CREATE INDEX evidence_by_case ON evidence (case_id, at_ms);
CREATE INDEX evidence_unsequenced ON evidence (at_ms) WHERE leaf IS NULL;
CREATE UNIQUE INDEX evidence_leaves ON evidence (leaf);

CREATE TABLE chains (
    chain TEXT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);

CREATE TABLE checkpoints (
    size BIGINT PRIMARY KEY,
    body TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE pauses (
    id TEXT PRIMARY KEY,
    scope TEXT NOT NULL,
    target TEXT NOT NULL,
    person TEXT NOT NULL,
    why TEXT NOT NULL,
    at BIGINT NOT NULL,
    turn BIGINT NOT NULL,
    resume_wanted_by TEXT,
    resume_wanted_at BIGINT,
    lifted_by TEXT,
    lifted_at BIGINT
);

CREATE TABLE accounts (
    account TEXT PRIMARY KEY,
    cursor TEXT,
    token TEXT,
    token_until BIGINT NOT NULL,
    rings BIGINT NOT NULL,
    heard BIGINT NOT NULL,
    synced_at BIGINT NOT NULL,
    tried_at BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    first_sync_at BIGINT
);

CREATE TABLE entries (
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    content_sha256 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (id, version)
);
CREATE INDEX entries_by_state ON entries (state);

CREATE TABLE gaps (
    dedup TEXT PRIMARY KEY,
    question TEXT NOT NULL,
    times BIGINT NOT NULL,
    case_id TEXT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE TABLE replays (
    digest TEXT PRIMARY KEY,
    at BIGINT NOT NULL
);
CREATE INDEX replays_by_time ON replays (at);

CREATE TABLE pending_edits (
    person TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    code TEXT NOT NULL,
    until BIGINT NOT NULL
);

CREATE TABLE duties (
    person TEXT PRIMARY KEY,
    off_since BIGINT NOT NULL
);

CREATE TABLE links (
    token_sha256 TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    case_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    until BIGINT NOT NULL,
    used_at BIGINT
);

INSERT INTO kv (name, value) VALUES ('pause_register', '0');
