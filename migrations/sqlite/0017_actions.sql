-- What is to be done in a store's back office for a case, from the wish to what became of it.
CREATE TABLE actions (
  id TEXT PRIMARY KEY,
  -- By which people name it; never reused.
  number BIGINT NOT NULL UNIQUE,
  case_id TEXT NOT NULL,
  conversation TEXT NOT NULL,
  channel TEXT NOT NULL,
  store TEXT NOT NULL,
  name TEXT NOT NULL,
  recipe TEXT NOT NULL,
  inputs TEXT NOT NULL,
  asked_by TEXT NOT NULL,
  asked_at BIGINT NOT NULL,
  -- The action that it takes back.
  undoes TEXT,
  state TEXT NOT NULL,
  -- How often it was shown for a decision: an older card decides nothing.
  round BIGINT NOT NULL,
  plan TEXT,
  authority TEXT,
  claimed_at BIGINT,
  outcome TEXT
);
CREATE INDEX actions_by_case ON actions (case_id);
CREATE INDEX actions_under_way ON actions (state) WHERE state = 'submitting';
-- What a card beside those of cases is about: an entry of the knowledge, or an action.
ALTER TABLE care_cards ADD COLUMN about TEXT NOT NULL DEFAULT 'entry';
-- Which of the programs that share the database has a store's browser: one account is worked in one place.
CREATE TABLE office_seats (
  store TEXT PRIMARY KEY,
  owner TEXT NOT NULL
);
