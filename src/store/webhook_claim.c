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
};

enum {
	CLAIM_MAX = 512,
	SHARE_MIN = 8,                  /* with many endpoints, rather some of them than too little of each */
	SHARES_MAX = CLAIM_MAX / SHARE_MIN,
	OVERTAKEN_MAX = 4               /* looks at what is due, while other senders take it first */
};

static void read_share(const struct db_rows *row, struct pool *pool, void *element)
{
	struct webhook_share *share = element;

	webhook_read_endpoint(row, pool, &share->endpoint);
}

/* Endpoints that may be posted to and have something due, in turn. */
static enum db_status find_shares(struct db *db, struct claim *c)
{
	return rows_list(db, c->pool,
		"SELECT w.client_id, '', w.url, w.secret, w.old_secret, FALSE, NULL, w.failures, w.retry_at, 0 FROM webhook_endpoint w"
		" WHERE w.disabled_at IS NULL AND (w.retry_at IS NULL OR w.retry_at <= UTC_TIMESTAMP(3)) AND (SELECT 1 FROM"
		" webhook_event e FORCE INDEX (client_due) WHERE e.client_id = w.client_id AND NOT e.told AND"
		" e.due_at <= UTC_TIMESTAMP(3) AND (e.state = 'queued' OR e.lease_until <= UTC_TIMESTAMP(3)) LIMIT 1)"
		" IS NOT NULL ORDER BY w.client_id <= ?, w.client_id LIMIT ?",
		DB_ARGS(db_u64(c->wish->last), db_u64(SHARES_MAX)), sizeof *c->shares, read_share, &c->shares, &c->n);
}

/*
 * What is due is looked up without locks, since a lock skipped in the test of order would let a later event overtake; each
 * row is then taken only while it still is due, so that two senders never take the same one.
 */
static enum db_status find_due(struct db *db, const struct claim *c, struct webhook_share *share, size_t max)
{
	return rows_list(db, c->pool,
		"SELECT " WEBHOOK_EVENT_COLUMNS " FROM webhook_event e FORCE INDEX (client_due) WHERE e.client_id = ? AND NOT e.told"
		" AND e.due_at <= UTC_TIMESTAMP(3) AND (e.state = 'queued' OR e.lease_until <= UTC_TIMESTAMP(3))"
		" ORDER BY e.due_at, e.id LIMIT ?",
		DB_ARGS(db_u64(share->endpoint.client_id), db_u64(max)), sizeof *share->events, webhook_read_event, &share->events,
		&share->n);
}

/* How much the wish has room for, of one endpoint. */
static size_t room(const struct webhook_wish *wish, const struct webhook_endpoint *endpoint)
{
	if (endpoint->failures > 0)
		return 1;
	for (size_t i = 0; i < wish->n_rooms; i++)
		if (wish->rooms[i].client_id == endpoint->client_id)
			return wish->rooms[i].room;
	return wish->room;
}

static enum db_status find_all(struct db *db, struct claim *c, size_t *n_r)
{
	enum db_status status = find_shares(db, c);
	size_t size = c->wish->size < CLAIM_MAX ? c->wish->size : CLAIM_MAX, fair = c->n > 0 ? size / c->n : 0;

	*n_r = 0;
	for (size_t i = 0; i < c->n && status == DB_OK && *n_r < size; i++) {
		struct webhook_share *share = &c->shares[i];
		size_t max = room(c->wish, &share->endpoint);

		if (max > (fair > SHARE_MIN ? fair : SHARE_MIN))
			max = fair > SHARE_MIN ? fair : SHARE_MIN;
		if (max > size - *n_r)
			max = size - *n_r;
		if (max > 0)
			status = find_due(db, c, share, max);
		*n_r += share->n;
		c->last = share->endpoint.client_id;
	}
	return status;
}

/* The events of all shares, as ids or as the appointments they belong to. */
static uint64_t *gather(const struct claim *c, size_t n, bool appointments)
{
	uint64_t *list = pool_alloc(c->pool, (n + 1) * sizeof *list);
	size_t at = 0;

	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->shares[i].n; k++)
			list[at++] = appointments ? c->shares[i].events[k].appointment_id : c->shares[i].events[k].id;
	return list;
}

/* Keeps the events for which `keep` says so. Returns how many. */
static size_t keep_events(struct claim *c, bool (*keep)(const struct webhook_event *event, void *list, size_t n), void *list,
                          size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < c->n; i++) {
		struct webhook_share *share = &c->shares[i];
		size_t kept = 0;

		for (size_t k = 0; k < share->n; k++)
			if (keep(&share->events[k], list, n))
				share->events[kept++] = share->events[k];
		share->n = kept;
		total += kept;
	}
	return total;
}

