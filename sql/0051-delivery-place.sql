-- Where a delivery stands in the queue: its state, with claimed and transmitting as one. The index over it moves twice in the
-- life of a delivery (taken, and left alone) instead of three times, which is most of what a change of state costs; due_at
-- stays as the claim set it while the delivery is held.

ALTER TABLE delivery
	ADD COLUMN IF NOT EXISTS place ENUM('queued', 'held', 'sent', 'delivered', 'failed', 'expired', 'suppressed', 'unknown')
		AS (IF(state IN ('claimed', 'transmitting'), 'held', state)) PERSISTENT AFTER state,
	ADD KEY IF NOT EXISTS due_in_place (channel, place, due_at),
	DROP KEY IF EXISTS due;
