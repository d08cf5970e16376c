-- Every change of an account counts its version up, whoever makes it: what workers remember of an account, and answers they
-- keep for its landlord, hold for one version only.
--
-- A trigger, so that no statement can forget it; writes to what the landlord owns touch the account themselves.

CREATE OR REPLACE TRIGGER user_account_version BEFORE UPDATE ON user_account FOR EACH ROW
	SET NEW.portfolio_version = GREATEST(NEW.portfolio_version, OLD.portfolio_version + 1);
