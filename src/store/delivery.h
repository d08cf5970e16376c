/*
 * Deliveries as the sender works through them: claim, transmit, record; and what an operator asks about them.
 *
 * A delivery row that something must still happen to has `due_at`: when a queued one may be claimed, when the lease of
 * a claimed or transmitting one ends. Rows at rest have none, so the index on (channel, place, due_at) finds due rows
 * at once.
 * Every change of state is written to delivery_event in the same transaction.
 */
#ifndef STORE_DELIVERY_H
#define STORE_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "db/db.h"
#include "domain/delivery_state.h"
#include "store/attachment.h"
#include "store/outbox.h"

enum delivery_channel { DELIVERY_MAIL = 1, DELIVERY_SMS = 2 };

/* One claimed delivery with all that is needed to render and send it. Text is in the claim's pool. */
struct delivery {
	uint64_t id;
	uint64_t message_id;
	uint64_t client_id;
	const char *client_name;
	enum delivery_channel channel;
	uint8_t uuid[ID_UUID_SIZE];
	const char *recipient;          /* SMTP address or E.164 */
	unsigned attempt;               /* this one, counting from 1 */
	uint64_t number;                /* of its last event, the claim */
	int64_t created_at;             /* ms */
	int64_t expires_at;             /* ms */
	bool unsubscribed;              /* by now, and not forced: to be suppressed */
	bool unsubscribe_link;
	const char *subject;
	const char *content;            /* of this channel, verbatim */
	const char *originator;         /* of this channel, or NULL */
	const char *logo_url;
	struct attachment *attachments; /* of a mail */
	size_t n_attachments;
};

/*
 * Claims up to `size` due deliveries of one channel for `lease` seconds: one short transaction, FOR UPDATE SKIP
 * LOCKED, committed before it returns; an uncertain commit is settled by looking the claim id up. Claimed rows whose
 * lease ran out are due again. DB_OK with *n_r 0: nothing is due. Fewer when they are so long that the sender could not
 * hold them.
 */
enum db_status delivery_claim(struct db *db, struct pool *pool, enum delivery_channel channel, const char *sender,
                              uint32_t size, int64_t lease, struct delivery **deliveries_r, size_t *n_r);

/* Moves transmitting deliveries whose lease ran out to unknown; nothing else ever leaves that state by itself. */
enum db_status delivery_sweep(struct db *db, const char *sender, uint64_t *moved_r);

/* What became of one delivery. */
struct delivery_outcome {
	uint64_t id;
	enum delivery_state state;      /* TRANSMITTING, QUEUED (to retry), or an end but DELIVERED */
	uint64_t number;                /* of the event before this one; 0: not known, which takes longer */
	int64_t retry_at;               /* ms, for QUEUED */
	const char *error;              /* shown to the client; NULL for none */
	const char *remote_id;          /* what the other side called it; NULL keeps */
	bool has_sms;                   /* the next two are set */
	bool ucs2;
	unsigned segments;
};

/*
 * Records many outcomes in one transaction, committed when it returns DB_OK. A row is changed only while it is ours
 * (claim id) and in a state from which the change is legal; `lost_r` (may be NULL; n entries) tells which were not:
 * those must not be transmitted.
 */
enum db_status delivery_record(struct db *db, const char *sender, const uint8_t claim_id[ID_UUID_SIZE],
                               const struct delivery_outcome *outcomes, size_t n, bool *lost_r);

/* The claim id that the last delivery_claim() of this process used. */
void delivery_claim_id(uint8_t out[ID_UUID_SIZE]);

/*
 * A delivery report from the gateway about one attempt, by the number of its claim's event (0: not known, taken for the
 * last): sent, transmitting or unknown become delivered or failed. Once the delivery was queued again, that an attempt
 * before was not delivered says nothing any more; that it was delivered ends the delivery, however far it has got: the
 * person has it. DB_NONE: no such delivery.
 */
enum db_status delivery_report(struct db *db, uint64_t delivery_id, uint64_t attempt, bool delivered,
                               const char *detail);

