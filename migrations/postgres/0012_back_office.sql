-- How each recipe of a store's back office fares. One that is stopped runs for nobody until a person lets it.
CREATE TABLE recipe_runs (
  store TEXT NOT NULL,
  recipe TEXT NOT NULL,
  -- The last run that went through, and how long it took.
  ran_at BIGINT,
  took_ms BIGINT,
  -- Since when it is stopped, why, and the picture of what was seen.
  stopped_at BIGINT,
  why TEXT,
  picture TEXT,
  PRIMARY KEY (store, recipe)
);
-- Whose an order is: the first conversation that it was found for.
CREATE TABLE order_owners (
  store TEXT NOT NULL,
  order_sha256 TEXT NOT NULL,
  conversation TEXT NOT NULL,
  PRIMARY KEY (store, order_sha256)
);
