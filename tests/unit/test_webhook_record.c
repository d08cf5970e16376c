/*
 * Claims and outcomes of webhooks, against a real MariaDB: a record says something of what its claim holds, and of
 * nothing else; a claim overlooks nothing.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/pool.h"
#include "dbtest.h"
#include "store/webhook.h"

#define URL "https://example.com/hook"

enum { EVENTS = 6, LEASE = 600, LIFETIME = 86400 };

static struct db *db;
static struct pool *pool;
static uint64_t client;

/* An event of an appointment of its own. */
static void add_event(void)
{
	uint8_t uuid[ID_UUID_SIZE];

	id_uuid7(uuid);
	ck_status(db_run(db, "INSERT INTO appointment (client_id, request_uuid, request_index, status, channel, start_at, "
	                 "end_at, reminder_delay, reminder_channel, variables, created_at, updated_at) VALUES (?, ?, 0, "
	                 "'preset', 'email', '2093-06-12 10:00:00', '2093-06-12 10:45:00', 0, 'disabled', '[]', "
	                 "UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))", DB_ARGS(db_u64(client), db_bytes(uuid, sizeof uuid))),
	          DB_OK);
	ck_status(webhook_add(db, client, dbtest_number(db, "SELECT LAST_INSERT_ID()", DB_NO_ARGS), "{}", clock_now_ms(),
	                      LIFETIME), DB_OK);
}

static void setup(void)
{
	static const uint8_t secret[32] = {1};

	db = dbtest_open();
	pool = pool_create();
	client = dbtest_client(db);
	ck_status(db_run(db, "DELETE FROM webhook_event", DB_NO_ARGS), DB_OK);
	ck_status(webhook_set_url(db, client, URL, secret, sizeof secret), DB_OK);
	for (unsigned i = 0; i < EVENTS; i++)
		add_event();
	ck_status(db_run(db, "UPDATE webhook_event SET due_at = '2020-01-01'", DB_NO_ARGS), DB_OK);
}

static void teardown(void)
{
	pool_free(pool);
	db_close(db);
}

struct claim {
	uint8_t id[ID_UUID_SIZE];
	struct webhook_event *events;
	size_t n;
};

/* So many events, under an id of its own. */
static void make_claim(struct claim *claim, uint32_t size)
{
	struct webhook_wish wish = {.claim_id = claim->id, .lease = LEASE, .size = size, .room = size};
	struct webhook_share *shares;
	size_t n;

	*claim = (struct claim){0};
	id_uuid7(claim->id);
	ck_status(webhook_claim(db, pool, &wish, &shares, &n), DB_OK);
	ck_assert_uint_eq(n, 1);
	claim->events = shares[0].events;
	claim->n = shares[0].n;
	ck_assert_uint_eq(claim->n, size);
}

/* Claims after the mark, which moves; says which of the setup's events were found, as digits. */
static void ck_found(struct webhook_mark *mark, uint32_t size, uint64_t first, const char *expected)
{
	uint8_t id[ID_UUID_SIZE];
	struct webhook_room room = {.client_id = client, .room = size, .mark = *mark};
	struct webhook_wish wish = {.claim_id = id, .lease = LEASE, .size = size, .rooms = &room, .n_rooms = 1};
	struct webhook_share *shares;
	char found[EVENTS + 1] = "";
	size_t n;

	id_uuid7(id);
	ck_status(webhook_claim(db, pool, &wish, &shares, &n), DB_OK);
	for (size_t i = 0; n > 0 && i < shares[0].n; i++)
		found[i] = (char)('0' + shares[0].events[i].id - first);
	ck_assert_str_eq(found, expected);
	*mark = n > 0 ? shares[0].mark : (struct webhook_mark){0};
}

static void queue_again(uint64_t id, const char *due_at)
{
	ck_status(db_run(db, "UPDATE webhook_event SET state = 'queued', due_at = ? WHERE id = ?",
	                 DB_ARGS(db_text(due_at), db_u64(id))), DB_OK);
}

