-- What a change of an appointment must know: the reminder that may still be waiting to be sent, and whether a change whose
-- commit had no answer was made after all.

ALTER TABLE appointment
	ADD COLUMN IF NOT EXISTS reminder_message_id BIGINT UNSIGNED NULL
		COMMENT 'the message of the last reminder; it may have been deleted since',
	ADD COLUMN IF NOT EXISTS change_uuid BINARY(16) NULL COMMENT 'of the request that made the last change';

-- The list is newest first, from a cursor.
CREATE INDEX IF NOT EXISTS appointment_newest ON appointment (client_id, id);
