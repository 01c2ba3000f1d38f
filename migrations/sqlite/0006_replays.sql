-- Callbacks are remembered by keys that begin with their signed time: those of one moment lie side by side. What was
-- remembered until now is known by what happened, which is remembered apart.
DROP TABLE replays;
CREATE TABLE replays (
    replay_key TEXT PRIMARY KEY
) WITHOUT ROWID;
