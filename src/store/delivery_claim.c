/*
 * Claiming: which deliveries a sender may work on now, so that no two ever work on the same one.
 */
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "store/delivery_change.h"

static uint8_t last_claim[ID_UUID_SIZE];

void delivery_claim_id(uint8_t out[ID_UUID_SIZE])
{
	memcpy(out, last_claim, ID_UUID_SIZE);
}

/*
 * What one claim may hold: bytes of text. So many of the last claim's kind fit, of each channel (0: no claim yet);
 * should the next ones be longer, what has no room is given back.
 */
enum { CLAIM_ROOM = 16 << 20, CHANNELS = DELIVERY_SMS + 1 };
static size_t fitting[CHANNELS];

/*
 * Where in the queue the last claim of each channel ended. What lies before it are rows that were taken and that the
 * server has yet to clear out of the index: the next claim begins behind them. Whatever comes to lie before it all the
 * same is looked for when there is nothing more behind it, and from time to time.
 */
enum { BEGIN_ANEW = 1000000 };          /* microseconds */
static struct place {
	int64_t due_at;                 /* ms */
	uint64_t id;                    /* 0: begin with the first */
	int64_t until;                  /* clock_mono_us(): then it is to be begun anew */
} reached[CHANNELS];

struct claim {
	struct pool *pool;
	enum delivery_channel channel;
	const char *sender;
	uint32_t size;
	int64_t lease;
	struct delivery_change *changes;
	size_t n;
	struct place reached;
	size_t room;                    /* bytes, of CLAIM_ROOM */
};

/* Rows that are due in one place, locked; those that another sender has locked just now are left to it. */
#define DUE(place, state, limits) "SELECT id, changes, due_at FROM delivery FORCE INDEX (due_in_place)" \
	" WHERE channel = ? AND place = '" place "' AND state = '" state "' AND due_at <= UTC_TIMESTAMP(3)" limits \
	" ORDER BY due_at, id LIMIT ? FOR UPDATE SKIP LOCKED"

/* A claim that ran out is claimed anew; its event is told as a change all the same. */
static enum db_status read_due(struct claim *claim, struct db_rows *rows, const char *detail)
{
	enum db_status status;

	while ((status = db_next(rows)) == DB_OK)
		claim->changes[claim->n++] = (struct delivery_change){
			.found = true, .id = db_col_u64(rows, 0), .number = db_col_u64(rows, 1),
			.due_at = db_col_time(rows, 2), .from = DELIVERY_QUEUED, .to = DELIVERY_CLAIMED,
			.detail = detail,
		};
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

static enum db_status find_lapsed(struct db *db, struct claim *claim)
{
	struct db_rows *rows;
	enum db_status status = db_query(db, DUE("held", "claimed", ""),
		DB_ARGS(db_text(delivery_channel_name(claim->channel)), db_u64(claim->size)), &rows);

	return status == DB_OK ? read_due(claim, rows, "the lease before ran out") : status;
}

static enum db_status find_queued(struct db *db, struct claim *claim, const char *sql, const struct place *place)
{
	struct db_value due_at = db_time(place->due_at);
	struct db_rows *rows;
	enum db_status status = db_query(db, sql, DB_ARGS(db_text(delivery_channel_name(claim->channel)), due_at,
	                                                  due_at, db_u64(place->id), db_u64(claim->size - claim->n)),
	                                 &rows);

	return status == DB_OK ? read_due(claim, rows, NULL) : status;
}

static enum db_status find_behind_and_before(struct db *db, struct claim *claim)
{
	struct place *place = &claim->reached;
	size_t before = claim->n;
	enum db_status status;

	*place = reached[claim->channel];
	if (clock_mono_us() >= place->until)
		*place = (struct place){.until = clock_mono_us() + BEGIN_ANEW};
	status = find_queued(db, claim, DUE("queued", "queued", " AND (due_at > ? OR (due_at = ? AND id > ?))"), place);
	if (status == DB_OK && claim->n < claim->size && place->id != 0) {
		status = find_queued(db, claim, DUE("queued", "queued", " AND (due_at < ? OR (due_at = ? AND id <= ?))"),
		                     place);
		*place = (struct place){0};
	} else if (status == DB_OK && claim->n > before) {
		place->due_at = claim->changes[claim->n - 1].due_at;
		place->id = claim->changes[claim->n - 1].id;
	}
	return status;
}

static const uint64_t *ids_of(const struct claim *claim)
{
	uint64_t *ids = pool_alloc(claim->pool, claim->n * sizeof *ids);

	for (size_t i = 0; i < claim->n; i++)
		ids[i] = claim->changes[i].id;
	return ids;
}

static enum db_status take(struct db *db, const struct claim *claim)
{
	static const char *const sql[3] = ROWS_IN(
		"UPDATE delivery SET state = 'claimed', claim_id = ?, due_at = UTC_TIMESTAMP(3) + INTERVAL ? SECOND,"
		" attempts = LEAST(attempts + 1, 65535), changes = changes + 1 WHERE id IN");

