/*
 * What happens to nearly every delivery: the claimed are transmitted, the transmitted are sent. Whole groups at once,
 * and without reading them first: each statement changes only what stands as it should, and the number of rows it
 * changed tells whether all did.
 *
 * That a row is as this claim left it also tells the number of its last event: nothing but a change of state adds one,
 * and no other way leads back to `claimed` or `transmitting` with the same claim id.
 */
#include "store/delivery_change.h"

enum { GROUPS = 4 };

#define TRANSMIT "UPDATE delivery SET state = 'transmitting', changes = changes + 1, error_message = NULL" \
	" WHERE state = 'claimed' AND claim_id = ? AND id IN"

/* Its arguments: what is told, the claim id. */
#define SENT "UPDATE delivery SET state = 'sent', due_at = NULL, changes = changes + 1," \
	" sent_at = COALESCE(sent_at, UTC_TIMESTAMP(3)), error_message = ?, remote_id = COALESCE(?, remote_id)," \
	" sms_encoding = COALESCE(?, sms_encoding), segments = COALESCE(?, segments)" \
	" WHERE state = 'transmitting' AND claim_id = ? AND id"

struct advance {
	struct db *db;
	struct pool *pool;
	const uint8_t *claim_id;
	const struct delivery_outcome **rest;   /* not dealt with yet */
	size_t n;
	struct delivery_change *changes;        /* of all, for their events */
	size_t n_changes;
};

bool delivery_is_usual(const struct delivery_outcome *outcome)
{
	return (outcome->state == DELIVERY_TRANSMITTING || outcome->state == DELIVERY_SENT) && outcome->number > 0;
}

/* Does the same happen to both, so that one statement can do it? */
static bool is_alike(const struct delivery_outcome *a, const struct delivery_outcome *b)
{
	if (a->state != b->state)
		return false;
	return a->state == DELIVERY_TRANSMITTING ||
	       (a->has_sms == b->has_sms && a->ucs2 == b->ucs2 && a->segments == b->segments &&
	        delivery_same_text(a->error, b->error) && delivery_same_text(a->remote_id, b->remote_id));
}

static void sent_values(const struct advance *a, const struct delivery_outcome *o, struct db_value v[DELIVERY_TOLD])
{
	struct delivery_change change = {.error = o->error};

	delivery_particulars(&change, o);
	delivery_told(a->pool, &change, v);
}

static enum db_status all_changed(enum db_status status, uint64_t affected, size_t n)
{
	return status == DB_OK && affected != n ? DB_NONE : status;
}

/* All those like the first of the rest, which they leave. */
static enum db_status advance_alike(struct advance *a)
{
	static const char *const transmit[3] = ROWS_IN(TRANSMIT), *const sent[3] = ROWS_IN(SENT " IN");
	const struct delivery_outcome *model = a->rest[0];
	struct db_value values[DELIVERY_TOLD + 1] = {db_bytes(a->claim_id, ID_UUID_SIZE)};
	uint64_t *ids = pool_alloc(a->pool, a->n * sizeof *ids), affected = 0;
	bool transmitting = model->state == DELIVERY_TRANSMITTING;
	enum db_status status;
	size_t alike = 0, kept = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (is_alike(model, a->rest[i]))
			ids[alike++] = a->rest[i]->id;
		else
			a->rest[kept++] = a->rest[i];
	}
	a->n = kept;
	if (!transmitting) {
		values[DELIVERY_TOLD] = values[0];
		sent_values(a, model, values);
	}
	status = rows_run_in(a->db, transmitting ? transmit : sent, values, transmitting ? 1 : DELIVERY_TOLD + 1, ids,
	                     alike, &affected);
	return all_changed(status, affected, alike);
}

/* What is left differs from row to row: sent, each with the name that the other side gave it. */
static enum db_status advance_each(struct advance *a)
{
	enum { COLUMNS = DELIVERY_TOLD + 2 };
	struct db_value *values = pool_alloc(a->pool, (a->n + 1) * COLUMNS * sizeof *values);
	enum db_status status;

	if (a->n == 0)
		return DB_OK;
	for (size_t i = 0; i < a->n; i++) {
		struct db_value *v = values + i * COLUMNS;

		sent_values(a, a->rest[i], v);
		v[DELIVERY_TOLD] = db_bytes(a->claim_id, ID_UUID_SIZE);
		v[DELIVERY_TOLD + 1] = db_u64(a->rest[i]->id);
	}
	status = db_bulk(a->db, SENT " = ?", values, COLUMNS, a->n);
	return all_changed(status, db_affected(a->db), a->n);
}

static void gather(struct advance *a, const struct delivery_outcome *outcomes, size_t n, enum delivery_state state)
{
	for (size_t i = 0; i < n; i++) {
		const struct delivery_outcome *o = &outcomes[i];

		if (o->state != state || !delivery_is_usual(o))
			continue;
		a->rest[a->n++] = o;
		a->changes[a->n_changes++] = (struct delivery_change){
			.found = true, .id = o->id, .number = o->number, .to = state,
			.from = state == DELIVERY_SENT ? DELIVERY_TRANSMITTING : DELIVERY_CLAIMED,
			.detail = state == DELIVERY_SENT ? o->error ? o->error : o->remote_id : NULL,
		};
	}
}

enum db_status delivery_advance(struct db *db, struct pool *pool, const char *sender,
                                const uint8_t claim_id[ID_UUID_SIZE], const struct delivery_outcome *outcomes,
                                size_t n)
{
	struct advance a = {.db = db, .pool = pool, .claim_id = claim_id,
	                    .rest = pool_alloc(pool, (n + 1) * sizeof *a.rest),
	                    .changes = pool_alloc(pool, (n + 1) * sizeof *a.changes)};
	enum db_status status = DB_OK;

	/* Those that are to be transmitted are all alike: they come first, so that none is among the last rest. */
	gather(&a, outcomes, n, DELIVERY_TRANSMITTING);
	gather(&a, outcomes, n, DELIVERY_SENT);
	for (int group = 0; group < GROUPS && a.n > 0 && status == DB_OK; group++)
		status = advance_alike(&a);
	if (status == DB_OK)
		status = advance_each(&a);
	if (status == DB_OK)
		status = delivery_events(db, pool, sender, a.changes, a.n_changes);
	return status == DB_DUPLICATE ? DB_NONE : status;
}
