/*
 * Single messages that several requests ask for, queued in one transaction.
 */
#ifndef COMMUNICATION_SEND_GROUP_H
#define COMMUNICATION_SEND_GROUP_H

#include "http/worker.h"

/*
 * Takes requests of one message each, without an Idempotency-Key, of clients who are remembered and within their rate;
 * the message must be right. Anything else is answered by a worker.
 */
extern const struct together send_together;

#endif
