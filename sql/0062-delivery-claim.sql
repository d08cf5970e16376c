-- A delivery that has never been claimed has the room for its claim's id already: the first claim then changes no row's
-- size, and splits no page of rows that were written one after the other. No claim has an id of zeros. Takes no time:
-- rows that are there keep what they have.

ALTER TABLE delivery
	ALTER COLUMN claim_id SET DEFAULT 0x00000000000000000000000000000000;