	return delivery_change_in(db, sql, DB_ARGS(db_bytes(last_claim, ID_UUID_SIZE), db_i64(claim->lease)),
	                          ids_of(claim), claim->n);
}

/* Inside a transaction. What ran out goes first: it has waited longest, and a long queue must not keep it waiting. */
static enum db_status claim_due(struct db *db, void *arg)
{
	struct claim *claim = arg;
	enum db_status status;

	claim->n = 0;
	status = find_lapsed(db, claim);
	if (status == DB_OK && claim->n < claim->size)
		status = find_behind_and_before(db, claim);
	if (status != DB_OK || claim->n == 0)
		return status;
	status = take(db, claim);
	if (status == DB_OK)
		status = delivery_events(db, claim->pool, claim->sender, claim->changes, claim->n);
	return status;
}

/* The claimed rows with all that sending them needs. On a cluster the node that is asked catches up first. */
#define CLAIMED(content, originator) \
	"SET STATEMENT wsrep_sync_wait = 1 FOR SELECT d.id, d.message_id, m.client_id, c.name, d.uuid, d.recipient," \
	" d.attempts, m.created_at, d.expires_at, NOT m.force_sending AND EXISTS (SELECT 1 FROM unsubscribe u" \
	" WHERE u.client_id = m.client_id AND u.channel = d.channel" \
	" AND u.address = d.recipient COLLATE ascii_general_nopad_ci)," \
	" m.unsubscribe_link, m.email_subject, m." content ", m." originator ", m.logo_url, m.attachments, d.changes" \
	" FROM delivery d FORCE INDEX (PRIMARY) STRAIGHT_JOIN message m ON m.id = d.message_id" \
	" STRAIGHT_JOIN api_client c ON c.id = m.client_id" \
	" WHERE d.state = 'claimed' AND d.due_at > UTC_TIMESTAMP(3) AND d.claim_id = ? AND d.id IN"

static const char *const claimed_mail[3] = ROWS_IN(CLAIMED("email_content", "email_originator"));
static const char *const claimed_sms[3] = ROWS_IN(CLAIMED("sms_content", "sms_originator"));

static void read_delivery(const struct db_rows *rows, struct pool *pool, void *element)
{
	struct delivery *delivery = element;

	*delivery = (struct delivery){
		.id = db_col_u64(rows, 0), .message_id = db_col_u64(rows, 1), .client_id = db_col_u64(rows, 2),
		.client_name = db_col_dup(rows, 3, pool), .recipient = db_col_dup(rows, 5, pool),
		.attempt = (unsigned)db_col_u64(rows, 6), .created_at = db_col_time(rows, 7),
		.expires_at = db_col_time(rows, 8), .unsubscribed = db_col_bool(rows, 9),
		.unsubscribe_link = db_col_bool(rows, 10), .subject = db_col_dup(rows, 11, pool),
		.content = db_col_dup(rows, 12, pool), .originator = db_col_dup(rows, 13, pool),
		.logo_url = db_col_dup(rows, 14, pool), .n_attachments = (size_t)db_col_u64(rows, 15),
		.number = db_col_u64(rows, 16),
	};
	if (db_col_size(rows, 4) == ID_UUID_SIZE)
		memcpy(delivery->uuid, db_col_text(rows, 4), ID_UUID_SIZE);
}

static bool is_among(const struct delivery *list, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			return true;
	return false;
}

/* What was claimed and not read is due again. Should this fail, it is after the lease. */
static void give_back_rest(struct db *db, const struct claim *claim, const struct delivery *list, size_t n)
{
	struct delivery_outcome *outcomes = pool_alloc(claim->pool, (claim->n + 1) * sizeof *outcomes);
	int64_t now = clock_now_ms();
	size_t rest = 0;

	for (size_t i = 0; i < claim->n; i++)
		if (!is_among(list, n, claim->changes[i].id))
			outcomes[rest++] = (struct delivery_outcome){
				.id = claim->changes[i].id, .state = DELIVERY_QUEUED, .retry_at = now
			};
	delivery_record(db, claim->sender, last_claim, outcomes, rest, NULL);
}

static enum db_status read_claimed(struct db *db, struct claim *claim, struct delivery **deliveries_r, size_t *n_r)
{
	const uint64_t *ids = ids_of(claim);
	struct delivery *list = pool_alloc(claim->pool, (claim->n + 1) * sizeof *list), *some;
	enum db_status status = DB_OK;
	size_t n = 0, n_some;