/* The oldest event that is not told yet, of an appointment that has several. */
struct head {
	uint64_t appointment_id, id;
};

static void read_head(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(struct head *)element = (struct head){db_col_u64(row, 0), db_col_u64(row, 1)};
}

static int by_first(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_head(const struct webhook_event *event, void *list, size_t n)
{
	const struct head *head = n == 0 ? NULL : bsearch(&event->appointment_id, list, n, sizeof *head, by_first);

	return head == NULL || head->id == event->id;
}

/*
 * What waits behind an older one of its appointment may fill all that was looked at, and hide that older one, whose next
 * attempt may be due later than itself, and every other appointment: looked up anew, event by event.
 */
static enum db_status find_heads(struct db *db, const struct claim *c, struct webhook_share *share, size_t max)
{
	return rows_list(db, c->pool,
		"SELECT " WEBHOOK_EVENT_COLUMNS " FROM webhook_event e FORCE INDEX (client_due) WHERE e.client_id = ? AND NOT e.told"
		" AND e.due_at <= UTC_TIMESTAMP(3) AND (e.state = 'queued' OR e.lease_until <= UTC_TIMESTAMP(3)) AND NOT EXISTS"
		" (SELECT 1 FROM webhook_event p FORCE INDEX (appointment) WHERE p.appointment_id = e.appointment_id AND NOT p.told"
		" AND p.id < e.id) ORDER BY e.due_at, e.id LIMIT ?",
		DB_ARGS(db_u64(share->endpoint.client_id), db_u64(max)), sizeof *share->events, webhook_read_event, &share->events,
		&share->n);
}

/* Of the shares that have lost some of what was found. */
static enum db_status find_hidden(struct db *db, const struct claim *c, const size_t *found, size_t *n)
{
	enum db_status status = DB_OK;

	*n = 0;
	for (size_t i = 0; i < c->n && status == DB_OK; i++) {
		if (c->shares[i].n < found[i])
			status = find_heads(db, c, &c->shares[i], found[i]);
		*n += c->shares[i].n;
	}
	return status;
}

/* Leaves only the oldest of each appointment: the others wait until it is told. */
static enum db_status keep_heads(struct db *db, struct claim *c, size_t *n)
{
	static const char *const sql[3] = ROWS_IN_TAIL(
		"SELECT p.appointment_id, MIN(p.id) FROM webhook_event p FORCE INDEX (appointment) WHERE NOT p.told AND"
		" p.appointment_id IN", " GROUP BY p.appointment_id HAVING COUNT(*) > 1 ORDER BY p.appointment_id");
	struct head *heads = NULL;
	size_t n_heads = 0, *found = pool_alloc(c->pool, (c->n + 1) * sizeof *found);
	enum db_status status;

	for (size_t i = 0; i < c->n; i++)
		found[i] = c->shares[i].n;
	status = rows_list_in(db, c->pool, sql, NULL, 0, gather(c, *n, true), *n, sizeof *heads, read_head, &heads,
	                      &n_heads);
	if (status != DB_OK || n_heads == 0)
		return status;
	keep_events(c, is_head, heads, n_heads);
	return find_hidden(db, c, found, n);
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
	                   gather(c, n, false), n, taken_r);
}

static void read_id(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(uint64_t *)element = db_col_u64(row, 0);
}

static bool is_taken(const struct webhook_event *event, void *list, size_t n)
{
	return n > 0 && bsearch(&event->id, list, n, sizeof event->id, by_first) != NULL;
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
	                                     gather(c, n, false), n, sizeof *taken, read_id, &taken, &n_taken);

	if (status == DB_OK)
		keep_events(c, is_taken, taken, n_taken);
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
			status = keep_heads(db, c, &n);
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

enum db_status webhook_claim(struct db *db, struct pool *pool, struct webhook_wish *wish, struct webhook_share **shares_r,
                             size_t *n_r)
{
	struct claim claim = {.pool = pool, .wish = wish, .last = wish->last};
	enum db_status status = db_transaction(db, claim_due, &claim);

	*shares_r = claim.shares;
	*n_r = 0;
	if (status != DB_OK)            /* uncertain too: should it be ours, it is due again after the lease */
		return status;
	wish->last = claim.last;
	for (size_t i = 0; i < claim.n; i++)
		if (claim.shares[i].n > 0)
			claim.shares[(*n_r)++] = claim.shares[i];
	if (*n_r > 0)
		FAULT("webhook.claimed");
	return DB_OK;
}
