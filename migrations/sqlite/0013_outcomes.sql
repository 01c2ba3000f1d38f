-- What became of each draft the bot wrote: the record that confidence, graduation and the report are computed from. It
-- holds no words of a customer.
CREATE TABLE outcomes (
    case_id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    channel TEXT NOT NULL,
    intent TEXT NOT NULL,
    risk TEXT NOT NULL,
    signals TEXT NOT NULL,
    drafted_at BIGINT NOT NULL,
    escalated BOOLEAN NOT NULL,
    outcome TEXT,
    reason TEXT,
    distance BIGINT,
    decided_by TEXT,
    decided_at BIGINT,
    PRIMARY KEY (case_id, generation)
);
CREATE INDEX outcomes_decided ON outcomes (channel, intent, decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX outcomes_drafted ON outcomes (drafted_at);
