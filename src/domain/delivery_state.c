/*
 * The life of one delivery, and of a message made of one or two of them.
 */
#include <stdint.h>
#include <string.h>

#include "domain/delivery_state.h"

static const char *const names[DELIVERY_STATES] = {
	[DELIVERY_QUEUED] = "queued", [DELIVERY_CLAIMED] = "claimed", [DELIVERY_TRANSMITTING] = "transmitting",
	[DELIVERY_SENT] = "sent", [DELIVERY_DELIVERED] = "delivered", [DELIVERY_FAILED] = "failed",
	[DELIVERY_EXPIRED] = "expired", [DELIVERY_SUPPRESSED] = "suppressed", [DELIVERY_UNKNOWN] = "unknown"
};

/* What a message of several deliveries is called: the first of these that one of them is in. */
static const enum delivery_state precedence[] = {
	DELIVERY_QUEUED, DELIVERY_CLAIMED, DELIVERY_TRANSMITTING,
	DELIVERY_UNKNOWN, DELIVERY_FAILED, DELIVERY_EXPIRED, DELIVERY_SUPPRESSED, DELIVERY_SENT, DELIVERY_DELIVERED
};

const char *delivery_state_name(enum delivery_state state)
{
	return names[state];
}

enum delivery_state delivery_state_parse(const char *name)
{
	int state = 0;

	while (state < DELIVERY_STATES && strcmp(names[state], name) != 0)
		state++;
	return (enum delivery_state)state;
}

bool delivery_state_has_left(enum delivery_state state)
{
	return state == DELIVERY_SENT || state == DELIVERY_DELIVERED;
}

bool delivery_state_is_error(enum delivery_state state)
{
	return state == DELIVERY_FAILED || state == DELIVERY_EXPIRED || state == DELIVERY_SUPPRESSED ||
	       state == DELIVERY_UNKNOWN;
}

enum delivery_state delivery_state_of_message(const enum delivery_state *states, size_t n)
{
	for (size_t rank = 0; rank < sizeof(precedence) / sizeof(precedence[0]); rank++)
		for (size_t i = 0; i < n; i++)
			if (states[i] == precedence[rank])
				return precedence[rank];
	return DELIVERY_UNKNOWN;
}

long delivery_retry_delay(unsigned attempt, long first, long max, unsigned random)
{
	int64_t delay = first, spread;

	for (unsigned i = 1; i < attempt && delay < max; i++)
		delay *= 2;
	if (delay > max)
		delay = max;
	spread = delay / 5 * 2;
	delay = delay - spread / 2 + (int64_t)((double)random / ((double)UINT32_MAX + 1) * (double)(spread + 1));
	return delay < 1 ? 1 : (long)delay;
}
