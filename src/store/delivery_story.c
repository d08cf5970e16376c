/*
 * What operators and pages ask about deliveries: counts, the story of a message, whose a delivery is; and sending
 * again.
 */
#include <string.h>

#include "store/delivery_change.h"

enum db_status delivery_counts(struct db *db, struct pool *pool, struct delivery_count **counts_r, size_t *n_r)
{
	enum { MAX = 2 * DELIVERY_STATES };
	struct delivery_count *counts = pool_alloc(pool, MAX * sizeof *counts);
	struct db_rows *rows;
	size_t n = 0;
	/* The oldest is the one of the smallest id: but for those a sender holds, the index alone is read. */
	enum db_status status = db_query(db,
		"SELECT d.channel, d.state, g.n, m.created_at FROM ("
		"SELECT COUNT(*) AS n, MIN(id) AS first FROM delivery FORCE INDEX (due_in_place) WHERE place <> 'held'"
		" GROUP BY channel, place UNION ALL"
		" SELECT COUNT(*), MIN(id) FROM delivery FORCE INDEX (due_in_place) WHERE channel IN ('mail', 'sms')"
		" AND place = 'held' GROUP BY channel, state) g JOIN delivery d ON d.id = g.first"
		" JOIN message m ON m.id = d.message_id ORDER BY d.channel, d.state", DB_NO_ARGS, &rows);

	if (status != DB_OK)
		return status;
	while (n < MAX && (status = db_next(rows)) == DB_OK)
		counts[n++] = (struct delivery_count){
			.channel = delivery_channel_parse(db_col_text(rows, 0)),
			.state = delivery_state_parse(db_col_text(rows, 1)),
			.n = db_col_u64(rows, 2), .oldest = db_col_time(rows, 3),
		};
	db_rows_end(rows);
	*counts_r = counts;
	*n_r = n;
	return status == DB_NONE ? DB_OK : status;
}

static enum db_status read_deliveries(struct db *db, struct pool *pool, uint64_t message_id,
                                      struct delivery_story *story)
{
	enum { MAX = sizeof story->deliveries / sizeof *story->deliveries };
	struct db_rows *rows;
	enum db_status status = db_query(db,
		"SELECT d.id, d.channel, d.uuid, d.recipient, d.state, d.attempts, d.due_at, d.expires_at, d.sent_at,"
		" d.error_message, d.remote_id, d.segments, c.name FROM delivery d"
		" JOIN message m ON m.id = d.message_id JOIN api_client c ON c.id = m.client_id"
		" WHERE d.message_id = ? ORDER BY d.id", DB_ARGS(db_u64(message_id)), &rows);

	if (status != DB_OK)
		return status;
	story->n_deliveries = 0;
	while (story->n_deliveries < MAX && (status = db_next(rows)) == DB_OK) {
		size_t i = story->n_deliveries++;

		story->deliveries[i].id = db_col_u64(rows, 0);
		story->deliveries[i].channel = delivery_channel_parse(db_col_text(rows, 1));
		if (db_col_size(rows, 2) == ID_UUID_SIZE)
			id_uuid_text((const uint8_t *)db_col_text(rows, 2), story->deliveries[i].uuid);
		story->deliveries[i].recipient = db_col_dup(rows, 3, pool);
		story->deliveries[i].state = delivery_state_parse(db_col_text(rows, 4));
		story->deliveries[i].attempts = (unsigned)db_col_u64(rows, 5);
		story->deliveries[i].due_at = db_col_time(rows, 6);
		story->deliveries[i].expires_at = db_col_time(rows, 7);
		story->deliveries[i].sent_at = db_col_time(rows, 8);
		story->deliveries[i].error = db_col_dup(rows, 9, pool);
		story->deliveries[i].remote_id = db_col_dup(rows, 10, pool);
		story->deliveries[i].segments = (unsigned)db_col_u64(rows, 11);
		story->client_name = db_col_dup(rows, 12, pool);
	}
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

static enum db_status read_events(struct db *db, struct pool *pool, uint64_t message_id, struct delivery_story *story)
{
	struct db_rows *rows;
	size_t room = 0;
	enum db_status status = db_query(db,
		"SELECT v.delivery_id, v.at, v.state, v.sender, v.detail FROM delivery d JOIN delivery_event v"
		" ON v.delivery_id = d.id WHERE d.message_id = ? ORDER BY v.at, v.delivery_id, v.number",
		DB_ARGS(db_u64(message_id)), &rows);

