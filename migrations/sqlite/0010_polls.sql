-- When an account was last asked without a doorbell's token: the platform's strict limit is shared by all accounts.
ALTER TABLE accounts ADD COLUMN polled_at BIGINT NOT NULL DEFAULT 0;
