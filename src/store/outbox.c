/*
 * Queueing messages: one by a procedure in a single round trip, several of several requests by a block of statements in
 * one (outbox_group.c), many by array binding in a transaction.
 *
 * Every request carries a UUID of ours under a UNIQUE key. When the connection breaks during the commit, looking it up
 * tells whether the messages are there; and should the first attempt still be going on at the server, a second one with
 * the same UUID waits for it and is refused as a duplicate.
 */
#include <string.h>

#include "base/json_out.h"
#include "store/outbox_entry.h"

struct queue {
	struct db *db;
	struct pool *pool;
	struct outbox_entry *entries;
	size_t n;
};

static struct db_value uuid7(struct pool *pool)
{
	uint8_t *uuid = pool_alloc(pool, ID_UUID_SIZE);

	id_uuid7(uuid);
	return db_bytes(uuid, ID_UUID_SIZE);
}

/* One message: checked, stored and, when no transaction is open, committed in one round trip. */
static enum db_status queue_one(struct queue *queue)
{
	const struct outbox_entry *e = &queue->entries[0];
	struct outbox_message *m = e->message;
	struct db_rows *rows;
	enum db_status status = db_one(queue->db,
		"CALL message_queue(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		DB_ARGS(db_bool(!db_in_transaction(queue->db)), db_u64(e->client_id), db_bytes(e->uuid, ID_UUID_SIZE),
		        db_text(channel_name(m->channel)), db_text(m->email), db_text(m->email_to), db_text(m->phone),
		        db_text(m->phone_to), db_text(m->email_subject), db_text(m->email_content),
		        db_text(m->sms_content), db_text(m->identifier1), db_text(m->identifier2),
		        db_text(m->email_originator), db_text(m->sms_originator), db_text(m->logo_url),
		        db_bool(m->force_sending), db_bool(m->unsubscribe_link), db_bool(m->test_mode),
		        m->email_to ? uuid7(queue->pool) : db_null(), db_i64(e->lifetime.mail),
		        m->phone_to ? uuid7(queue->pool) : db_null(), db_i64(e->lifetime.sms)),
		&rows);

	if (status != DB_OK)
		return status == DB_NONE ? DB_BUG : status;
	m->id = db_col_u64(rows, 0);
	m->unsubscribed = db_col_null(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

/* The recipients that may not be written to without asking, as [[message, client, channel, address], …]. */
static void recipients(const struct queue *queue, struct text *text)
{
	struct json_out json;

	json_out_init(&json, text);
	json_array(&json);
	for (size_t i = 0; i < queue->n; i++) {
		const struct outbox_message *m = queue->entries[i].message;
		const char *addresses[] = {m->email_to, m->phone_to};

		for (int c = 0; c < 2 && !m->force_sending; c++) {
			if (!addresses[c])
				continue;
			json_array(&json);
			json_u64(&json, i);
			json_u64(&json, queue->entries[i].client_id);
			json_str(&json, c == 0 ? "mail" : "sms");
			json_str(&json, addresses[c]);
			json_array_end(&json);
		}
	}
	json_array_end(&json);
}

/*
 * Marks the messages whose recipient has unsubscribed: one query for all of them. It tells the server's time too, so
 * that rows that several hosts write are ordered by one clock.
 */
static enum db_status look_first(struct queue *queue, int64_t *now_r)
{
	struct text text = {0};
	struct db_rows *rows;
	enum db_status status;

	recipients(queue, &text);
	status = db_query(queue->db,
		"SELECT STRAIGHT_JOIN UTC_TIMESTAMP(3), found.message FROM (SELECT 1 AS one) always LEFT JOIN ("
		"JSON_TABLE(?, '$[*]' COLUMNS (message INT PATH '$[0]', client INT UNSIGNED PATH '$[1]',"
		" channel VARCHAR(4) CHARACTER SET ascii PATH '$[2]',"
		" address VARCHAR(254) CHARACTER SET ascii COLLATE ascii_general_nopad_ci PATH '$[3]')) found"
		" JOIN unsubscribe u ON u.client_id = found.client AND u.channel = found.channel"
		" AND u.address = found.address) ON TRUE",
		DB_ARGS(db_bytes(text.data, text.len)), &rows);
	text_free(&text);
	if (status != DB_OK)
		return status;
	for (size_t i = 0; i < queue->n; i++) {
		queue->entries[i].message->unsubscribed = false;
		queue->entries[i].message->id = 0;
	}
	while ((status = db_next(rows)) == DB_OK) {
		*now_r = db_col_time(rows, 0);
		if (!db_col_null(rows, 1) && db_col_u64(rows, 1) < queue->n)
			queue->entries[db_col_u64(rows, 1)].message->unsubscribed = true;
	}
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

void outbox_message_values(const struct outbox_entry *e, struct db_value v[OUTBOX_MESSAGE_VALUES])
{
	const struct outbox_message *m = e->message;
	const struct db_value row[OUTBOX_MESSAGE_VALUES] = {
		db_u64(e->client_id), db_bytes(e->uuid, ID_UUID_SIZE), db_u64(e->index),
		db_text(channel_name(m->channel)), db_text(m->email), db_text(m->phone), db_text(m->email_subject),
		db_text(m->email_content), db_text(m->sms_content), db_text(m->identifier1), db_text(m->identifier2),
		db_text(m->email_originator), db_text(m->sms_originator), db_text(m->logo_url),
		db_bool(m->force_sending), db_bool(m->unsubscribe_link), db_bool(m->test_mode),
	};

	memcpy(v, row, sizeof row);
}

enum { MESSAGE_COLUMNS = OUTBOX_MESSAGE_VALUES + 1, DELIVERY_COLUMNS = 8 };

static enum db_status insert_messages(struct queue *queue, int64_t now)
{
	struct db_value *values = pool_alloc(queue->pool, queue->n * MESSAGE_COLUMNS * sizeof *values), *v = values;

	for (size_t i = 0; i < queue->n; i++) {
		if (queue->entries[i].message->unsubscribed)
			continue;
		outbox_message_values(&queue->entries[i], v);
		v[OUTBOX_MESSAGE_VALUES] = db_time(now);
		v += MESSAGE_COLUMNS;
	}
	return db_bulk(queue->db,
		"INSERT INTO message (" OUTBOX_MESSAGE_COLUMNS ", created_at) VALUES (" OUTBOX_MESSAGE_MARKS ", ?)",
		values, MESSAGE_COLUMNS, (size_t)(v - values) / MESSAGE_COLUMNS);
}

/* Sets the id of the entry that a row (uuid, index, id) belongs to. They come in order, so the search is short. */
static bool set_id(struct queue *queue, const struct db_rows *rows, size_t *from)
{
	for (size_t looked = 0; looked < queue->n; looked++) {
		struct outbox_entry *e = &queue->entries[(*from + looked) % queue->n];

		if (e->index == db_col_u64(rows, 1) && db_col_size(rows, 0) == ID_UUID_SIZE &&
		    memcmp(e->uuid, db_col_text(rows, 0), ID_UUID_SIZE) == 0) {
			e->message->id = db_col_u64(rows, 2);
			e->message->unsubscribed = false;
			*from = (*from + looked + 1) % queue->n;
			return true;
		}
	}
	return false;
}

static enum db_status read_ids_of(struct queue *queue, const char *sql, const struct db_value *args, size_t n_args,
                                  bool *any_r)
{
	struct db_rows *rows;
	size_t from = 0;
	enum db_status status = db_query(queue->db, sql, args, n_args, &rows);

	if (status != DB_OK)
		return status;
	while ((status = db_next(rows)) == DB_OK)
		if (set_id(queue, rows, &from))
			*any_r = true;
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

#define UUIDS_16 "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
#define READ_IDS "SELECT request_uuid, request_index, id FROM message WHERE request_uuid"

/* What the sum of all ids, each multiplied by its index, is when they count up. */
static uint64_t sum_of_products(const struct queue *queue, uint64_t first, uint64_t step)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < queue->n; i++) {
		if (queue->entries[i].message->unsubscribed)
			continue;
		sum += first * queue->entries[i].index;
		first += step;
	}
	return sum;
}

static void count_up(struct queue *queue, uint64_t first, uint64_t step)
{
	for (size_t i = 0; i < queue->n; i++) {
		if (queue->entries[i].message->unsubscribed)
			continue;
		queue->entries[i].message->id = first;
		first += step;
	}
}

static size_t n_stored(const struct queue *queue)
{
	size_t n = 0;

	for (size_t i = 0; i < queue->n; i++)
		n += !queue->entries[i].message->unsubscribed;
	return n;
}

/*
 * The ids of a request whose messages were stored at once: they nearly always count up, and one row tells. They do when
 * the least and the greatest are as far apart as so many are then, and in the order of the messages when the sum of
 * products is as expected: any other order makes it smaller. DB_NONE: they do not, or are of several requests.
 */
static enum db_status read_ids_at_once(struct queue *queue)
{
	uint64_t n = n_stored(queue), first, step;
	struct db_rows *rows;
	enum db_status status;

	if (queue->entries[queue->n - 1].index + 1U != queue->n)
		return DB_NONE;
	status = db_one(queue->db,
		"SELECT COUNT(*), MIN(id), MAX(id), SUM(id * request_index), @@auto_increment_increment FROM message"
		" WHERE request_uuid = ?", DB_ARGS(db_bytes(queue->entries[0].uuid, ID_UUID_SIZE)), &rows);
	if (status != DB_OK)
		return status;
	first = db_col_u64(rows, 1);
	step = db_col_u64(rows, 4);
	if (db_col_u64(rows, 0) == n && db_col_u64(rows, 2) - first == (n - 1) * step &&
	    db_col_u64(rows, 3) == sum_of_products(queue, first, step))
		count_up(queue, first, step);
	else
		status = DB_NONE;
	db_rows_end(rows);
	return status;
}

/* The ids of what was stored; DB_NONE: nothing was. Messages of one request share a UUID. */
static enum db_status read_ids(struct queue *queue)
{
	enum { AT_ONCE = 16 };
	struct db_value uuids[AT_ONCE];
	bool any = false;
	size_t n = 0;
	enum db_status status = DB_OK;

	for (size_t i = 0; i < queue->n && status == DB_OK; i++) {
		const struct outbox_entry *e = &queue->entries[i];
		bool last = i + 1 == queue->n;

		if (i == 0 || memcmp(e->uuid, queue->entries[i - 1].uuid, ID_UUID_SIZE) != 0)
			uuids[n++] = db_bytes(e->uuid, ID_UUID_SIZE);
		if (n == 1 && last) {
			status = read_ids_of(queue, READ_IDS " = ?", uuids, 1, &any);
		} else if (n == AT_ONCE || (last && n > 0)) {
			while (n < AT_ONCE)
				uuids[n++] = db_null();
			status = read_ids_of(queue, READ_IDS " IN (" UUIDS_16 ")", uuids, AT_ONCE, &any);
			n = 0;
		}
	}
	return status == DB_OK && !any ? DB_NONE : status;
}

static void delivery_row(struct queue *queue, const struct outbox_entry *e, bool mail, int64_t now,
                         struct db_value v[DELIVERY_COLUMNS])
{
	const struct outbox_message *m = e->message;

	v[0] = db_u64(m->id);
	v[1] = db_text(mail ? "mail" : "sms");
	v[2] = uuid7(queue->pool);
	v[3] = db_text(mail ? m->email_to : m->phone_to);
	v[4] = db_text(m->test_mode ? "sent" : "queued");
	v[5] = m->test_mode ? db_null() : db_time(now);
	v[6] = db_time(now + (mail ? e->lifetime.mail : e->lifetime.sms) * 1000);
	v[7] = m->test_mode ? db_time(now) : db_null();
}

static enum db_status insert_deliveries(struct queue *queue, int64_t now)
{
	struct db_value *values = pool_alloc(queue->pool, queue->n * 2 * DELIVERY_COLUMNS * sizeof *values);
	size_t n = 0;

	for (size_t i = 0; i < queue->n; i++) {
		const struct outbox_message *m = queue->entries[i].message;

		if (!m->unsubscribed && m->id == 0)
			return DB_BUG;          /* stored a moment ago */
		if (!m->unsubscribed && m->email_to)
			delivery_row(queue, &queue->entries[i], true, now, values + n++ * DELIVERY_COLUMNS);
		if (!m->unsubscribed && m->phone_to)
			delivery_row(queue, &queue->entries[i], false, now, values + n++ * DELIVERY_COLUMNS);
	}
	return db_bulk(queue->db,
		"INSERT INTO delivery (message_id, channel, uuid, recipient, state, due_at, expires_at, sent_at)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values, DELIVERY_COLUMNS, n);
}

/* Inside a transaction. Repeatable: everything it sets, it sets anew. */
static enum db_status queue_many(struct db *db, void *arg)
{
	struct queue *queue = arg;
	int64_t now = 0;
	enum db_status status = look_first(queue, &now);

	(void)db;
	if (status != DB_OK || n_stored(queue) == 0)
		return status;
	status = insert_messages(queue, now);
	if (status == DB_OK)
		status = read_ids_at_once(queue);
	if (status == DB_NONE)
		status = read_ids(queue);
	if (status == DB_OK)
		status = insert_deliveries(queue, now);
	return status == DB_NONE ? DB_BUG : status;
}

static enum db_status queue_once(struct queue *queue)
{
	if (queue->n == 1)
		return queue_one(queue);
	if (db_in_transaction(queue->db))
		return queue_many(queue->db, queue);
	return db_transaction(queue->db, queue_many, queue);
}

enum db_status outbox_store(struct db *db, struct outbox_entry *entries, size_t n)
{
	struct queue queue = {.db = db, .pool = pool_create(), .entries = entries, .n = n};
	enum db_status status = outbox_group_store(db, entries, n);

	if (status == DB_NONE)
		status = db_transaction(db, queue_many, &queue);
	pool_free(queue.pool);
	return status;
}

/* Was it committed after all? */
static enum db_status settle(struct queue *queue)
{
	bool any = false;
	enum db_status status = read_ids_of(queue, "SET STATEMENT wsrep_sync_wait = 1 FOR " READ_IDS " = ?",
	                                    DB_ARGS(db_bytes(queue->entries[0].uuid, ID_UUID_SIZE)), &any);

	return status == DB_OK && !any ? DB_NONE : status;
}

/* In a transaction of its own, until it is known to be committed, or known not to be. */
static enum db_status queue_surely(struct queue *queue, bool doubtful)
{
	enum db_status status = DB_OK;

	for (unsigned attempt = 0; attempt < DB_ATTEMPTS; attempt++) {
		if (attempt > 0)
			db_wait(attempt);
		if (doubtful) {
			status = settle(queue);
			if (status == DB_OK)
				return DB_OK;
			if (status != DB_NONE)
				continue;
		}
		status = queue_once(queue);
		if (status == DB_UNCERTAIN || status == DB_DUPLICATE)
			doubtful = true;
		else if (status == DB_BUSY && doubtful) /* the first attempt holds its row, or has just ended */
			return settle(queue) == DB_OK ? DB_OK : DB_UNCERTAIN;
		else if (status != DB_LOST && status != DB_CONFLICT)
			return status;
	}
	return doubtful ? DB_UNCERTAIN : status;
}

bool outbox_goes_somewhere(const struct outbox_message *message)
{
	return message->email_to != NULL || message->phone_to != NULL;
}

static bool all_go_somewhere(const struct outbox_message *messages, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!outbox_goes_somewhere(&messages[i]))
			return false;
	return true;
}

enum db_status outbox_settle(struct db *db, struct outbox_entry *entry)
{
	return settle(&(struct queue){.db = db, .entries = entry, .n = 1});
}

enum db_status outbox_store_surely(struct db *db, struct outbox_entry *entry, bool doubtful)
{
	struct queue queue = {.db = db, .pool = pool_create(), .entries = entry, .n = 1};
	enum db_status status = outbox_goes_somewhere(entry->message) ? queue_surely(&queue, doubtful) : DB_REFUSED;

	pool_free(queue.pool);
	return status;
}

enum db_status outbox_queue(struct db *db, uint64_t client_id, const struct outbox_lifetime *lifetime,
                            struct outbox_message *messages, size_t n)
{
	struct queue queue = {.db = db, .n = n};
	uint8_t uuid[ID_UUID_SIZE];
	enum db_status status;

	if (n == 0)
		return DB_OK;
	if (n > UINT16_MAX || !all_go_somewhere(messages, n))
		return DB_REFUSED;
	queue.pool = pool_create();
	queue.entries = pool_alloc(queue.pool, n * sizeof *queue.entries);
	id_uuid7(uuid);
	for (size_t i = 0; i < n; i++) {
		queue.entries[i] = (struct outbox_entry){.client_id = client_id, .lifetime = *lifetime,
		                                         .index = (uint16_t)i, .message = &messages[i]};
		memcpy(queue.entries[i].uuid, uuid, ID_UUID_SIZE);
	}
	status = db_in_transaction(db) ? queue_once(&queue) : queue_surely(&queue, false);
	pool_free(queue.pool);
	return status;
}

enum db_status outbox_queue_in(struct db *db, uint64_t client_id, const struct outbox_lifetime *lifetime,
                               struct outbox_message *messages, size_t n)
{
	return db_in_transaction(db) ? outbox_queue(db, client_id, lifetime, messages, n) : DB_BUG;
}