	if (status != DB_OK)
		return status;
	story->events = NULL;
	story->n_events = 0;
	while ((status = db_next(rows)) == DB_OK) {
		if (story->n_events == room) {
			struct delivery_event *old = story->events;

			room = room ? room * 2 : 16;
			story->events = pool_alloc(pool, room * sizeof *old);
			if (old)
				memcpy(story->events, old, story->n_events * sizeof *old);
		}
		story->events[story->n_events++] = (struct delivery_event){
			.delivery_id = db_col_u64(rows, 0), .at = db_col_time(rows, 1),
			.state = db_col_dup(rows, 2, pool), .sender = db_col_dup(rows, 3, pool),
			.detail = db_col_dup(rows, 4, pool),
		};
	}
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

enum db_status delivery_story(struct db *db, struct pool *pool, uint64_t message_id, struct delivery_story *story_r)
{
	enum db_status status = outbox_find(db, pool, message_id, &story_r->message);

	if (status == DB_OK)
		status = read_deliveries(db, pool, message_id, story_r);
	if (status == DB_OK)
		status = read_events(db, pool, message_id, story_r);
	return status;
}

enum db_status delivery_message(struct db *db, const uint8_t uuid[ID_UUID_SIZE], uint64_t *message_id_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SELECT message_id FROM delivery WHERE uuid = ?",
	                               DB_ARGS(db_bytes(uuid, ID_UUID_SIZE)), &rows);

	if (status != DB_OK)
		return status;
	*message_id_r = db_col_u64(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

enum db_status delivery_target(struct db *db, struct pool *pool, uint64_t delivery_id, struct delivery_target *target_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db,
		"SELECT m.client_id, c.name, d.channel, d.recipient FROM delivery d"
		" JOIN message m ON m.id = d.message_id JOIN api_client c ON c.id = m.client_id WHERE d.id = ?",
		DB_ARGS(db_u64(delivery_id)), &rows);

	if (status != DB_OK)
		return status;
	*target_r = (struct delivery_target){
		.client_id = db_col_u64(rows, 0), .client_name = db_col_dup(rows, 1, pool),
		.channel = delivery_channel_parse(db_col_text(rows, 2)), .recipient = db_col_dup(rows, 3, pool),
	};
	db_rows_end(rows);
	return DB_OK;
}

enum { RESEND_SIZE = 500, SECOND = 1000 };

struct resend {
	const struct outbox_lifetime *lifetime;
	uint64_t message_id;            /* of this message, or */
	const char *channel, *state;    /* all of this channel and state, */
	uint64_t after;                 /* a part at a time: ids beyond this one */
	uint64_t last;
	size_t looked, moved, left_out;
};

/* A message that is a reminder. */
struct reminder {
	uint64_t message_id;
	int64_t end;                    /* ms: it must have left by then; 0: it must not go */
};

static void read_reminder(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(struct reminder *)element = (struct reminder){
		.message_id = db_col_u64(row, 0), .end = db_col_bool(row, 2) ? 0 : db_col_time(row, 1) - SECOND,
	};
}

/*
 * Until when each of the locked deliveries may go: a reminder until its appointment begins. Read with a lock: a change
 * of the appointment, which locks the delivery before it withdraws the reminder, comes before all this or after it.
 */
static enum db_status read_ends(struct db *db, struct pool *pool, const struct delivery_change *changes, size_t n,
                                int64_t *ends)
{
	static const char *const sql[3] = ROWS_IN_TAIL(
		"SELECT message_id, start_at, withdrawn FROM reminder WHERE message_id IN", " LOCK IN SHARE MODE");
	uint64_t *ids = pool_alloc(pool, (n + 1) * sizeof *ids);
	struct reminder *reminders = NULL;
	size_t n_reminders = 0;
	enum db_status status;

	for (size_t i = 0; i < n; i++)
		ids[i] = changes[i].message_id;
	status = rows_list_in(db, pool, sql, DB_NO_ARGS, ids, n, NULL, sizeof *reminders, read_reminder, &reminders,
	                      &n_reminders);
	for (size_t i = 0; i < n; i++) {
		ends[i] = INT64_MAX;
		for (size_t k = 0; status == DB_OK && k < n_reminders; k++)
			if (reminders[k].message_id == changes[i].message_id)
				ends[i] = reminders[k].end;
	}
	return status;
}

static enum db_status resend_ids(struct db *db, struct resend *r, uint64_t ids[RESEND_SIZE], size_t *n_r)
{
	static const char of_message[] = "SELECT id FROM delivery WHERE message_id = ? ORDER BY id";
	static const char of_state[] =
		"SELECT id FROM delivery FORCE INDEX (due_in_place) WHERE channel = ? AND place = ?"
		" AND due_at IS NULL AND id > ? ORDER BY id LIMIT ?";
	struct db_rows *rows;
	enum db_status status;

