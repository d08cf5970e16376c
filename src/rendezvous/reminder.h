/*
 * Reminders of appointments: queued once, in time, or not at all.
 */
#ifndef RENDEZVOUS_REMINDER_H
#define RENDEZVOUS_REMINDER_H

#include "base/settings.h"
#include "db/db.h"

/*
 * Queues every reminder that is due at `now` (ms): the message, the mark that it was sent, and the event that says so
 * are one transaction. One whose appointment has begun is marked as not to be sent. Safe to run twice at once and after
 * any downtime. *sent_r counts the messages queued. One that cannot be queued is logged, keeps no other waiting, and
 * makes the result something else than DB_OK.
 */
enum db_status reminder_run(struct db *db, const struct settings *settings, int64_t now, uint64_t *sent_r);

#endif
