-- Pages on which one person hands in one file of knowledge, and what the file gave. Only hashes of their tokens are kept.
CREATE TABLE uploads (
    number BIGINT PRIMARY KEY,
    token_sha256 TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    member TEXT NOT NULL,
    until BIGINT NOT NULL,
    file TEXT,
    kind TEXT,
    sha256 TEXT,
    report TEXT
);
