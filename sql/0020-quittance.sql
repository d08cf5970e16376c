-- Mails to tenants: attachments of outbound messages, and what was sent to whom.

-- Files that go with a mail, frozen when it is queued: what was sent can be shown again.
CREATE TABLE IF NOT EXISTS message_attachment (
	message_id BIGINT UNSIGNED NOT NULL,
	position SMALLINT UNSIGNED NOT NULL,
	name VARCHAR(100) NOT NULL,
	type VARCHAR(100) CHARACTER SET ascii COLLATE ascii_nopad_bin NOT NULL,
	content MEDIUMBLOB NOT NULL,
	PRIMARY KEY (message_id, position),
	CONSTRAINT message_attachment_message FOREIGN KEY (message_id) REFERENCES message (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='files that go with a mail';

-- So that the sender looks for attachments only where there are some.
ALTER TABLE message ADD COLUMN IF NOT EXISTS attachments TINYINT UNSIGNED NOT NULL DEFAULT 0
	COMMENT 'rows of message_attachment';

-- Whose messages these are: no client of Communication, so its key opens nothing.
INSERT INTO api_client (name, auth_key, secret_hash, rate, burst, disabled_at, created_at)
SELECT 'Gestion', 'gestion', REPEAT(CHAR(0), 32), 1, 1, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM DUAL
WHERE NOT EXISTS (SELECT 1 FROM api_client WHERE auth_key = 'gestion');

-- One row a mail to a tenant, as the API lists them; written in the transaction that queues the message.
CREATE TABLE IF NOT EXISTS tenant_mail (
	id BINARY(12) NOT NULL,
	user_id BIGINT UNSIGNED NOT NULL,
	locataire_id BINARY(12) NOT NULL,
	message_id BIGINT UNSIGNED NOT NULL,
	type ENUM('quittance', 'compte') NOT NULL,
	sent_on DATETIME(3) NOT NULL,
	recipient VARCHAR(254) NOT NULL,
	objet VARCHAR(255) NOT NULL,
	body TEXT NOT NULL,
	montant DECIMAL(12,2) NOT NULL,
	description VARCHAR(255) NOT NULL,
	PRIMARY KEY (id),
	KEY tenant_mail_order (user_id, locataire_id, sent_on),
	CONSTRAINT tenant_mail_locataire FOREIGN KEY (user_id, locataire_id) REFERENCES locataire (user_id, id),
	CONSTRAINT tenant_mail_message FOREIGN KEY (message_id) REFERENCES message (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='mails to tenants, as their landlord sees them';
