-- Rendez-vous: appointments, the webhooks that tell their changes, and what recurs in Gestion.

CREATE TABLE IF NOT EXISTS appointment (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	client_id INT UNSIGNED NOT NULL,
	request_uuid BINARY(16) NOT NULL COMMENT 'with request_index: settles an uncertain commit',
	request_index SMALLINT UNSIGNED NOT NULL,
	status ENUM('preset', 'approved', 'cancelled') NOT NULL,
	channel ENUM('email', 'sms', 'both') NOT NULL,
	start_at DATETIME NOT NULL,
	end_at DATETIME NOT NULL,
	location VARCHAR(500) NULL,
	reminder_delay SMALLINT UNSIGNED NOT NULL COMMENT 'hours',
	reminder_channel ENUM('disabled', 'email', 'sms', 'both') NOT NULL,
	reminder_sent BOOLEAN NOT NULL DEFAULT FALSE,
	reminder_due_at DATETIME NULL COMMENT 'NULL: none is to be sent any more',
	first_name VARCHAR(100) NULL,
	last_name VARCHAR(100) NULL,
	email VARCHAR(320) NULL,
	phone VARCHAR(64) NULL,
	variables LONGTEXT NOT NULL CHECK (JSON_VALID(variables)),
	created_at DATETIME(3) NOT NULL,
	updated_at DATETIME(3) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY request (request_uuid, request_index),
	KEY listing (client_id, start_at),
	KEY reminder (reminder_due_at),
	CONSTRAINT appointment_client FOREIGN KEY (client_id) REFERENCES api_client (id),
	CONSTRAINT appointment_times CHECK (end_at > start_at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='rendez-vous';

-- Where a client wants to hear of changes. While an endpoint fails, nothing is sent to it before retry_at.
CREATE TABLE IF NOT EXISTS webhook_endpoint (
	client_id INT UNSIGNED NOT NULL,
	url VARCHAR(2048) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	secret VARBINARY(64) NOT NULL,
	old_secret VARBINARY(64) NULL COMMENT 'signs too, while the client changes to the new one',
	disabled_at DATETIME(3) NULL,
	disabled_why VARCHAR(200) NULL,
	failures INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'one after another, up to now',
	retry_at DATETIME(3) NULL,
	PRIMARY KEY (client_id),
	CONSTRAINT webhook_endpoint_client FOREIGN KEY (client_id) REFERENCES api_client (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='where changes are posted';

-- One row a change, written with it; frozen body. Sent in the order of their ids for each appointment.
CREATE TABLE IF NOT EXISTS webhook_event (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	client_id INT UNSIGNED NOT NULL,
	appointment_id BIGINT UNSIGNED NOT NULL,
	uuid BINARY(16) NOT NULL COMMENT 'webhook-id',
	body TEXT NOT NULL,
	state ENUM('queued', 'claimed', 'sent', 'failed', 'expired') NOT NULL DEFAULT 'queued',
	due_at DATETIME(3) NULL COMMENT 'next attempt, or end of the lease; NULL at rest',
	expires_at DATETIME(3) NOT NULL,
	attempts SMALLINT UNSIGNED NOT NULL DEFAULT 0,
	claim_id BINARY(16) NULL,
	last_status SMALLINT UNSIGNED NULL COMMENT 'HTTP status of the last attempt',
	error_message VARCHAR(200) NULL,
	created_at DATETIME(3) NOT NULL,
	sent_at DATETIME(3) NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uuid (uuid),
	KEY due (state, due_at),
	KEY in_order (appointment_id, state, id),
	KEY listing (client_id, id),
	CONSTRAINT webhook_event_client FOREIGN KEY (client_id) REFERENCES api_client (id),
	CONSTRAINT webhook_event_appointment FOREIGN KEY (appointment_id) REFERENCES appointment (id),
	CONSTRAINT webhook_event_due CHECK ((due_at IS NOT NULL) = (state IN ('queued', 'claimed')))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='changes to be told';

-- The day of the month a recurring operation belongs to: the copy of one of the 31st is on the 28th of February, and the
-- next on the 31st again. NULL: the day of operation_date.
ALTER TABLE operation ADD COLUMN IF NOT EXISTS recur_day TINYINT UNSIGNED NULL CHECK (recur_day BETWEEN 1 AND 31);
CREATE INDEX IF NOT EXISTS operation_recurring ON operation (auto, operation_date, user_id);
