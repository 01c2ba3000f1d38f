-- What is read by asking in a way of its own: the readers of customer-service accounts leave it alone.
ALTER TABLE accounts ADD COLUMN apart BOOLEAN NOT NULL DEFAULT FALSE;