	if (r->message_id)
		status = db_query(db, of_message, DB_ARGS(db_u64(r->message_id)), &rows);
	else
		status = db_query(db, of_state, DB_ARGS(db_text(r->channel), db_text(r->state), db_u64(r->after),
		                                        db_u64(RESEND_SIZE)), &rows);
	*n_r = 0;
	if (status != DB_OK)
		return status;
	while (*n_r < RESEND_SIZE && (status = db_next(rows)) == DB_OK)
		ids[(*n_r)++] = db_col_u64(rows, 0);
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

/* Another claim may begin on it, and a sender of before has no say any more. */
static enum db_status requeue(struct db *db, struct pool *pool, const struct resend *r,
                              const struct delivery_change *changes, const int64_t *ends, size_t n, int64_t now)
{
	enum { COLUMNS = 2 };
	struct db_value *values = pool_alloc(pool, n * COLUMNS * sizeof *values);
	size_t rows = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t seconds = changes[i].channel == DELIVERY_MAIL ? r->lifetime->mail : r->lifetime->sms;
		int64_t end = now + seconds * SECOND;

		if (!changes[i].found)
			continue;
		values[rows * COLUMNS] = db_time(end < ends[i] ? end : ends[i]);
		values[rows++ * COLUMNS + 1] = db_u64(changes[i].id);
	}
	return db_bulk(db, "UPDATE delivery SET expires_at = ?, attempts = 0, claim_id = NULL, sent_at = NULL,"
	               " remote_id = NULL WHERE id = ?", values, COLUMNS, rows);
}

/* As it is now that it is locked: another operator, or a report, may have been faster. */
static void choose(struct resend *r, struct delivery_change *c, int64_t end, int64_t now)
{
	c->found = c->found && delivery_state_is_error(c->from) &&
	           (r->message_id || strcmp(delivery_state_name(c->from), r->state) == 0);
	if (c->found && end <= now) {
		c->found = false;
		r->left_out++;
	}
	c->to = DELIVERY_QUEUED;
	c->due_at = now;
	c->error = NULL;
	r->moved += c->found;
}

static enum db_status resend(struct db *db, void *arg)
{
	struct resend *r = arg;
	struct pool *pool = pool_create();
	struct delivery_change *changes = pool_alloc(pool, RESEND_SIZE * sizeof *changes);
	uint64_t ids[RESEND_SIZE];
	int64_t ends[RESEND_SIZE], now = 0;
	size_t n;
	enum db_status status = resend_ids(db, r, ids, &n);

	if (status == DB_OK)
		status = delivery_lock(db, pool, ids, n, NULL, changes, &now);
	r->looked = n;
	r->last = n > 0 ? ids[n - 1] : r->after;
	r->moved = r->left_out = 0;
	if (status == DB_OK)
		status = read_ends(db, pool, changes, n, ends);
	for (size_t i = 0; i < n && status == DB_OK; i++)
		choose(r, &changes[i], ends[i], now);
	if (status == DB_OK)
		status = requeue(db, pool, r, changes, ends, n, now);
	if (status == DB_OK)
		status = delivery_apply(db, pool, "operator", changes, n);
	pool_free(pool);
	return status;
}

enum db_status delivery_resend(struct db *db, uint64_t message_id, const struct outbox_lifetime *lifetime,
                               struct delivery_resent *resent_r)
{
	struct resend r = {.lifetime = lifetime, .message_id = message_id};
	enum db_status status = db_transaction(db, resend, &r);

	*resent_r = (struct delivery_resent){0};
	if (status == DB_OK)
		*resent_r = (struct delivery_resent){.queued = r.moved, .left_out = r.left_out};
	return status == DB_OK && r.looked == 0 ? DB_NONE : status;
}

enum db_status delivery_resend_state(struct db *db, enum delivery_state state, const struct outbox_lifetime *lifetime,
                                     struct delivery_resent *resent_r)
{
	enum db_status status = DB_OK;

	*resent_r = (struct delivery_resent){0};
	if (!delivery_state_is_error(state))
		return DB_REFUSED;
	for (int channel = DELIVERY_MAIL; channel <= DELIVERY_SMS && status == DB_OK; channel++) {
		struct resend r = {.lifetime = lifetime, .state = delivery_state_name(state),
		                   .channel = delivery_channel_name((enum delivery_channel)channel)};

		do {
			status = db_transaction(db, resend, &r);
			if (status == DB_OK) {
				resent_r->queued += r.moved;
				resent_r->left_out += r.left_out;
			}
			r.after = r.last;
		} while (status == DB_OK && r.looked == RESEND_SIZE);
	}
	return status;
}
