/*
 * Writes that happen once.
 */
#include "access/once.h"

#include <string.h>

#include "store/idempotency.h"

enum { KEY_MAX = 255, SETTLE_ATTEMPTS = 3 };

bool once_key_is_valid(const struct request *request)
{
	const char *key = request->idempotency_key;
	size_t len = key != NULL ? strlen(key) : 1;

	for (size_t i = 0; key != NULL && i < len; i++)
		if (key[i] < 0x20 || key[i] > 0x7e)
			return false;
	return len >= 1 && len <= KEY_MAX;
}

static void replay(struct request *request, const struct idempotency_answer *kept)
{
	response_json(request, kept->status);
	text_add(request->body, kept->body, kept->len);
	response_header(request, "Idempotent-Replayed", "true");
}

static enum db_status work_and_keep(const struct once *once, struct db *db)
{
	struct request *request = once->request;
	enum db_status status = once->work(db, once->arg);

	if (status != DB_OK)
		return status;
	return idempotency_keep(db, once->owner, request->idempotency_key, request->status, request->body->data,
	                        request->body->len);
}

/* The body of a transaction with a key; may run several times. */
static enum db_status with_key(struct db *db, void *arg)
{
	const struct once *once = arg;
	struct request *request = once->request;
	struct idempotency_answer kept = {0};
	enum idempotency_state state;
	enum db_status status = idempotency_begin(db, request->pool, once->owner, request->idempotency_key,
	                                          request->body_hash, &state, &kept);

	if (status != DB_OK)
		return status;
	switch (state) {
	case IDEMPOTENCY_NEW:
		return work_and_keep(once, db);
	case IDEMPOTENCY_REPLAY:
		replay(request, &kept);
		return DB_NONE;
	case IDEMPOTENCY_MISMATCH:
		once->error(request, 422, "Idempotency-Key already used with another request");
		return DB_NONE;
	case IDEMPOTENCY_RUNNING:
		break;
	}
	once->error(request, 409, "a request with this Idempotency-Key is still running");
	return DB_NONE;
}

static enum db_status without_key(struct db *db, void *arg)
{
	const struct once *once = arg;

	return once->work(db, once->arg);
}

enum db_status once_run(struct once *once)
{
	bool has_key = once->request->idempotency_key != NULL, uncertain = false;
	enum db_status status = DB_UNCERTAIN;

	for (int i = 0; i < SETTLE_ATTEMPTS && status == DB_UNCERTAIN; i++) {
		uncertain = i > 0;
		status = db_transaction(once->db, has_key ? with_key : without_key, once);
	}
	if (status == DB_DUPLICATE && uncertain && !has_key)
		return DB_OK;   /* the answer of the first run stands */
	return status == DB_NONE ? DB_OK : status;
}