/* What has become due before the mark is not forgotten: it is found for want of others, or without a mark. */
START_TEST(claims_go_on_where_they_ended)
{
	uint64_t first = dbtest_number(db, "SELECT MIN(id) FROM webhook_event", DB_NO_ARGS);
	struct webhook_mark mark = {0};

	queue_again(first + 5, "2019-01-01");
	ck_found(&mark, 2, first, "50");
	ck_assert_uint_eq(mark.id, first);
	queue_again(first + 5, "2019-01-01");
	queue_again(first, "2020-01-01");
	ck_found(&mark, 2, first, "12");
	ck_assert_uint_eq(mark.id, first + 2);
	queue_again(first + 1, "2020-01-02");
	ck_found(&mark, 3, first, "341");
	ck_assert_uint_eq(mark.id, first + 1);
	ck_found(&mark, 3, first, "50");
	ck_assert_uint_eq(mark.id, 0);
	ck_found(&mark, 3, first, "");
}
END_TEST

static struct webhook_outcome outcome(const struct claim *claim, size_t i, const char *state)
{
	return (struct webhook_outcome){.id = claim->events[i].id, .client_id = client, .claim_id = claim->id,
	                                .state = state, .retry_at = 1, .released = strcmp(state, "queued") == 0};
}

static uint64_t count(const char *state)
{
	return dbtest_number(db, "SELECT COUNT(*) FROM webhook_event WHERE state = ?", DB_ARGS(db_text(state)));
}

/* As after a commit whose answer was lost, and that had been claimed again by then. */
START_TEST(record_made_again_leaves_a_later_claim_alone)
{
	struct webhook_outcome first[EVENTS], second[EVENTS];
	struct claim before, after;

	make_claim(&before, EVENTS);
	for (size_t i = 0; i < EVENTS; i++)
		first[i] = outcome(&before, i, "queued");
	ck_status(webhook_record(db, first, EVENTS), DB_OK);
	ck_assert_uint_eq(count("queued"), EVENTS);
	make_claim(&after, EVENTS);
	ck_status(webhook_record(db, first, EVENTS), DB_OK);
	ck_assert_uint_eq(count("claimed"), EVENTS);
	for (size_t i = 0; i < EVENTS; i++)
		second[i] = outcome(&after, i, "sent");
	ck_status(webhook_record(db, second, EVENTS), DB_OK);
	ck_assert_uint_eq(count("sent"), EVENTS);
	ck_status(webhook_record(db, first, EVENTS), DB_OK);
	ck_assert_uint_eq(count("sent"), EVENTS);
}
END_TEST

/* Outcomes of many claims, and so many kinds of them that some are recorded one by one. */
START_TEST(claims_are_recorded_together)
{
	struct webhook_outcome outcomes[EVENTS];
	struct claim claims[EVENTS];

	for (size_t i = 0; i < EVENTS; i++) {
		make_claim(&claims[i], 1);
		outcomes[i] = outcome(&claims[i], 0, i == 2 ? "queued" : i == 4 ? "failed" : "sent");
	}
	ck_status(webhook_record(db, outcomes, EVENTS), DB_OK);
	ck_assert_uint_eq(count("sent"), EVENTS - 2);
	ck_assert_uint_eq(count("queued"), 1);
	ck_assert_uint_eq(count("failed"), 1);
}
END_TEST

