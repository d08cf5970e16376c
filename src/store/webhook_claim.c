/*
 * Claiming webhooks: what a sender may post now, so that no two ever post the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "store/rows.h"
#include "store/webhook_row.h"

struct claim {
	struct pool *pool;
	const struct webhook_wish *wish;
	struct webhook_share *shares;
	size_t n;
	uint64_t last;                  /* the client looked at last */
	size_t room;                    /* bytes of events that it may still take */
};

enum {
	CLAIM_MAX = 512,
	CLAIM_ROOM = 8 << 20,
	SHARE_MIN = 8,                  /* with many endpoints, rather some of them than too little of each */
	SHARES_MAX = CLAIM_MAX / SHARE_MIN,
	OVERTAKEN_MAX = 4               /* looks at what is due, while other senders take it first */
};

static void read_share(const struct db_rows *row, struct pool *pool, void *element)
{
	struct webhook_share *share = element;

	webhook_read_endpoint(row, pool, &share->endpoint);
}

/*
 * Endpoints that may be posted to and have something due, in turn; of some of them all may be claimed already. On a
 * cluster the node that is asked catches up first, which it would not do inside a transaction: what has become of them
 * is recorded on another connection.
 */
static enum db_status find_shares(struct db *db, struct claim *c)
{
	return rows_list(db, c->pool,
		"SET STATEMENT wsrep_sync_wait = 1 FOR SELECT w.client_id, '', w.url, w.secret, w.old_secret, FALSE, "
		"NULL, w.failures, w.retry_at, 0 FROM webhook_endpoint w WHERE w.disabled_at IS NULL AND (w.retry_at "
		"IS NULL OR w.retry_at <= UTC_TIMESTAMP(3)) AND (SELECT 1 FROM webhook_event e FORCE INDEX (client_due) "
		"WHERE e.client_id = "
		"w.client_id AND NOT e.told AND e.due_at <= UTC_TIMESTAMP(3) LIMIT 1) IS NOT NULL "
		"ORDER BY w.client_id <= ?, w.client_id LIMIT ?",
		DB_ARGS(db_u64(c->wish->last), db_u64(SHARES_MAX)), sizeof *c->shares, read_share, &c->shares, &c->n);
}

/* Outside a transaction it is for us to ask again, of another server maybe. */
static enum db_status find_shares_again(struct db *db, struct claim *c)
{
	for (unsigned attempt = 0;; attempt++) {
		enum db_status status = find_shares(db, c);

		if ((status != DB_LOST && status != DB_UNCERTAIN && status != DB_CONFLICT) || attempt + 1 == DB_ATTEMPTS)
			return status;
		db_wait(attempt);
	}
}

/*
 * What is due is looked up without locks, since a lock skipped in the test of order would let a later event overtake;
 * each row is then taken only while it still is due, so that two senders never take the same one. Only the oldest of
 * each appointment, even if it is due again later than those that follow it: they wait until it is told, or has
 * expired, which webhook_expire() writes down.
 */
static enum db_status find_after(struct db *db, struct claim *c, struct webhook_share *share, size_t max,
                                 struct webhook_mark mark)
{
	return rows_list_within(db, c->pool,
		"SELECT " WEBHOOK_EVENT_COLUMNS " FROM webhook_event e FORCE INDEX (client_due) WHERE e.client_id = ? "
		"AND NOT e.told AND e.due_at <= UTC_TIMESTAMP(3) AND (e.due_at > ? OR (e.due_at = ? AND e.id > ?)) "
		"AND (e.state = 'queued' OR e.lease_until <= UTC_TIMESTAMP(3)) AND e.expires_at > UTC_TIMESTAMP(3) "
		"AND NOT EXISTS (SELECT 1 FROM webhook_event p FORCE INDEX (appointment) "
		"WHERE p.appointment_id = e.appointment_id AND p.id < e.id AND NOT p.told "
		"AND (p.expires_at > UTC_TIMESTAMP(3) OR p.lease_until > UTC_TIMESTAMP(3))) "
		"ORDER BY e.due_at, e.id LIMIT ?",
		DB_ARGS(db_u64(share->endpoint.client_id), db_time(mark.due_at), db_time(mark.due_at), db_u64(mark.id),
		        db_u64(max)),
		&c->room, sizeof *share->events, webhook_read_event, &share->events, &share->n);
}

/*
 * Before the mark stands what this sender has in hand, and what it has told and the server has not yet cleared away,
 * thousands of rows: it is looked at only for want of others.
 */
static enum db_status find_due(struct db *db, struct claim *c, struct webhook_share *share, size_t max,
                               struct webhook_mark mark)
{
	size_t room = c->room;
	enum db_status status = find_after(db, c, share, max, mark);

	if (status == DB_OK && mark.id != 0 && share->n < max && c->room > 0) {
		c->room = room;
		status = find_after(db, c, share, max, (struct webhook_mark){0});
	}
	share->mark = (struct webhook_mark){0};
	if (share->n > 0 && share->n == max)
		share->mark = (struct webhook_mark){share->events[max - 1].due_at, share->events[max - 1].id};
	return status;
}

/* What the wish has room for, of one endpoint. */
static struct webhook_room room(const struct webhook_wish *wish, const struct webhook_endpoint *endpoint)
{
	if (endpoint->failures > 0)
		return (struct webhook_room){.room = 1};
	for (size_t i = 0; i < wish->n_rooms; i++)
		if (wish->rooms[i].client_id == endpoint->client_id)
			return wish->rooms[i];
	return (struct webhook_room){.room = wish->room};
}

