/*
 * The life of one delivery, and of a message made of one or two of them.
 *
 *   queued -> claimed -> transmitting -> sent -> delivered
 *   and: failed, expired, suppressed, unknown
 */
#ifndef DOMAIN_DELIVERY_STATE_H
#define DOMAIN_DELIVERY_STATE_H

#include <stdbool.h>
#include <stddef.h>

enum delivery_state {
	DELIVERY_QUEUED, DELIVERY_CLAIMED, DELIVERY_TRANSMITTING, DELIVERY_SENT, DELIVERY_DELIVERED,
	DELIVERY_FAILED, DELIVERY_EXPIRED, DELIVERY_SUPPRESSED, DELIVERY_UNKNOWN,
	DELIVERY_STATES
};

const char *delivery_state_name(enum delivery_state state);

/* Returns DELIVERY_STATES for a name that is none. */
enum delivery_state delivery_state_parse(const char *name);

/* Has it left: sent or delivered? */
bool delivery_state_has_left(enum delivery_state state);

/* Did it end badly: failed, expired, suppressed or unknown? */
bool delivery_state_is_error(enum delivery_state state);

/*
 * The state shown for a message: while one delivery is under way, the least advanced of those; otherwise the first
 * present of unknown, failed, expired, suppressed, sent, delivered. `n` is at least 1.
 */
enum delivery_state delivery_state_of_message(const enum delivery_state *states, size_t n);

/*
 * Seconds to wait before attempt number `attempt` + 1 (attempt counts from 1): doubling from `first` up to `max`, then
 * jittered by -20 % to +20 % from `random` (any 32 random bits). Never below 1.
 */
long delivery_retry_delay(unsigned attempt, long first, long max, unsigned random);

#endif
