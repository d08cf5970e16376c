-- Communication: clients, messages, their deliveries, who unsubscribed, and remembered answers.
--
-- Times are UTC. Text is utf8mb4 and compared byte for byte, trailing spaces included (nopad), unless said otherwise.
-- Enumerations are ENUM columns: in the strict mode that every session sets, nothing else can be stored in them.

CREATE TABLE IF NOT EXISTS api_client (
	id INT UNSIGNED NOT NULL AUTO_INCREMENT,
	name VARCHAR(100) NOT NULL,
	auth_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	secret_hash BINARY(32) NOT NULL,
	rate INT UNSIGNED NOT NULL COMMENT 'requests a minute',
	burst INT UNSIGNED NOT NULL COMMENT 'requests at once',
	disabled_at DATETIME(3) NULL,
	created_at DATETIME(3) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY name (name),
	UNIQUE KEY auth_key (auth_key),
	CONSTRAINT api_client_limits CHECK (rate > 0 AND burst > 0),
	CONSTRAINT api_client_key CHECK (auth_key <> '' AND name <> '')
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='who may call the Communication API';

-- One row a message as its client gave it. The program makes request_uuid (version 7); with request_index it names each
-- message of a request before the database has given it an id, so that a commit of which no answer came can be settled.
--
-- The three listing indexes hold each combination of the two flags apart: a listing reads at most four short ranges
-- from their newest end and never sorts or skips what it does not show, however many rows there are.
CREATE TABLE IF NOT EXISTS message (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	client_id INT UNSIGNED NOT NULL,
	request_uuid BINARY(16) NOT NULL,
	request_index SMALLINT UNSIGNED NOT NULL,
	channel ENUM('sms', 'email', 'both', 'sms_first', 'email_first') NOT NULL COMMENT 'as asked',
	email VARCHAR(320) NULL COMMENT 'as given',
	phone VARCHAR(64) NULL COMMENT 'as given',
	email_subject VARCHAR(998) NULL,
	email_content MEDIUMTEXT NULL,
	sms_content MEDIUMTEXT NULL,
	identifier1 VARCHAR(255) NULL,
	identifier2 VARCHAR(255) NULL,
	email_originator VARCHAR(255) NULL,
	sms_originator VARCHAR(64) NULL,
	logo_url VARCHAR(2048) NULL,
	force_sending BOOLEAN NOT NULL,
	unsubscribe_link BOOLEAN NOT NULL,
	test_mode BOOLEAN NOT NULL,
	has_error BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'a delivery ended badly',
	created_at DATETIME(3) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY request (request_uuid, request_index),
	KEY listing (client_id, test_mode, has_error, created_at),
	KEY listing_identifier1 (client_id, identifier1, test_mode, has_error, created_at, identifier2),
	KEY listing_identifier2 (client_id, identifier2, test_mode, has_error, created_at, identifier1),
	CONSTRAINT message_client FOREIGN KEY (client_id) REFERENCES api_client (id),
	CONSTRAINT message_flags CHECK (force_sending IN (0, 1) AND unsubscribe_link IN (0, 1) AND test_mode IN (0, 1)
		AND has_error IN (0, 1)),
	CONSTRAINT message_recipient CHECK (email IS NOT NULL OR phone IS NOT NULL)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='what clients asked to be sent';

-- One row for each way a message goes: narrow, since every step of a sender changes it.
--
-- due_at is when something must happen next: when a queued one may be claimed, when the lease of a claimed or
-- transmitting one ends; NULL at rest. The index on it finds due work at once among any number of finished rows, and
-- counts every state without reading the table.
CREATE TABLE IF NOT EXISTS delivery (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	message_id BIGINT UNSIGNED NOT NULL,
	channel ENUM('mail', 'sms') NOT NULL,
	uuid BINARY(16) NOT NULL COMMENT 'named to the other side: Message-ID, gateway reference',
	recipient VARCHAR(254) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL COMMENT 'as sent to',
	state ENUM('queued', 'claimed', 'transmitting', 'sent', 'delivered', 'failed', 'expired', 'suppressed', 'unknown')
		NOT NULL,
	due_at DATETIME(3) NULL,
	expires_at DATETIME(3) NOT NULL COMMENT 'no attempt after this',
	attempts SMALLINT UNSIGNED NOT NULL DEFAULT 0,
	changes INT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'number of its last delivery_event',
	claim_id BINARY(16) NULL COMMENT 'of the last claim',
	sent_at DATETIME(3) NULL,
	error_message VARCHAR(500) NULL,
	remote_id VARCHAR(255) NULL COMMENT 'what the other side called it',
	sms_encoding ENUM('gsm7', 'ucs2') NULL,
	segments TINYINT UNSIGNED NULL,
	PRIMARY KEY (id),
	UNIQUE KEY uuid (uuid),
	UNIQUE KEY message (message_id, channel),
	KEY due (channel, state, due_at),
	CONSTRAINT delivery_message FOREIGN KEY (message_id) REFERENCES message (id),
	CONSTRAINT delivery_due CHECK ((due_at IS NOT NULL) = (state IN ('queued', 'claimed', 'transmitting'))),
	CONSTRAINT delivery_claim CHECK (claim_id IS NOT NULL OR state NOT IN ('claimed', 'transmitting')),
	CONSTRAINT delivery_sent CHECK (sent_at IS NOT NULL OR state NOT IN ('sent', 'delivered'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='one way of one message, and how far it got';

-- Every change of a delivery's state, in the transaction that changed it; never changed or deleted by itself. Its
-- number is delivery.changes: two changes cannot share one, and the story of a delivery lies together in order.
CREATE TABLE IF NOT EXISTS delivery_event (
	delivery_id BIGINT UNSIGNED NOT NULL,
	number INT UNSIGNED NOT NULL,
	at DATETIME(3) NOT NULL,
	state ENUM('queued', 'claimed', 'transmitting', 'sent', 'delivered', 'failed', 'expired', 'suppressed', 'unknown')
		NOT NULL,
	sender VARCHAR(100) NOT NULL COMMENT 'host:pid, `api` or `operator`',
	detail VARCHAR(500) NULL,
	PRIMARY KEY (delivery_id, number),
	CONSTRAINT delivery_event_delivery FOREIGN KEY (delivery_id) REFERENCES delivery (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='what happened to a delivery, append-only';

-- Addresses are in the form that is sent to, which is ASCII; letter case does not tell two of them apart, since
-- unsubscribing must win over a mailbox name written in another way.
CREATE TABLE IF NOT EXISTS unsubscribe (
	id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
	client_id INT UNSIGNED NOT NULL,
	channel ENUM('mail', 'sms') NOT NULL,
	address VARCHAR(254) CHARACTER SET ascii COLLATE ascii_general_nopad_ci NOT NULL,
	created_at DATETIME(3) NOT NULL,
	PRIMARY KEY (id),
	UNIQUE KEY address (client_id, channel, address),
	KEY listing (client_id, channel, created_at),
	CONSTRAINT unsubscribe_client FOREIGN KEY (client_id) REFERENCES api_client (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='who no longer wants messages of a client';

CREATE TABLE IF NOT EXISTS idempotency_key (
	owner VARCHAR(32) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL
		COMMENT 'c<client id>, u<user id> or k<hash of an application''s key>',
	key_hash BINARY(32) NOT NULL,
	request_hash BINARY(32) NOT NULL,
	status SMALLINT UNSIGNED NULL COMMENT 'of the answer; NULL until the request has finished',
	body MEDIUMBLOB NULL,
	expires_at DATETIME(3) NOT NULL,
	PRIMARY KEY (owner, key_hash),
	KEY expires_at (expires_at),
	CONSTRAINT idempotency_key_status CHECK (status IS NULL OR status BETWEEN 100 AND 599)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='first answers to Idempotency-Key';

-- Queues one message and its deliveries in one round trip. Where the recipient has unsubscribed and sending is not
-- forced, nothing is stored. p_commit: in a transaction of its own; otherwise in the caller's. Answers one row: the id,
-- or NULL.
-- p_mail_uuid and p_sms_uuid are NULL for a way the message does not go.
DELIMITER //
CREATE OR REPLACE PROCEDURE message_queue(
	IN p_commit BOOLEAN,
	IN p_client_id INT UNSIGNED,
	IN p_request_uuid BINARY(16),
	IN p_channel VARCHAR(16) CHARACTER SET ascii,
	IN p_email VARCHAR(320) CHARACTER SET utf8mb4,
	IN p_mail_to VARCHAR(254) CHARACTER SET ascii COLLATE ascii_general_nopad_ci,
	IN p_phone VARCHAR(64) CHARACTER SET utf8mb4,
	IN p_sms_to VARCHAR(254) CHARACTER SET ascii COLLATE ascii_general_nopad_ci,
	IN p_subject VARCHAR(998) CHARACTER SET utf8mb4,
	IN p_mail_content MEDIUMTEXT CHARACTER SET utf8mb4,
	IN p_sms_content MEDIUMTEXT CHARACTER SET utf8mb4,
	IN p_identifier1 VARCHAR(255) CHARACTER SET utf8mb4,
	IN p_identifier2 VARCHAR(255) CHARACTER SET utf8mb4,
	IN p_mail_originator VARCHAR(255) CHARACTER SET utf8mb4,
	IN p_sms_originator VARCHAR(64) CHARACTER SET utf8mb4,
	IN p_logo_url VARCHAR(2048) CHARACTER SET utf8mb4,
	IN p_force BOOLEAN,
	IN p_link BOOLEAN,
	IN p_test BOOLEAN,
	IN p_mail_uuid BINARY(16),
	IN p_mail_seconds INT UNSIGNED,
	IN p_sms_uuid BINARY(16),
	IN p_sms_seconds INT UNSIGNED)
MODIFIES SQL DATA
SQL SECURITY INVOKER
BEGIN
	DECLARE v_id BIGINT UNSIGNED DEFAULT NULL;
	DECLARE v_now DATETIME(3) DEFAULT UTC_TIMESTAMP(3);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		IF p_commit THEN
			ROLLBACK;
		END IF;
		RESIGNAL;
	END;

	-- One plain look at each way costs half of one NOT EXISTS in the INSERT.
	IF p_force OR NOT (
		(p_mail_uuid IS NOT NULL AND EXISTS (SELECT 1 FROM unsubscribe
			WHERE client_id = p_client_id AND channel = 'mail' AND address = p_mail_to))
		OR (p_sms_uuid IS NOT NULL AND EXISTS (SELECT 1 FROM unsubscribe
			WHERE client_id = p_client_id AND channel = 'sms' AND address = p_sms_to)))
	THEN
		IF p_commit THEN
			START TRANSACTION;
		END IF;
		INSERT INTO message (client_id, request_uuid, request_index, channel, email, phone, email_subject, email_content,
			sms_content, identifier1, identifier2, email_originator, sms_originator, logo_url, force_sending,
			unsubscribe_link, test_mode, created_at)
		VALUES (p_client_id, p_request_uuid, 0, p_channel, p_email, p_phone, p_subject, p_mail_content, p_sms_content,
			p_identifier1, p_identifier2, p_mail_originator, p_sms_originator, p_logo_url, p_force, p_link, p_test,
			v_now);
		SET v_id = LAST_INSERT_ID();
		IF p_mail_uuid IS NOT NULL THEN
			INSERT INTO delivery (message_id, channel, uuid, recipient, state, due_at, expires_at, sent_at)
			VALUES (v_id, 'mail', p_mail_uuid, p_mail_to, IF(p_test, 'sent', 'queued'), IF(p_test, NULL, v_now),
				v_now + INTERVAL p_mail_seconds SECOND, IF(p_test, v_now, NULL));
		END IF;
		IF p_sms_uuid IS NOT NULL THEN
			INSERT INTO delivery (message_id, channel, uuid, recipient, state, due_at, expires_at, sent_at)
			VALUES (v_id, 'sms', p_sms_uuid, p_sms_to, IF(p_test, 'sent', 'queued'), IF(p_test, NULL, v_now),
				v_now + INTERVAL p_sms_seconds SECOND, IF(p_test, v_now, NULL));
		END IF;
		IF p_commit THEN
			COMMIT;
		END IF;
	END IF;
	SELECT v_id;
END//
DELIMITER ;
