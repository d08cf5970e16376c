/*
 * Posts the changes of appointments to the clients' endpoints (Standard Webhooks).
 *
 * It works beside the courier, in a process of its own, so that endpoints that are slow or dead hold up neither mails
 * nor SMS, nor each other. Delivery is at least once: a repeat carries the same webhook-id, by which the other side
 * knows it. What is posted when the process dies is not recorded, and is posted again once its lease is over; at most
 * some hundreds.
 */
#ifndef DELIVERY_WEBHOOKS_H
#define DELIVERY_WEBHOOKS_H

#include <stdbool.h>

#include "base/settings.h"
#include "db/db.h"

/*
 * Posts what is due until nothing is, or once; ends early when there is anything to read on `signals` (a signalfd).
 * Returns 0, or -1 when something could not be done or not be recorded; it has been logged.
 */
int webhooks_run(const struct settings *settings, struct db *db, bool once, int signals);

#endif
