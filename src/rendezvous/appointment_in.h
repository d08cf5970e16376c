/*
 * Reads an appointment from the parameters of a request or of one item of a batch.
 */
#ifndef RENDEZVOUS_APPOINTMENT_IN_H
#define RENDEZVOUS_APPOINTMENT_IN_H

#include "http/params.h"
#include "store/appointment.h"

/*
 * Reads over `appointment`, which holds the defaults or what there was: a parameter that is not given stays. `change`:
 * the appointment exists. Returns NULL, or the message of the error (`invalid start_at`, `invalid recipient` …).
 * Checked: start before end, a duration that agrees, channels, a recipient who can be reached on the channel and on the
 * reminder channel.
 */
const char *appointment_in_read(struct pool *pool, const struct params *params, bool change,
                                struct appointment *appointment);

/* The defaults of a new one. */
void appointment_in_defaults(struct appointment *appointment);

#endif
