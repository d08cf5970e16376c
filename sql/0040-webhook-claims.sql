-- Webhooks are claimed for each client by itself: what waits for one endpoint is not even looked at for another. And what
-- is written at each claim and each success has a fixed size and as few indexes as can be, so that rows change in place.
ALTER TABLE webhook_event
	DROP CONSTRAINT IF EXISTS webhook_event_due,
	ADD COLUMN IF NOT EXISTS told BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'nothing more is to be done',
	ADD COLUMN IF NOT EXISTS lease_until DATETIME(3) NOT NULL DEFAULT '2000-01-01' COMMENT 'of the last claim',
	ADD COLUMN IF NOT EXISTS changed_at DATETIME(3) NOT NULL DEFAULT '2000-01-01' COMMENT 'the last change of state';
UPDATE webhook_event SET lease_until = due_at WHERE state = 'claimed' AND due_at IS NOT NULL AND lease_until < created_at;
UPDATE webhook_event SET told = state NOT IN ('queued', 'claimed'), due_at = COALESCE(due_at, created_at),
	claim_id = COALESCE(claim_id, ''), last_status = COALESCE(last_status, 0), changed_at = GREATEST(changed_at, created_at);
ALTER TABLE webhook_event
	MODIFY COLUMN due_at DATETIME(3) NOT NULL COMMENT 'the next attempt, or the last',
	MODIFY COLUMN claim_id BINARY(16) NOT NULL DEFAULT '',
	MODIFY COLUMN last_status SMALLINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'HTTP status of the last attempt; 0: none came',
	DROP COLUMN IF EXISTS sent_at,
	ADD CONSTRAINT IF NOT EXISTS webhook_event_told CHECK (told = (state NOT IN ('queued', 'claimed'))),
	ADD INDEX IF NOT EXISTS client_due (client_id, told, due_at),
	ADD INDEX IF NOT EXISTS appointment (appointment_id),
	DROP INDEX IF EXISTS due,
	DROP INDEX IF EXISTS in_order,
	FORCE;
