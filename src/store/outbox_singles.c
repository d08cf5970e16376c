/*
 * Single messages of several requests, brought together by one process.
 *
 * Stored alone, a message costs the server some 450 microseconds of processor time (a bare INSERT of one row: 170);
 * eight stored together cost 130 each.
 *
 * Each keeps a UUID of its own: when a commit ends in doubt, each is looked up by it (outbox.c). Together or not,
 * DB_OK means a commit.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "store/outbox_entry.h"

enum { SETTLE_US = 5000000 };           /* for storing anew what was in doubt: others wait behind it */

/*
 * Those whose commit is in doubt, and of which nobody else may make new ones. Each is looked up, and stored if it is
 * not there, as long as the server answers and there is time. Returns false when it does not answer.
 */
static bool settle_each(struct db *db, struct outbox_single *singles, struct outbox_entry *entries, size_t n)
{
	int64_t until = clock_mono_us() + SETTLE_US;
	bool answering = true;

	for (size_t i = 0; i < n; i++) {
		enum db_status status = answering ? outbox_settle(db, &entries[i]) : DB_LOST;

		answering = status == DB_OK || status == DB_NONE;
		if (status == DB_NONE && clock_mono_us() < until)
			status = outbox_store_surely(db, &entries[i], true);
		singles[i].status = status == DB_NONE || status == DB_LOST ? DB_UNCERTAIN : status;
	}
	return answering;
}

/* Returns false when one is not to be stored. */
static bool make_entries(const struct outbox_single *singles, struct outbox_entry *entries, size_t n)
{
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		entries[i] = (struct outbox_entry){.client_id = singles[i].client_id, .lifetime = singles[i].lifetime,
		                                   .message = singles[i].message};
		id_uuid7(entries[i].uuid);
		good = good && outbox_goes_somewhere(singles[i].message);
	}
	return good;
}

static void set_all(struct outbox_single *singles, size_t n, enum db_status status)
{
	for (size_t i = 0; i < n; i++)
		singles[i].status = status;
}

/* What surely is not stored stays DB_NONE. Returns false when the server is not there. */
static bool store_group(struct db *db, struct outbox_single *singles, size_t n)
{
	struct outbox_entry entries[OUTBOX_GROUP];
	enum db_status status;

	set_all(singles, n, DB_NONE);
	if (!make_entries(singles, entries, n))
		return true;
	FAULT("outbox.before_group");
	status = outbox_store(db, entries, n);
	FAULT("outbox.after_group");
	switch (status) {
	case DB_OK:
		set_all(singles, n, DB_OK);
		return true;
	case DB_BUSY:
	case DB_CONFLICT:
	case DB_REFUSED:
	case DB_DUPLICATE:
		return true;
	case DB_LOST:
		return false;
	default:
		return settle_each(db, singles, entries, n);
	}
}

void outbox_queue_singles(struct db *db, struct outbox_single *singles, size_t n)
{
	bool there = true;

	set_all(singles, n, DB_NONE);
	for (size_t at = 0, some; at < n && there; at += some) {
		some = n - at < OUTBOX_GROUP ? n - at : OUTBOX_GROUP;
		there = store_group(db, singles + at, some);
	}
}
