/*
 * Queueing messages: one by a procedure in a single round trip, many by array binding in a transaction.
 *
 * Every request carries a UUID of ours under a UNIQUE key. When the connection breaks during the commit, looking it up
 * tells whether the messages are there; and should the first attempt still be going on at the server, a second one with
 * the same UUID waits for it and is refused as a duplicate.
 */
#include <string.h>

#include "base/id.h"
#include "base/json_out.h"
#include "store/outbox.h"

struct queue {
	struct db *db;
	struct pool *pool;
	uint64_t client_id;
	const struct outbox_lifetime *lifetime;
	struct outbox_message *messages;
	size_t n;
	uint8_t uuid[ID_UUID_SIZE];
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
	struct outbox_message *m = &queue->messages[0];
	struct db_rows *rows;
	enum db_status status = db_one(queue->db,
		"CALL message_queue(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		DB_ARGS(db_bool(!db_in_transaction(queue->db)), db_u64(queue->client_id),
		        db_bytes(queue->uuid, ID_UUID_SIZE), db_text(channel_name(m->channel)), db_text(m->email),
		        db_text(m->email_to), db_text(m->phone), db_text(m->phone_to), db_text(m->email_subject),
		        db_text(m->email_content), db_text(m->sms_content), db_text(m->identifier1), db_text(m->identifier2),
		        db_text(m->email_originator), db_text(m->sms_originator), db_text(m->logo_url),
		        db_bool(m->force_sending), db_bool(m->unsubscribe_link), db_bool(m->test_mode),
		        m->email_to ? uuid7(queue->pool) : db_null(), db_i64(queue->lifetime->mail),
		        m->phone_to ? uuid7(queue->pool) : db_null(), db_i64(queue->lifetime->sms)),
		&rows);

	if (status != DB_OK)
		return status == DB_NONE ? DB_BUG : status;
	m->id = db_col_u64(rows, 0);
	m->unsubscribed = db_col_null(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

/* The recipients that may not be written to without asking, as [[message, channel, address], …]; false: there are none. */
static bool recipients(struct queue *queue, struct text *text)
{
	struct json_out json;
	bool any = false;

	json_out_init(&json, text);
	json_array(&json);
	for (size_t i = 0; i < queue->n; i++) {
		const struct outbox_message *m = &queue->messages[i];
		const char *addresses[] = {m->email_to, m->phone_to};

		for (int c = 0; c < 2 && !m->force_sending; c++) {
			if (!addresses[c])
				continue;
			json_array(&json);
			json_u64(&json, i);
			json_str(&json, c == 0 ? "mail" : "sms");
			json_str(&json, addresses[c]);
			json_array_end(&json);
			any = true;
		}
	}
	json_array_end(&json);
	return any;
}

/* Marks the messages whose recipient has unsubscribed: one query for all of them. */
static enum db_status mark_unsubscribed(struct queue *queue)
{
	struct text text = {0};
	struct db_rows *rows;
	enum db_status status = DB_OK;

	for (size_t i = 0; i < queue->n; i++)
		queue->messages[i].unsubscribed = false;
	if (!recipients(queue, &text))
		goto err0;
	status = db_query(queue->db,
		"SELECT STRAIGHT_JOIN r.message FROM JSON_TABLE(?, '$[*]' COLUMNS (message INT PATH '$[0]',"
		" channel VARCHAR(4) CHARACTER SET ascii PATH '$[1]',"
		" address VARCHAR(254) CHARACTER SET ascii COLLATE ascii_general_nopad_ci PATH '$[2]')) r"
		" JOIN unsubscribe u ON u.client_id = ? AND u.channel = r.channel AND u.address = r.address",
		DB_ARGS(db_bytes(text.data, text.len), db_u64(queue->client_id)), &rows);
	if (status != DB_OK)
		goto err0;
	while ((status = db_next(rows)) == DB_OK)
		if (db_col_u64(rows, 0) < queue->n)
			queue->messages[db_col_u64(rows, 0)].unsubscribed = true;
	db_rows_end(rows);
	if (status == DB_NONE)
		status = DB_OK;
err0:
	text_free(&text);
	return status;
}

enum { MESSAGE_COLUMNS = 18, DELIVERY_COLUMNS = 9 };

static void message_row(const struct queue *queue, size_t i, struct db_value v[MESSAGE_COLUMNS])
{
	const struct outbox_message *m = &queue->messages[i];
	const struct db_value row[MESSAGE_COLUMNS] = {
		db_u64(queue->client_id), db_bytes(queue->uuid, ID_UUID_SIZE), db_u64(i), db_text(channel_name(m->channel)),
		db_text(m->email), db_text(m->phone), db_text(m->email_subject), db_text(m->email_content),
		db_text(m->sms_content), db_text(m->identifier1), db_text(m->identifier2), db_text(m->email_originator),
		db_text(m->sms_originator), db_text(m->logo_url), db_bool(m->force_sending), db_bool(m->unsubscribe_link),
		db_bool(m->test_mode), db_null(),
	};

	memcpy(v, row, sizeof row);
}

static enum db_status insert_messages(struct queue *queue, int64_t now)
{
	struct db_value *values = pool_alloc(queue->pool, queue->n * MESSAGE_COLUMNS * sizeof *values);
	size_t n = 0;

	for (size_t i = 0; i < queue->n; i++) {
		if (queue->messages[i].unsubscribed)
			continue;
		message_row(queue, i, values + n * MESSAGE_COLUMNS);
		values[n++ * MESSAGE_COLUMNS + MESSAGE_COLUMNS - 1] = db_time(now);
	}
	return db_bulk(queue->db,
		"INSERT INTO message (client_id, request_uuid, request_index, channel, email, phone, email_subject,"
		" email_content, sms_content, identifier1, identifier2, email_originator, sms_originator, logo_url,"
		" force_sending, unsubscribe_link, test_mode, created_at)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", values, MESSAGE_COLUMNS, n);
}

/* The ids of the request's messages, in order; DB_NONE: it has stored none. */
static enum db_status read_ids(struct queue *queue, const char *sql)
{
	struct db_rows *rows;
	bool any = false;
	enum db_status status = db_query(queue->db, sql, DB_ARGS(db_bytes(queue->uuid, ID_UUID_SIZE)), &rows);

	if (status != DB_OK)
		return status;
	while ((status = db_next(rows)) == DB_OK) {
		uint64_t i = db_col_u64(rows, 0);

		if (i < queue->n)
			queue->messages[i].id = db_col_u64(rows, 1);
		any = true;
	}
	db_rows_end(rows);
	return status == DB_NONE && any ? DB_OK : status;
}

static void delivery_row(struct queue *queue, const struct outbox_message *m, bool mail, int64_t now,
                         struct db_value v[DELIVERY_COLUMNS])
{
	int64_t seconds = mail ? queue->lifetime->mail : queue->lifetime->sms;

	v[0] = db_u64(m->id);
	v[1] = db_text(mail ? "mail" : "sms");
	v[2] = uuid7(queue->pool);
	v[3] = db_text(mail ? m->email_to : m->phone_to);
	v[4] = db_text(m->test_mode ? "sent" : "queued");
	v[5] = m->test_mode ? db_null() : db_time(now);
	v[6] = db_time(now + seconds * 1000);
	v[7] = m->test_mode ? db_time(now) : db_null();
	v[8] = db_u64(0);
}

static enum db_status insert_deliveries(struct queue *queue, int64_t now)
{
	struct db_value *values = pool_alloc(queue->pool, queue->n * 2 * DELIVERY_COLUMNS * sizeof *values);
	size_t n = 0;

	for (size_t i = 0; i < queue->n; i++) {
		const struct outbox_message *m = &queue->messages[i];

		if (!m->unsubscribed && m->email_to)
			delivery_row(queue, m, true, now, values + n++ * DELIVERY_COLUMNS);
		if (!m->unsubscribed && m->phone_to)
			delivery_row(queue, m, false, now, values + n++ * DELIVERY_COLUMNS);
	}
	return db_bulk(queue->db,
		"INSERT INTO delivery (message_id, channel, uuid, recipient, state, due_at, expires_at, sent_at, attempts)"
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values, DELIVERY_COLUMNS, n);
}

/* The server's clock, so that rows of several hosts are ordered by one. */
static enum db_status server_time(struct db *db, int64_t *now_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SELECT UTC_TIMESTAMP(3)", DB_NO_ARGS, &rows);

	if (status != DB_OK)
		return status;
	*now_r = db_col_time(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

/* Inside a transaction. Repeatable: everything it sets, it sets anew. */
static enum db_status queue_many(struct db *db, void *arg)
{
	struct queue *queue = arg;
	bool any = false;
	int64_t now;
	enum db_status status = server_time(db, &now);

	if (status == DB_OK)
		status = mark_unsubscribed(queue);
	if (status != DB_OK)
		return status;
	for (size_t i = 0; i < queue->n; i++) {
		queue->messages[i].id = 0;
		any = any || !queue->messages[i].unsubscribed;
	}
	if (!any)
		return DB_OK;
	status = insert_messages(queue, now);
	if (status == DB_OK)
		status = read_ids(queue, "SELECT request_index, id FROM message WHERE request_uuid = ?");
	if (status == DB_OK)
		status = insert_deliveries(queue, now);
	return status == DB_NONE ? DB_BUG : status;
}

/* A message must go somewhere, or nobody would ever hear of it again. */
static bool all_go_somewhere(const struct outbox_message *messages, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!messages[i].email_to && !messages[i].phone_to)
			return false;
	return true;
}

static enum db_status queue_once(struct queue *queue)
{
	if (queue->n == 1)
		return queue_one(queue);
	if (db_in_transaction(queue->db))
		return queue_many(queue->db, queue);
	return db_transaction(queue->db, queue_many, queue);
}

/* Was it committed after all? On a cluster the node that is asked catches up first. */
static enum db_status settle(struct queue *queue)
{
	return read_ids(queue, "SET STATEMENT wsrep_sync_wait = 1 FOR SELECT request_index, id FROM message"
	                " WHERE request_uuid = ?");
}

/* In a transaction of its own, until it is known to be committed, or known not to be. */
static enum db_status queue_surely(struct queue *queue)
{
	enum db_status status = DB_OK;
	bool doubtful = false;

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
		else if (status != DB_LOST && status != DB_CONFLICT)
			return status;
	}
	return doubtful ? DB_UNCERTAIN : status;
}

enum db_status outbox_queue(struct db *db, uint64_t client_id, const struct outbox_lifetime *lifetime,
                            struct outbox_message *messages, size_t n)
{
	struct queue queue = {.db = db, .client_id = client_id, .lifetime = lifetime, .messages = messages, .n = n};
	enum db_status status;

	if (n == 0)
		return DB_OK;
	if (!all_go_somewhere(messages, n))
		return DB_REFUSED;
	queue.pool = pool_create();
	id_uuid7(queue.uuid);
	status = db_in_transaction(db) ? queue_once(&queue) : queue_surely(&queue);
	pool_free(queue.pool);
	return status;
}

enum db_status outbox_queue_in(struct db *db, uint64_t client_id, const struct outbox_lifetime *lifetime,
                               struct outbox_message *messages, size_t n)
{
	return db_in_transaction(db) ? outbox_queue(db, client_id, lifetime, messages, n) : DB_BUG;
}
