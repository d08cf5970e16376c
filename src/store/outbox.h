/*
 * Outbound messages as clients queue and follow them. What the sender does with them is store/delivery.h.
 */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"
#include "domain/channel.h"
#include "domain/delivery_state.h"

/* One message to queue. Text is borrowed; NULL is absent (distinct from ""). */
struct outbox_message {
	enum channel channel;           /* as asked */
	const char *email;              /* as given */
	const char *email_to;           /* as sent, address_email(); NULL when no mail goes out */
	const char *phone;
	const char *phone_to;           /* address_phone(); NULL when no SMS goes out */
	const char *email_subject;
	const char *email_content;
	const char *sms_content;
	const char *identifier1;
	const char *identifier2;
	const char *email_originator;
	const char *sms_originator;
	const char *logo_url;
	bool force_sending;
	bool unsubscribe_link;
	bool test_mode;                 /* stored as already sent, never transmitted */

	/* Set when it is queued. */
	uint64_t id;
	bool unsubscribed;              /* refused: the recipient has unsubscribed; nothing was stored for it */
};

/* How long deliveries are tried, in seconds. */
struct outbox_lifetime {
	int64_t mail;
	int64_t sms;
};

/*
 * Queues n messages (1 to 1,000) and their deliveries, in the transaction that the caller runs (or in one of its own
 * when there is none), leaving out those whose recipient unsubscribed from that client and channel, unless
 * force_sending; a message on both channels is refused when either is unsubscribed. Ids are set in order. A request
 * UUID under a UNIQUE key lets an uncertain commit be settled: DB_OK means committed (or, inside the caller's
 * transaction, done).
 */
enum db_status outbox_queue(struct db *db, uint64_t client_id, const struct outbox_lifetime *lifetime,
                            struct outbox_message *messages, size_t n);

/* A message of a request of its own. */
struct outbox_single {
	uint64_t client_id;
	struct outbox_lifetime lifetime;
	struct outbox_message *message;
	/* Set by outbox_queue_singles(). DB_NONE: nothing was stored, and outbox_queue() is to be tried. */
	enum db_status status;
};

/*
 * Queues n messages of as many requests, of any clients, together: in one transaction for a few of them, so that what
 * hinders one hinders those. No transaction may be open.
 */
void outbox_queue_singles(struct db *db, struct outbox_single *singles, size_t n);

/* The same inside a transaction that is already open. */
enum db_status outbox_queue_in(struct db *db, uint64_t client_id, const struct outbox_lifetime *lifetime,
                               struct outbox_message *messages, size_t n);

/* A message as GET /v1/messages lists it. Text is in the pool. */
struct outbox_listed {
	struct outbox_message message;
	bool has_error;
	const char *error_message;
	enum delivery_state state;
	int64_t created_at;
	int64_t sent_at;                /* 0: not yet; for two deliveries the later one, once both have left */
};

enum outbox_flag { OUTBOX_ANY = 0, OUTBOX_YES, OUTBOX_NO };

struct outbox_filter {
	enum outbox_flag with_error;
	enum outbox_flag test_mode;
	const char *identifier1;        /* NULL: any */
	const char *identifier2;
	int64_t from;                   /* ms; created at or after; 0: no bound */
	int64_t until;                  /* ms; created at or before; 0: no bound */
	uint64_t before_id;             /* 0: from the newest */
	uint32_t limit;
	uint64_t offset;
};

/* Newest first. Never another client's messages. DB_NONE: before_id is not a message of this client. */
enum db_status outbox_list(struct db *db, struct pool *pool, uint64_t client_id, const struct outbox_filter *filter,
                           struct outbox_listed **listed_r, size_t *n_r);

/* One message, whoever queued it: for operators. DB_NONE: no such message. */
enum db_status outbox_find(struct db *db, struct pool *pool, uint64_t id, struct outbox_listed *listed_r);

/* Counts of messages by state for the identifiers given (NULL: any; not both NULL). All zero: no such message. */
enum db_status outbox_status(struct db *db, uint64_t client_id, const char *identifier1, const char *identifier2,
                             uint64_t counts_r[DELIVERY_STATES]);

#endif