/* How many are due now, and when the next one falls due (0: none waits), for --dry-run, progress and metrics. */
enum db_status delivery_due(struct db *db, enum delivery_channel channel, uint64_t *n_r, int64_t *next_r);

/* Counts and ages for `bailleurctl queue` and /metrics: one row a channel and state that has any. */
struct delivery_count {
	enum delivery_channel channel;
	enum delivery_state state;
	uint64_t n;
	int64_t oldest;                 /* created_at of the oldest, ms */
};
enum db_status delivery_counts(struct db *db, struct pool *pool, struct delivery_count **counts_r, size_t *n_r);

/* The whole story of one message, for `bailleurctl why`. */
struct delivery_event {
	uint64_t delivery_id;
	int64_t at;
	const char *state;
	const char *sender;             /* host:pid that made the change, or `api`, `operator` */
	const char *detail;             /* or NULL */
};
struct delivery_story {
	struct outbox_listed message;
	const char *client_name;
	struct {
		uint64_t id;
		enum delivery_channel channel;
		char uuid[ID_UUID_TEXT];
		const char *recipient;
		enum delivery_state state;
		unsigned attempts;
		int64_t due_at, expires_at, sent_at;
		const char *error, *remote_id;
		unsigned segments;
	} deliveries[2];
	size_t n_deliveries;
	struct delivery_event *events;
	size_t n_events;
};
enum db_status delivery_story(struct db *db, struct pool *pool, uint64_t message_id, struct delivery_story *story_r);

/*
 * The message that a delivery belongs to, by the UUID that its Message-ID or the gateway's reference shows. DB_NONE:
 * none.
 */
enum db_status delivery_message(struct db *db, const uint8_t uuid[ID_UUID_SIZE], uint64_t *message_id_r);

/*
 * Puts deliveries of a message (or all that are unknown, or failed) back to queued, with a fresh deadline. That of a
 * reminder ends with the start of its appointment; it is left out when that has begun, was changed or cancelled.
 */
struct delivery_resent {
	uint64_t queued, left_out;
};
enum db_status delivery_resend(struct db *db, uint64_t message_id, const struct outbox_lifetime *lifetime,
                               struct delivery_resent *resent_r);
enum db_status delivery_resend_state(struct db *db, enum delivery_state state, const struct outbox_lifetime *lifetime,
                                     struct delivery_resent *resent_r);

/*
 * Makes every delivery unknown that is queued, claimed or transmitting, whenever it is due: a backup was put back, and
 * they may have been sent since it was made. Some at a time, each part one transaction; harmless to repeat. No sender
 * must be at work: one that is keeps what it has begun to transmit, and sends it.
 */
enum db_status delivery_hold(struct db *db, uint64_t *held_r);

/*
 * Lets the numbers of messages, deliveries and appointments go on far beyond those there are: those given since a
 * backup was made stand in links, with gateways and with clients, and must not come to mean something else.
 */
enum db_status delivery_skip_ids(struct db *db);

/* Deliveries that are unknown, of one channel, by their ids from `after` on. DB_OK with *n_r 0: no more. */
struct delivery_doubt {
	uint64_t id, message_id;
	const char *client_name;
	enum delivery_channel channel;
	char uuid[ID_UUID_TEXT];
	const char *recipient;
	int64_t created_at, since;      /* ms */
};
enum db_status delivery_doubts(struct db *db, struct pool *pool, enum delivery_channel channel, uint64_t after,
                               uint32_t limit, struct delivery_doubt **list_r, size_t *n_r);

/* Where one delivery goes and for whom, for the unsubscribe page. DB_NONE: no such delivery. Text in the pool. */
struct delivery_target {
	uint64_t client_id;
	const char *client_name;
	enum delivery_channel channel;
	const char *recipient;
};
enum db_status delivery_target(struct db *db, struct pool *pool, uint64_t delivery_id,
                               struct delivery_target *target_r);

#endif
