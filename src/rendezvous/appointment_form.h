/*
 * An appointment as clients see it: the body of a webhook, an element of the list.
 */
#ifndef RENDEZVOUS_APPOINTMENT_FORM_H
#define RENDEZVOUS_APPOINTMENT_FORM_H

#include "base/json_out.h"
#include "base/pool.h"
#include "store/appointment.h"

/* The members of the documented object, in its order, into the object that is open. */
void appointment_members(struct json_out *json, struct pool *pool, const struct appointment *appointment);

/* The webhook's body, exactly as documented: those members and no other. In the pool. */
const char *appointment_body(struct pool *pool, const struct appointment *appointment);

/* Stores the event that tells the appointment as it is now, in the transaction that changed it. */
enum db_status appointment_tell(struct db *db, struct pool *pool, const struct appointment *appointment, int64_t now,
                                int64_t lifetime);

#endif
