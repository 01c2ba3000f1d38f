-- How fast a person approves: the approvals since `since`, counted anew when that is long ago.
CREATE TABLE approval_pace (
    person TEXT PRIMARY KEY,
    since BIGINT NOT NULL,
    approvals BIGINT NOT NULL
);
