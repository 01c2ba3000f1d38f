-- When somebody was last said to be unreachable: the watcher hears it once an hour, not with every message that is lost.
CREATE TABLE unreachable (
    address TEXT PRIMARY KEY,
    told_at BIGINT NOT NULL
);
