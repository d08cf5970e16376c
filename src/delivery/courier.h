/*
 * The sender's work: claim what is due, render, hand to the transports, record what became of it, until nothing is due.
 */
#ifndef DELIVERY_COURIER_H
#define DELIVERY_COURIER_H

#include <stdbool.h>

#include "base/settings.h"
#include "db/db.h"

struct courier_options {
	bool once;              /* one claim a channel, instead of until nothing is due */
	bool progress;          /* show on standard error how it goes */
	int companion;          /* a process that is to end when this one is told to; 0: none */
	int signals;            /* a signalfd: anything to read there means to finish what is in progress and end */
};

/* Returns 0, or -1 when something could not be done or not be recorded; it has been logged. */
int courier_run(const struct settings *settings, struct db *db, const struct courier_options *options);

/* Says on standard output what is due now, and sends nothing. Returns 0, or -1 after logging. */
int courier_look(struct db *db);

#endif
