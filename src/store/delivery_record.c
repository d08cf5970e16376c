/*
 * Recording what became of deliveries: by the sender that claimed them, by the gateway's reports, and of those whose
 * sender was never heard of again.
 */
#include <string.h>

#include "store/delivery_change.h"

struct record {
	const char *sender;
	const uint8_t *claim_id;
	const struct delivery_outcome *outcomes;
	size_t n;
	bool *lost;
	bool again;             /* whether the same was committed before is not known */
	bool carefully;         /* some rows stand otherwise than is usual: look at each */
};

/*
 * May the sender that holds the claim say so? From `unknown` too: it was swept while its sender was slow, and nobody
 * knows better; only an operator's resend gives the row to another claim.
 */
static bool is_legal(enum delivery_state from, enum delivery_state to)
{
	switch (to) {
	case DELIVERY_TRANSMITTING:
		return from == DELIVERY_CLAIMED;
	case DELIVERY_UNKNOWN:
		return from == DELIVERY_TRANSMITTING;
	case DELIVERY_SENT:
	case DELIVERY_QUEUED:
	case DELIVERY_FAILED:
	case DELIVERY_EXPIRED:
	case DELIVERY_SUPPRESSED:
		return from == DELIVERY_CLAIMED || from == DELIVERY_TRANSMITTING || from == DELIVERY_UNKNOWN;
	default:
		return false;
	}
}

/* The gateway's report overtook the sender's own record: what it said stands, and the rest is filled in. */
static bool was_overtaken(enum delivery_state from, enum delivery_state to)
{
	return to == DELIVERY_SENT && (from == DELIVERY_DELIVERED || from == DELIVERY_FAILED || from == DELIVERY_SENT);
}

/* Committed by the attempt that had no answer: only the holder of the claim could have done it. */
static bool is_done(const struct record *r, const struct delivery_change *change,
                    const struct delivery_outcome *outcome)
{
	return r->again && change->found && change->ours && change->from == outcome->state;
}

/* What is to be transmitted keeps its lease: it is the claim's, and the sender reckons with that. */
static void set_change(struct delivery_change *change, const struct delivery_outcome *outcome, int64_t now)
{
	change->to = outcome->state;
	if (outcome->state == DELIVERY_QUEUED)
		change->due_at = outcome->retry_at > 0 ? outcome->retry_at : now;
	else if (outcome->state != DELIVERY_TRANSMITTING)
		change->due_at = 0;
	change->sent_at = outcome->state == DELIVERY_SENT ? now : 0;
	change->error = outcome->error;
	change->detail = outcome->error ? outcome->error : outcome->remote_id;
}

/* Is it left to look at after delivery_advance()? */
static bool needs_care(const struct record *r, const struct delivery_outcome *outcome)
{
	return r->carefully || !delivery_is_usual(outcome);
}

static enum db_status record_carefully(struct db *db, struct pool *pool, struct record *r)
{
	uint64_t *ids = pool_alloc(pool, r->n * sizeof *ids);
	struct delivery_change *changes = pool_alloc(pool, r->n * sizeof *changes);
	size_t *of = pool_alloc(pool, r->n * sizeof *of), n = 0;
	int64_t now = 0;
	enum db_status status;

	for (size_t i = 0; i < r->n; i++) {
		if (!needs_care(r, &r->outcomes[i]))
			continue;
		of[n] = i;
		ids[n++] = r->outcomes[i].id;
	}
	if (n == 0)
		return DB_OK;
	status = delivery_lock(db, pool, ids, n, r->claim_id, changes, &now);
	for (size_t i = 0; i < n && status == DB_OK; i++) {
		const struct delivery_outcome *outcome = &r->outcomes[of[i]];
		bool legal = changes[i].found && changes[i].ours && is_legal(changes[i].from, outcome->state);
		bool overtaken = changes[i].found && changes[i].ours && was_overtaken(changes[i].from, outcome->state);

		if (legal)
			set_change(&changes[i], outcome, now);
		if (legal || overtaken)
			delivery_particulars(&changes[i], outcome);
		if (r->lost)
			r->lost[of[i]] = !legal && !overtaken && !is_done(r, &changes[i], outcome);
		changes[i].found = legal || overtaken;
	}
	if (status == DB_OK)
		status = delivery_apply(db, pool, r->sender, changes, n);
	return status;
}

static enum db_status record(struct db *db, void *arg)
{
	struct record *r = arg;
	struct pool *pool = pool_create();
	enum db_status status = DB_OK;

	if (!r->carefully)
		status = delivery_advance(db, pool, r->sender, r->claim_id, r->outcomes, r->n);
	if (status == DB_OK)
		status = record_carefully(db, pool, r);
	pool_free(pool);
	return status;
}

enum db_status delivery_record(struct db *db, const char *sender, const uint8_t claim_id[ID_UUID_SIZE],
                               const struct delivery_outcome *outcomes, size_t n, bool *lost_r)
{
	struct record r = {.sender = sender, .claim_id = claim_id, .outcomes = outcomes, .n = n, .lost = lost_r};
	enum db_status status = DB_OK;

	if (lost_r)
		memset(lost_r, 0, n * sizeof *lost_r);
	for (unsigned attempt = 0; attempt < DB_ATTEMPTS && n > 0; attempt++) {
		status = db_transaction(db, record, &r);
		if (status == DB_NONE && !r.carefully) {
			r.carefully = true;
			/* The claim may have been made on another connection, to a server that is ahead of this one's. */
			if (db_is_cluster(db))
				db_catch_up(db);
			continue;
		}
		if (status != DB_UNCERTAIN)
			break;
		r.again = r.carefully = true;
		db_wait(attempt);
	}
	return status;
}

