-- The messages that are reminders, for as long as they are kept: an operator who sends one again must not send it after the
-- start of its appointment, nor for an appointment that was cancelled or changed since.
CREATE TABLE IF NOT EXISTS reminder (
	message_id BIGINT UNSIGNED NOT NULL,
	start_at DATETIME NOT NULL COMMENT 'of the appointment: it never goes out after this',
	withdrawn BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'the appointment was cancelled, or changed in what it says',
	PRIMARY KEY (message_id),
	CONSTRAINT reminder_message FOREIGN KEY (message_id) REFERENCES message (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin COMMENT='reminders of appointments';

-- Those of before. One that was taken back for a change has left its appointment without a reminder that was sent.
INSERT IGNORE INTO reminder (message_id, start_at, withdrawn)
	SELECT a.reminder_message_id, a.start_at, a.status = 'cancelled' OR NOT a.reminder_sent
	FROM appointment a JOIN message m ON m.id = a.reminder_message_id;
