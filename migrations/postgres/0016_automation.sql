-- Where replies may leave without a person, by channel and intent: proposed by one person, opened by a second one, closed
-- by any one of them or by the watch over what left. `counts_from`: drafts of before say nothing for the next opening.
CREATE TABLE automation (
    channel TEXT NOT NULL,
    intent TEXT NOT NULL,
    proposed_by TEXT,
    proposed_at BIGINT,
    opened_at BIGINT,
    counts_from BIGINT NOT NULL,
    PRIMARY KEY (channel, intent)
);

-- Replies that left without a person and are reviewed afterwards by somebody who is not told that they left. `shown` is the
-- case as it would have waited for a review; of the customer's words it has none.
CREATE TABLE samples (
    id TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    generation BIGINT NOT NULL,
    channel TEXT NOT NULL,
    intent TEXT NOT NULL,
    shown TEXT NOT NULL,
    drawn_at BIGINT NOT NULL,
    asked TEXT,
    good BOOLEAN,
    decided_by TEXT,
    decided_at BIGINT
);
CREATE INDEX samples_of ON samples (channel, intent, drawn_at);

-- Whether a draft would have left without a person, had that been open, and when it did.
ALTER TABLE outcomes ADD COLUMN eligible BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE outcomes ADD COLUMN permitted_at BIGINT;
CREATE INDEX outcomes_permitted ON outcomes (permitted_at) WHERE permitted_at IS NOT NULL;
