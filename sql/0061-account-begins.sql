-- Where the version of an account begins, whoever makes it: at the time, in microseconds. One that takes the id of one
-- that is gone, or is put back from a backup with the version it had, never meets a version that answers are still kept
-- for.

CREATE OR REPLACE TRIGGER user_account_begins BEFORE INSERT ON user_account FOR EACH ROW
	SET NEW.portfolio_version = GREATEST(NEW.portfolio_version,
		CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS UNSIGNED));