struct report {
	uint64_t id, attempt;
	bool delivered;
	const char *detail;
};

/* The number of the event with which the last attempt began; 0: none has. */
static enum db_status last_claim(struct db *db, uint64_t id, uint64_t *number_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SELECT COALESCE(MAX(number), 0) FROM delivery_event WHERE delivery_id = ?"
	                               " AND state = 'claimed'", DB_ARGS(db_u64(id)), &rows);

	if (status != DB_OK)
		return status;
	*number_r = db_col_u64(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

/*
 * A report is about something that has been transmitted, and the first to say how that ended counts. Of an attempt
 * that has been given up for another, or is about to be, only one thing still matters: the person has it after all.
 * Then nothing more is sent, if it is not too late: whoever holds the claim asks before transmitting.
 */
static bool counts(const struct report *r, enum delivery_state from, uint64_t last)
{
	if (r->attempt != 0 && (r->attempt < last || from == DELIVERY_QUEUED))
		return r->delivered && from != DELIVERY_DELIVERED;
	return from == DELIVERY_SENT || from == DELIVERY_TRANSMITTING || from == DELIVERY_UNKNOWN;
}

static enum db_status report(struct db *db, void *arg)
{
	const struct report *r = arg;
	struct pool *pool = pool_create();
	struct delivery_change change;
	uint64_t last = 0;
	int64_t now = 0;
	enum db_status status = delivery_lock(db, pool, &r->id, 1, NULL, &change, &now);

	if (status == DB_OK && !change.found)
		status = DB_NONE;
	if (status == DB_OK && r->attempt != 0)
		status = last_claim(db, r->id, &last);
	if (status != DB_OK || !counts(r, change.from, last))
		goto err0;
	change.to = r->delivered ? DELIVERY_DELIVERED : DELIVERY_FAILED;
	change.due_at = 0;
	change.sent_at = r->delivered ? now : 0;
	change.error = r->delivered ? NULL : r->detail && *r->detail ? r->detail : "not delivered";
	change.detail = r->detail;
	status = delivery_apply(db, pool, "api", &change, 1);
err0:
	pool_free(pool);
	return status;
}

/* Done twice is done once: whatever is in doubt is done again. */
static enum db_status surely(struct db *db, enum db_status (*body)(struct db *db, void *arg), void *arg)
{
	enum db_status status = DB_UNCERTAIN;

	for (unsigned attempt = 0; attempt < DB_ATTEMPTS && status == DB_UNCERTAIN; attempt++) {
		if (attempt > 0)
			db_wait(attempt);
		status = db_transaction(db, body, arg);
	}
	return status;
}

enum db_status delivery_report(struct db *db, uint64_t delivery_id, uint64_t attempt, bool delivered,
                               const char *detail)
{
	struct report r = {.id = delivery_id, .attempt = attempt, .delivered = delivered, .detail = detail};

	return surely(db, report, &r);
}

enum { SWEEP_SIZE = 500 };

struct sweep {
	const char *sender;
	size_t n;
};

/* Some of those whose sender was not heard of within its lease. */
static enum db_status sweep(struct db *db, void *arg)
{
	struct sweep *s = arg;
	struct pool *pool = pool_create();
	struct delivery_change *changes = pool_alloc(pool, SWEEP_SIZE * sizeof *changes);
	struct db_rows *rows;
	size_t n = 0;
	enum db_status status = db_query(db,
		"SELECT id, message_id, changes FROM delivery FORCE INDEX (due_in_place)"
		" WHERE channel IN ('mail', 'sms') AND place = 'held' AND state = 'transmitting'"
		" AND due_at <= UTC_TIMESTAMP(3) LIMIT ? FOR UPDATE SKIP LOCKED",
		DB_ARGS(db_u64(SWEEP_SIZE)), &rows);

	if (status != DB_OK)
		goto err0;
	while (n < SWEEP_SIZE && (status = db_next(rows)) == DB_OK)
		changes[n++] = (struct delivery_change){
			.found = true, .id = db_col_u64(rows, 0), .message_id = db_col_u64(rows, 1),
			.number = db_col_u64(rows, 2), .from = DELIVERY_TRANSMITTING, .to = DELIVERY_UNKNOWN,
			.error = "whether it was delivered is not known",
			.detail = "its sender was not heard of again",
		};
	db_rows_end(rows);
	status = status == DB_NONE || status == DB_OK ? delivery_apply(db, pool, s->sender, changes, n) : status;
	s->n = n;
err0:
	pool_free(pool);
	return status;
}

enum db_status delivery_sweep(struct db *db, const char *sender, uint64_t *moved_r)
{
	struct sweep s = {.sender = sender, .n = SWEEP_SIZE};
	enum db_status status = DB_OK;

	*moved_r = 0;
	while (status == DB_OK && s.n == SWEEP_SIZE) {
		status = surely(db, sweep, &s);
		if (status == DB_OK)
			*moved_r += s.n;
	}
	return status;
}
