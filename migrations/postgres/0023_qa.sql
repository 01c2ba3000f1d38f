-- What was drawn of a week for its quality to be looked at, and how it was scored. None of it is a customer's words.
CREATE TABLE qa_items (
    week TEXT NOT NULL,
    place BIGINT NOT NULL,
    case_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    channel TEXT NOT NULL,
    language TEXT NOT NULL,
    -- Names of kinds, as a JSON list.
    kinds TEXT NOT NULL,
    decided_by TEXT,
    drawn_at BIGINT NOT NULL,
    -- Seven points from 1 to 5 as a JSON list, null where a dimension does not apply.
    scores TEXT,
    note TEXT,
    scored_by TEXT,
    scored_at BIGINT,
    PRIMARY KEY (week, case_id)
);
CREATE INDEX qa_items_by_number ON qa_items (number);
-- Cases by the week they were opened in.
CREATE INDEX cases_opened ON cases (opened_at);
