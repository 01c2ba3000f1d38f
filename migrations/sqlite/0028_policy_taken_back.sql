-- When somebody took the policy of a configuration back: nothing goes back to it any more.
ALTER TABLE desks ADD COLUMN taken_back_at BIGINT;
