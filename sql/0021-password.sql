-- Forgotten passwords: who may set a new one.

-- One row an account: a new request takes the place of the one before. The token itself is nowhere in the database: here
-- is its hash, and the mail that carries it is sealed. A row without user_id stands for a request that no mail answers (no
-- such account, or asked too often); it is written so that such a request costs what every other does.
CREATE TABLE IF NOT EXISTS password_reset (
	account BINARY(32) NOT NULL COMMENT 'hash of the account, or of the name that is none',
	user_id BIGINT UNSIGNED NULL,
	token_hash BINARY(32) NOT NULL,
	password_mark BINARY(32) NOT NULL COMMENT 'hash of the stored hash then: any change voids the token',
	expires_at DATETIME(3) NOT NULL,
	PRIMARY KEY (account),
	UNIQUE KEY token_hash (token_hash),
	KEY expires_at (expires_at),
	CONSTRAINT password_reset_user FOREIGN KEY (user_id) REFERENCES user_account (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='who may set a new password';
