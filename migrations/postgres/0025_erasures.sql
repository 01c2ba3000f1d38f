-- Since when nothing is kept of a customer any more; their id is gone with everything else.
ALTER TABLE conversations ADD COLUMN erased_at BIGINT;

-- Customers whose data must stay for now, for a reason of law.
CREATE TABLE legal_holds (
    conversation TEXT PRIMARY KEY,
    why TEXT NOT NULL,
    person TEXT NOT NULL,
    at BIGINT NOT NULL
);
