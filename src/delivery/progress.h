/*
 * How a run of the sender goes: counted for the log's summary, and shown on a terminal.
 */
#ifndef DELIVERY_PROGRESS_H
#define DELIVERY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

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

/* Is it time to count what is due, for the number shown as left? Then progress_counted() is told. */
bool progress_wants_count(const struct progress *progress, int64_t now);
void progress_counted(struct progress *progress, uint64_t due);

/* At most twice a second, unless it is the end, which is also logged. */
void progress_show(struct progress *progress, bool end);

#endif
