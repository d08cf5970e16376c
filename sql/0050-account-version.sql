-- Every change of an account, and of what its landlord owns, counts one of its two versions up: what workers remember of an
-- account, and answers they keep for its landlord, hold for one version only. operations_version counts the writes that
-- touch nothing but operations, portfolio_version all others.
--
-- A trigger, so that no change of an account can forget it; writes to what the landlord owns touch the account themselves.

ALTER TABLE user_account ADD COLUMN IF NOT EXISTS operations_version BIGINT UNSIGNED NOT NULL DEFAULT 0
	AFTER portfolio_version;

CREATE OR REPLACE TRIGGER user_account_version BEFORE UPDATE ON user_account FOR EACH ROW
	SET NEW.portfolio_version = GREATEST(NEW.portfolio_version,
		OLD.portfolio_version + (NEW.operations_version <=> OLD.operations_version));