/* What an address said is nothing to the one that has replaced it: but for what was taken, all goes there, at once. */
START_TEST(a_replaced_address_has_no_say)
{
	static const char *const states[EVENTS] = {"sent", "failed", "queued", "expired", "queued", "failed"};
	static const uint8_t secret[32] = {1};
	bool replaced = _i;
	struct webhook_outcome outcomes[EVENTS];
	struct claim claim, again;

	make_claim(&claim, EVENTS);
	for (size_t i = 0; i < EVENTS; i++) {
		outcomes[i] = outcome(&claim, i, states[i]);
		outcomes[i].released = false;
		outcomes[i].url = URL;
		outcomes[i].retry_at = clock_now_ms() + 3600000;
		outcomes[i].error = i == 0 ? NULL : "HTTP status";
	}
	if (replaced)
		ck_status(webhook_set_url(db, client, URL "/new", secret, sizeof secret), DB_OK);
	ck_status(webhook_record(db, outcomes, EVENTS), DB_OK);
	ck_assert_uint_eq(count("sent"), 1);
	ck_assert_uint_eq(count("failed"), replaced ? 0 : 2);
	ck_assert_uint_eq(count("expired"), replaced ? 0 : 1);
	ck_assert_uint_eq(count("queued"), replaced ? EVENTS - 1 : 2);
	ck_status(db_run(db, "DO SLEEP(0.002)", DB_NO_ARGS), DB_OK);
	if (replaced)
		make_claim(&again, EVENTS - 1);
	else
		ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM webhook_event WHERE state = 'queued'"
			" AND due_at > UTC_TIMESTAMP(3) + INTERVAL 50 MINUTE", DB_NO_ARGS), 2);
}
END_TEST

/* Outcomes of the same moment reach the database in any order: a record that failed is made again after later ones. */
enum { SHORT_REST = 60000, LONG_REST = 3600000 };

static struct webhook_outcome said(enum webhook_health health, int64_t rest)
{
	static int64_t now;

	now = now ? now : clock_now_ms();
	return (struct webhook_outcome){.client_id = client, .claim_id = (const uint8_t *)"0123456789abcdef",
	                                .state = "sent", .health = health, .retry_at = now + rest, .url = URL};
}

static const struct {
	struct { enum webhook_health health; int64_t rest; } said[3];
	uint64_t failures;
	int64_t rest;
} RESTS[] = {
	{{{WEBHOOK_FAILED, SHORT_REST}, {WEBHOOK_FAILED_TOO, LONG_REST}}, 4, LONG_REST},
	{{{WEBHOOK_FAILED_TOO, LONG_REST}, {WEBHOOK_FAILED, SHORT_REST}}, 4, LONG_REST},
	{{{WEBHOOK_FAILED_TOO, SHORT_REST}, {WEBHOOK_FAILED, LONG_REST}}, 4, LONG_REST},
	{{{WEBHOOK_FAILED_TOO, LONG_REST}}, 3, LONG_REST},
	{{{WEBHOOK_FAILED, LONG_REST}, {WEBHOOK_FAILED, SHORT_REST}}, 5, LONG_REST},
	{{{WEBHOOK_FAILED, LONG_REST}, {WEBHOOK_WELL, 0}}, 4, LONG_REST},
	{{{WEBHOOK_WELL, 0}, {WEBHOOK_FAILED, SHORT_REST}}, 1, SHORT_REST},
	{{{WEBHOOK_WELL, 0}}, 0, 0},
};

START_TEST(rests_last)
{
	const char *before[] = {NULL, "2020-01-01"};

	for (size_t k = 0; k < sizeof before / sizeof *before; k++) {
		struct webhook_endpoint endpoint;
		struct webhook_outcome last = said(WEBHOOK_AS_IS, RESTS[_i].rest);

		ck_status(db_run(db, "UPDATE webhook_endpoint SET failures = 3, retry_at = ?",
		                 DB_ARGS(db_text(before[k]))), DB_OK);
		for (size_t i = 0; i < 3 && RESTS[_i].said[i].health != WEBHOOK_AS_IS; i++) {
			struct webhook_outcome o = said(RESTS[_i].said[i].health, RESTS[_i].said[i].rest);

			ck_status(webhook_record(db, &o, 1), DB_OK);
		}
		ck_status(webhook_endpoint_get(db, pool, client, &endpoint), DB_OK);
		ck_assert_uint_eq(endpoint.failures, RESTS[_i].failures);
		ck_assert_int_eq(endpoint.retry_at, RESTS[_i].rest == 0 ? 0 : last.retry_at);
	}
}
END_TEST

/* Ends a connection once it waits for a table, and lets the table go. */
struct killing {
	struct db *db;
	uint64_t victim;
};