static enum db_status find_all(struct db *db, struct claim *c, size_t *n_r)
{
	size_t size = c->wish->size < CLAIM_MAX ? c->wish->size : CLAIM_MAX, fair = c->n > 0 ? size / c->n : 0;
	enum db_status status = DB_OK;

	*n_r = 0;
	c->room = CLAIM_ROOM;
	for (size_t i = 0; i < c->n; i++)
		c->shares[i].n = 0;
	for (size_t i = 0; i < c->n && status == DB_OK && *n_r < size && c->room > 0; i++) {
		struct webhook_share *share = &c->shares[i];
		struct webhook_room wanted = room(c->wish, &share->endpoint);
		size_t max = wanted.room;

		if (max > (fair > SHARE_MIN ? fair : SHARE_MIN))
			max = fair > SHARE_MIN ? fair : SHARE_MIN;
		if (max > size - *n_r)
			max = size - *n_r;
		if (max > 0)
			status = find_due(db, c, share, max, wanted.mark);
		*n_r += share->n;
		c->last = share->endpoint.client_id;
	}
	return status;
}

static uint64_t *gather_ids(const struct claim *c, size_t n)
{
	uint64_t *ids = pool_alloc(c->pool, (n + 1) * sizeof *ids);
	size_t at = 0;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->shares[i].n; k++)
			ids[at++] = c->shares[i].events[k].id;
	return ids;
}

static enum db_status take(struct db *db, const struct claim *c, size_t n, uint64_t *taken_r)
{
	static const char *const sql[3] = ROWS_IN(
		"UPDATE webhook_event FORCE INDEX (PRIMARY) SET state = 'claimed', claim_id = ?,"
		" lease_until = UTC_TIMESTAMP(3) + INTERVAL ? SECOND, attempts = LEAST(attempts + 1, 65535),"
		" changed_at = UTC_TIMESTAMP(3) WHERE NOT told AND due_at <= UTC_TIMESTAMP(3) AND"
		" (state = 'queued' OR lease_until <= UTC_TIMESTAMP(3)) AND id IN");

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->shares[i].n; k++)
			c->shares[i].events[k].attempt++;
	return rows_run_in(db, sql, DB_ARGS(db_bytes(c->wish->claim_id, ID_UUID_SIZE), db_i64(c->wish->lease)),
	                   gather_ids(c, n), n, taken_r);
}

static void read_id(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(uint64_t *)element = db_col_u64(row, 0);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void keep_only(struct claim *c, const uint64_t *ids, size_t n)
{
	for (size_t i = 0; i < c->n; i++) {
		struct webhook_share *share = &c->shares[i];
		size_t kept = 0;

		for (size_t k = 0; k < share->n; k++)
			if (n > 0 && bsearch(&share->events[k].id, ids, n, sizeof *ids, by_id) != NULL)
				share->events[kept++] = share->events[k];
		share->n = kept;
	}
}

/* Leaves only what carries our claim: another sender took the rest meanwhile. */
static enum db_status keep_taken(struct db *db, struct claim *c, size_t n)
{
	static const char *const sql[3] = ROWS_IN_TAIL(
		"SELECT id FROM webhook_event FORCE INDEX (PRIMARY) WHERE state = 'claimed' AND claim_id = ? AND"
		" lease_until > UTC_TIMESTAMP(3) AND id IN", " ORDER BY id");
	uint64_t *taken = NULL;
	size_t n_taken = 0;
	enum db_status status = rows_list_in(db, c->pool, sql, DB_ARGS(db_bytes(c->wish->claim_id, ID_UUID_SIZE)),
	                                     gather_ids(c, n), n, NULL, sizeof *taken, read_id, &taken, &n_taken);

	if (status == DB_OK)
		keep_only(c, taken, n_taken);
	return status;
}

/* Inside a transaction. */
static enum db_status claim_due(struct db *db, void *arg)
{
	struct claim *c = arg;

	for (unsigned tries = 0; tries < OVERTAKEN_MAX; tries++) {
		uint64_t taken = 0;
		size_t n = 0;
		enum db_status status = find_all(db, c, &n);

		if (status == DB_OK && n > 0)
			status = take(db, c, n, &taken);
		if (status != DB_OK || taken == n)
			return status;
		if (taken > 0)
			return keep_taken(db, c, n);
	}
	c->n = 0;
	return DB_OK;
}

enum db_status webhook_claim(struct db *db, struct pool *pool, struct webhook_wish *wish,
                             struct webhook_share **shares_r, size_t *n_r)
{
	struct claim claim = {.pool = pool, .wish = wish, .last = wish->last};
	enum db_status status = find_shares_again(db, &claim);

	if (status == DB_OK && claim.n > 0)
		status = db_transaction(db, claim_due, &claim);
	*shares_r = claim.shares;
	*n_r = 0;
	if (status != DB_OK)            /* uncertain too: should it be ours, it is due again after the lease */
		return status;
	wish->last = claim.last;
	for (size_t i = 0; i < claim.n; i++)
		if (claim.shares[i].n > 0)
			claim.shares[(*n_r)++] = claim.shares[i];
	FAULT("webhook.claimed");
	return DB_OK;
}
