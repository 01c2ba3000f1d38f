-- The customer a colleague asked for last: pictures they send next are that customer's.
CREATE TABLE asked_last (
    person TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    customer TEXT NOT NULL,
    until BIGINT NOT NULL
);
