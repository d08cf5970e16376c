/*
 * How deliveries change, for the files of store/delivery: rows are locked and read, changed together, and each change
 * of state gets its event in the same transaction.
 */
#ifndef STORE_DELIVERY_CHANGE_H
#define STORE_DELIVERY_CHANGE_H

#include "store/delivery.h"
#include "store/rows.h"

/* One locked row, and what it becomes. Text is borrowed. */
struct delivery_change {
	uint64_t id;
	uint64_t message_id;
	uint64_t number;                /* of its last event */
	enum delivery_state from;
	enum delivery_channel channel;
	bool ours;                      /* claimed with the claim id that was asked for */
	bool found;

	enum delivery_state to;
	int64_t due_at;                 /* ms, as it was, until set; 0: at rest, which every end must be */
	int64_t sent_at;                /* ms, kept if it is set already; 0: none */
	const char *error;              /* as it was, until set; NULL clears it */
	const char *remote_id;          /* NULL keeps it */
	const char *encoding;           /* NULL keeps it */
	unsigned segments;              /* 0 keeps it */
	const char *detail;             /* of the event; NULL: none */
};

/*
 * Locks the rows of `ids` and reads them into changes[i], in the same order; one that does not exist is not `found`.
 * claim_id may be NULL. *now_r is the server's time.
 */
enum db_status delivery_lock(struct db *db, struct pool *pool, const uint64_t *ids, size_t n, const uint8_t *claim_id,
                             struct delivery_change *changes, int64_t *now_r);

/* Applies the changes, writes an event for each whose state differs, and brings messages' has_error up to date. */
enum db_status delivery_apply(struct db *db, struct pool *pool, const char *sender,
                              const struct delivery_change *changes, size_t n);

/* Writes events number + 1 of the rows, in the state they have become. */
enum db_status delivery_events(struct db *db, struct pool *pool, const char *sender,
                               const struct delivery_change *changes, size_t n);

/* rows_run_in() for rows that are locked: none can be missing. */
enum db_status delivery_change_in(struct db *db, const char *const sql[3], const struct db_value *args, size_t n_args,
                                  const uint64_t *ids, size_t n);

/* What the outcome of a transmission tells besides the state, into the change. */
void delivery_particulars(struct delivery_change *change, const struct delivery_outcome *outcome);

/* error_message, remote_id, sms_encoding and segments of the change; all but the first are NULL for what is kept. */
enum { DELIVERY_TOLD = 4 };
void delivery_told(struct pool *pool, const struct delivery_change *change, struct db_value v[DELIVERY_TOLD]);

/* NULL is like NULL only. */
bool delivery_same_text(const char *a, const char *b);

/* TRANSMITTING or SENT, and it says which event was the last. */
bool delivery_is_usual(const struct delivery_outcome *outcome);

/*
 * Of the outcomes, records the usual ones: those that are TRANSMITTING, of deliveries that are claimed, and those that
 * are SENT, of deliveries that are transmitted, all with this claim id. Inside a transaction; DB_NONE: some stand
 * otherwise, and the transaction must not be committed.
 */
enum db_status delivery_advance(struct db *db, struct pool *pool, const char *sender,
                                const uint8_t claim_id[ID_UUID_SIZE], const struct delivery_outcome *outcomes,
                                size_t n);

const char *delivery_channel_name(enum delivery_channel channel);
enum delivery_channel delivery_channel_parse(const char *name);

/*
 * Text of the outside (an answer of a mail server) made to fit a column: valid UTF-8, at most `max` characters. NULL
 * is NULL.
 */
const char *delivery_fit(struct pool *pool, const char *text, size_t max);

enum { DELIVERY_ERROR_MAX = 500, DELIVERY_REMOTE_MAX = 255, DELIVERY_SENDER_MAX = 100 };

#endif
