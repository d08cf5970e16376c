/*
 * How a run of the sender goes: counted for the log's summary, and shown on a terminal.
 */
#ifndef DELIVERY_PROGRESS_H
#define DELIVERY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "store/delivery.h"

struct progress {
	bool shown;
	int64_t began, shown_at, looked_at;
	uint64_t done;                          /* deliveries recorded with an end of any kind */
	uint64_t done_then;                     /* at shown_at, for the rate */
	uint64_t left;
	uint64_t counts[DELIVERY_SMS + 1][DELIVERY_STATES];
};

void progress_begin(struct progress *progress, bool shown);
void progress_count(struct progress *progress, enum delivery_channel channel, enum delivery_state state);

/* At most twice a second, unless it is the end, which is also logged. */
void progress_show(struct progress *progress, struct db *db, bool end);

#endif
