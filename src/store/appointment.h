/*
 * Appointments (rendez-vous) of a client, and their reminders. A change and the webhook event that tells it are one
 * transaction.
 */
#ifndef STORE_APPOINTMENT_H
#define STORE_APPOINTMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "db/db.h"

struct appointment {
	uint64_t id;
	uint64_t client_id;
	const char *status;             /* "preset", "approved", "cancelled" */
	const char *channel;            /* "email", "sms", "both" */
	int64_t start_at, end_at;       /* ms, whole seconds */
	const char *location;           /* NULL: none */
	uint32_t reminder_delay;        /* hours */
	const char *reminder_channel;   /* "disabled", "email", "sms", "both" */
	bool reminder_sent;
	uint64_t reminder_message;      /* of the last reminder; 0: none */
	uint8_t change[ID_UUID_SIZE];   /* the request that made the last change; zeros: none did */
	const char *first_name, *last_name, *email, *phone;     /* as given; NULL: none */
	const char *variables;          /* JSON array of {name, content}, compact */
	int64_t created_at, updated_at;
};

struct appointment_filter {
	const char *status;             /* NULL: any */
	int64_t from, until;            /* ms of the start; 0: no bound */
	uint64_t before_id;             /* 0: from the newest */
	uint32_t limit;
	uint64_t offset;
};

/*
 * Writes run in the caller's transaction. Add sets the ids, in order; request_uuid is the request's own, chosen before.
 */
enum db_status appointment_add(struct db *db, uint64_t client, const uint8_t request_uuid[16], uint32_t index,
                               struct appointment *appointment);

/* Locks the row for the transaction. DB_NONE: no such appointment of this client. Text in the pool. */
enum db_status appointment_lock(struct db *db, struct pool *pool, uint64_t client, uint64_t id,
                                struct appointment *appointment_r);
enum db_status appointment_update(struct db *db, uint64_t client, const struct appointment *appointment);

/*
 * Takes back the reminder of a locked appointment as far as it has not left: its deliveries that are still queued, or
 * held by a sender that has not begun to transmit them, are suppressed. Unless `in_part`, only if none has left, or may
 * have. *whole_r: nothing of it has left, nor will; what had failed or expired before is as good as taken back.
 */
enum db_status appointment_take_back(struct db *db, struct pool *pool, const struct appointment *appointment,
                                     bool in_part, bool *whole_r);

/* Newest first; ends early when it gets too long (ROWS_PAGE_ROOM). DB_NONE: before_id is not this client's. */
enum db_status appointment_list(struct db *db, struct pool *pool, uint64_t client,
                                const struct appointment_filter *filter, struct appointment **list_r, size_t *n_r);

/* Reminders due at `now`, oldest first, after `after` (zeros: from the first). */
struct appointment_due {
	int64_t at;
	uint64_t id;
};
enum db_status appointment_reminders(struct db *db, struct pool *pool, int64_t now, struct appointment_due after,
                                     uint32_t limit, struct appointment_due **list_r, size_t *n_r);

/*
 * Locks an appointment whose reminder is due at `now`, in the caller's transaction. DB_NONE: another run has dealt with
 * it.
 */
enum db_status appointment_lock_reminder(struct db *db, struct pool *pool, uint64_t id, int64_t now,
                                         struct appointment *appointment_r);

/* The reminder was queued as `message`, or (0) will not be: it is not due any more. */
enum db_status appointment_reminded(struct db *db, const struct appointment *appointment, uint64_t message,
                                    int64_t now);

/* What the last reminder says is not so any more: however it ended, nobody is to send it again. */
enum db_status appointment_withdraw_reminder(struct db *db, const struct appointment *appointment);

#endif
