-- Queues where reviewers take cases by turn: who holds a case, and the order of those that wait for somebody.
-- queue_rank is set while a case waits without a holder.
ALTER TABLE cases ADD COLUMN holder TEXT;
ALTER TABLE cases ADD COLUMN queue_rank BIGINT;
ALTER TABLE cases ADD COLUMN waits_since BIGINT;
ALTER TABLE cases ADD COLUMN overdue BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX cases_waiting ON cases (channel, queue_rank, waits_since, number) WHERE queue_rank IS NOT NULL;
CREATE INDEX cases_held ON cases (holder, channel, id) WHERE holder IS NOT NULL;
CREATE INDEX cases_overdue ON cases (channel, number) WHERE overdue;

CREATE INDEX pending_edits_by_case ON pending_edits (case_id);

-- A person's last word about being on duty; it holds until their hours next begin or end.
CREATE TABLE duty_words (
    person TEXT PRIMARY KEY,
    on_duty BOOLEAN NOT NULL,
    at BIGINT NOT NULL
);
INSERT INTO duty_words (person, on_duty, at) SELECT person, FALSE, off_since FROM duties;
DROP TABLE duties;