static void *kill_waiting(void *arg)
{
	struct killing *killing = arg;
	uint64_t waits = 0;

	for (unsigned i = 0; i < 10000 && waits == 0; i++) {
		usleep(1000);
		waits = dbtest_number(killing->db, "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ? "
		                      "AND state LIKE 'Waiting for table%'", DB_ARGS(db_u64(killing->victim)));
	}
	db_run(killing->db, "KILL ?", DB_ARGS(db_u64(killing->victim)));
	db_run(killing->db, "UNLOCK TABLES", DB_NO_ARGS);
	return waits > 0 ? arg : NULL;
}

START_TEST(claim_outlives_its_connection)
{
	struct killing killing = {dbtest_open(), dbtest_number(db, "SELECT CONNECTION_ID()", DB_NO_ARGS)};
	struct claim claim;
	pthread_t thread;
	void *killed;

	make_claim(&claim, 1);          /* what is asked is known to the server by now */
	ck_status(db_run(killing.db, "LOCK TABLES webhook_endpoint WRITE", DB_NO_ARGS), DB_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, kill_waiting, &killing), 0);
	make_claim(&claim, EVENTS - 1);
	pthread_join(thread, &killed);
	db_close(killing.db);
	ck_assert_ptr_nonnull(killed);
	ck_assert_uint_eq(count("claimed"), EVENTS);
}
END_TEST

static uint64_t logged(struct db *on, const char *pattern)
{
	return dbtest_number(on, "SELECT COUNT(*) FROM mysql.general_log WHERE argument LIKE ? AND thread_id = "
	                     "CONNECTION_ID() AND command_type = 'Execute'", DB_ARGS(db_text(pattern)));
}

/*
 * A claim was made by way of another server of a cluster: one that does not know of it is made to catch up before what
 * is not found is taken for another's.
 */
START_TEST(cluster_catches_up)
{
	struct settings settings = *dbtest_settings();
	const char *socket = getenv("BAILLEUR_TEST_SOCKET");
	struct webhook_outcome outcomes[EVENTS];
	struct claim claims[EVENTS];
	struct db *several;

	settings.db_hosts = pool_printf(pool, "%s,%s", socket, socket);
	several = db_open(&settings);
	for (size_t i = 0; i < EVENTS; i++) {
		make_claim(&claims[i], 1);
		outcomes[i] = outcome(&claims[i], 0, "sent");
	}
	ck_status(db_run(several, "SET GLOBAL log_output = 'TABLE', general_log = 1", DB_NO_ARGS), DB_OK);
	ck_status(webhook_record(several, outcomes, EVENTS), DB_OK);
	ck_assert_uint_eq(logged(several, "SET STATEMENT wsrep_sync_wait%"), 0);
	ck_assert_uint_eq(logged(several, "UPDATE webhook_event%"), EVENTS);
	ck_assert_uint_eq(count("sent"), EVENTS);
	ck_status(webhook_record(several, outcomes, EVENTS), DB_OK);
	ck_assert_uint_eq(logged(several, "SET STATEMENT wsrep_sync_wait%"), 1);
	ck_assert_uint_eq(logged(several, "UPDATE webhook_event%"), 3 * EVENTS);
	ck_status(db_run(several, "SET GLOBAL general_log = 0", DB_NO_ARGS), DB_OK);
	db_close(several);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("webhook_record");
	TCase *tcase = tcase_create("webhook_record");

	(void)argc;
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, record_made_again_leaves_a_later_claim_alone);
	tcase_add_test(tcase, claims_are_recorded_together);
	tcase_add_test(tcase, claims_go_on_where_they_ended);
	tcase_add_loop_test(tcase, a_replaced_address_has_no_say, 0, 2);
	tcase_add_loop_test(tcase, rests_last, 0, sizeof RESTS / sizeof *RESTS);
	tcase_add_test(tcase, claim_outlives_its_connection);
	tcase_add_test(tcase, cluster_catches_up);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