	claim->room = CLAIM_ROOM;
	for (size_t at = 0; at < claim->n && claim->room > 0 && status == DB_OK; at += ROWS_IN_MAX) {
		status = rows_list_in(db, claim->pool, claim->channel == DELIVERY_MAIL ? claimed_mail : claimed_sms,
		                      DB_ARGS(db_bytes(last_claim, ID_UUID_SIZE)), ids + at,
		                      claim->n - at < ROWS_IN_MAX ? claim->n - at : ROWS_IN_MAX, &claim->room,
		                      sizeof *some, read_delivery, &some, &n_some);
		if (status == DB_OK && n_some > 0)
			memcpy(list + n, some, n_some * sizeof *some);
		n += status == DB_OK ? n_some : 0;
	}
	for (size_t i = 0; i < n && status == DB_OK; i++) {
		list[i].channel = claim->channel;
		if (list[i].n_attachments > 0)
			status = attachment_list(db, claim->pool, list[i].message_id, &list[i].attachments,
			                         &list[i].n_attachments);
	}
	*deliveries_r = list;
	*n_r = n;
	return status;
}

/* Reading changes nothing, so it is tried until it succeeds. Rows that it cannot read are due again after the lease. */
static enum db_status read_surely(struct db *db, struct claim *claim, struct delivery **deliveries_r, size_t *n_r)
{
	enum db_status status = DB_LOST;

	for (unsigned attempt = 0; attempt < DB_ATTEMPTS; attempt++) {
		status = read_claimed(db, claim, deliveries_r, n_r);
		if (status != DB_LOST && status != DB_UNCERTAIN && status != DB_CONFLICT)
			break;
		db_wait(attempt);
	}
	return status == DB_UNCERTAIN ? DB_LOST : status;
}

enum db_status delivery_claim(struct db *db, struct pool *pool, enum delivery_channel channel, const char *sender,
                              uint32_t size, int64_t lease, struct delivery **deliveries_r, size_t *n_r)
{
	struct claim claim = {.pool = pool, .channel = channel, .sender = sender, .size = size, .lease = lease};
	enum db_status status;
	bool doubtful;

	*n_r = 0;
	if (fitting[channel] > 0 && fitting[channel] < size)
		claim.size = (uint32_t)fitting[channel];
	claim.changes = pool_alloc(pool, (size + 1) * sizeof *claim.changes);
	do {
		id_uuid7(last_claim);
		claim.reached = (struct place){0};
		status = db_transaction(db, claim_due, &claim);
		reached[channel] = status == DB_OK ? claim.reached : (struct place){0};
		doubtful = status == DB_UNCERTAIN;
		if (status == DB_OK && claim.n == 0)
			return DB_OK;
		if (status != DB_OK && !doubtful)
			return status;
		FAULT("store.claimed");
		status = read_surely(db, &claim, deliveries_r, n_r);
		/* In doubt and nothing there: not committed; should it be yet, they are due again after the lease. */
	} while (doubtful && status == DB_OK && *n_r == 0);
	if (status != DB_OK || *n_r == 0)
		return status;
	if (claim.room == 0 && *n_r < claim.n)
		give_back_rest(db, &claim, *deliveries_r, *n_r);
	fitting[channel] = *n_r * CLAIM_ROOM / (CLAIM_ROOM - claim.room + 1) + 1;
	return status;
}

#define QUEUED " FROM delivery FORCE INDEX (due_in_place) WHERE channel = ? AND place = 'queued'"
#define HELD " FROM delivery FORCE INDEX (due_in_place) WHERE channel = ? AND place = 'held' AND state = 'claimed'"

enum db_status delivery_due(struct db *db, enum delivery_channel channel, uint64_t *n_r, int64_t *next_r)
{
	const char *name = delivery_channel_name(channel);
	struct db_rows *rows;
	enum db_status status = db_one(db,
		"SELECT COUNT(*) + (SELECT COUNT(*)" HELD " AND due_at <= UTC_TIMESTAMP(3)),"
		" (SELECT MIN(due_at)" QUEUED " AND due_at > UTC_TIMESTAMP(3)),"
		" (SELECT MIN(due_at)" HELD " AND due_at > UTC_TIMESTAMP(3))" QUEUED " AND due_at <= UTC_TIMESTAMP(3)",
		DB_ARGS(db_text(name), db_text(name), db_text(name), db_text(name)), &rows);
	int64_t claimed;

	if (status != DB_OK)
		return status;
	*n_r = db_col_u64(rows, 0);
	*next_r = db_col_time(rows, 1);
	claimed = db_col_time(rows, 2);
	if (claimed && (!*next_r || claimed < *next_r))
		*next_r = claimed;
	db_rows_end(rows);
	return DB_OK;
}
