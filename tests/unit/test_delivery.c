/*
 * Deliveries as senders work through them, against a real MariaDB: claimed by one only, recorded only along legal ways,
 * reports that overtake, senders that die, and operators who send again.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "dbtest.h"
#include "store/delivery.h"
#include "store/unsubscribe.h"

static struct db *db;
static struct pool *pool;
static const struct outbox_lifetime lifetime = {.mail = 86400, .sms = 3600};

static void setup(void)
{
	db = dbtest_open();
	pool = pool_create();
	/* Each test has the queue for itself. */
	ck_status(db_script(db, "DELETE FROM delivery_event; DELETE FROM delivery; DELETE FROM message"), DB_OK);
}

/* Whatever a test did: the events of each delivery are numbered without a gap and end in the state it is in. */
static void teardown(void)
{
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery d WHERE changes <>"
		" (SELECT COUNT(*) FROM delivery_event e WHERE e.delivery_id = d.id)", DB_NO_ARGS), 0);
	ck_assert_uint_eq(dbtest_number(db,
		"SELECT COUNT(*) FROM delivery d JOIN delivery_event e ON e.delivery_id = d.id AND e.number = "
		"d.changes WHERE e.state <> d.state", DB_NO_ARGS), 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message m WHERE has_error <> EXISTS (SELECT 1 FROM"
		" delivery d WHERE d.message_id = m.id AND d.state IN ('failed', 'expired', 'suppressed', 'unknown'))",
		DB_NO_ARGS), 0);
	pool_free(pool);
	db_close(db);
}

static struct outbox_message mail(const char *to)
{
	return (struct outbox_message){.channel = CHANNEL_EMAIL, .email = to, .email_to = to, .email_subject = "Sujet",
		.email_content = "Contenu", .unsubscribe_link = true};
}

static uint64_t queue(uint64_t client, struct outbox_message m)
{
	ck_status(outbox_queue(db, client, &lifetime, &m, 1), DB_OK);
	return m.id;
}

static size_t claim(enum delivery_channel channel, uint32_t size, struct delivery **found_r)
{
	size_t n;

	ck_status(delivery_claim(db, pool, channel, "test:1", size, 60, found_r, &n), DB_OK);
	return n;
}

static enum db_status record_full(struct delivery_outcome outcome, bool *lost_r)
{
	uint8_t id[ID_UUID_SIZE];

	delivery_claim_id(id);
	return delivery_record(db, "test:1", id, &outcome, 1, lost_r);
}

/* Of its last event. */
static uint64_t number_of(uint64_t id)
{
	return dbtest_number(db, "SELECT COALESCE(MAX(number), 0) FROM delivery_event WHERE delivery_id = ?",
	                     DB_ARGS(db_u64(id)));
}

/* Whether it was applied. */
static bool record(uint64_t id, enum delivery_state state)
{
	bool lost;

	ck_status(record_full((struct delivery_outcome){.id = id, .state = state, .number = number_of(id)}, &lost), DB_OK);
	return !lost;
}

static enum delivery_state state_of(uint64_t id)
{
	struct db_rows *rows;
	enum delivery_state state;

	ck_status(db_one(db, "SELECT state FROM delivery WHERE id = ?", DB_ARGS(db_u64(id)), &rows), DB_OK);
	state = delivery_state_parse(db_col_text(rows, 0));
	db_rows_end(rows);
	return state;
}

static bool holds(const char *sql, uint64_t id)
{
	return dbtest_number(db, sql, DB_ARGS(db_u64(id))) == 1;
}

static void lapse(void)
{
	ck_status(db_run(db,
	                 "UPDATE delivery SET due_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE due_at IS NOT NULL",
		DB_NO_ARGS), DB_OK);
}

START_TEST(a_claim_holds_what_sending_needs)
{
	uint64_t client = dbtest_client(db), id;
	struct outbox_message m = mail("A@b.fr");
	struct delivery *found;

	m.channel = CHANNEL_BOTH;
	m.phone = m.phone_to = "+33602030405";
	m.sms_content = "Bref";
	m.email_originator = "Gérance";
	m.sms_originator = "BAILLEUR";
	m.logo_url = "https://e.fr/l.png";
	m.unsubscribe_link = false;
	id = queue(client, m);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 10, &found), 1);
	ck_assert_uint_eq(found->message_id, id);
	ck_assert_uint_eq(found->client_id, client);
	ck_assert_uint_gt(strlen(found->client_name), 0);
	ck_assert_int_eq(found->channel, DELIVERY_MAIL);
	ck_assert_str_eq(found->recipient, "A@b.fr");
	ck_assert_uint_eq(found->attempt, 1);
	ck_assert_int_eq(found->expires_at, found->created_at + 86400000);
	ck_assert_str_eq(found->subject, "Sujet");
	ck_assert_str_eq(found->content, "Contenu");
	ck_assert_str_eq(found->originator, "Gérance");
	ck_assert_str_eq(found->logo_url, "https://e.fr/l.png");
	ck_assert(!found->unsubscribed && !found->unsubscribe_link);
	ck_assert(holds("SELECT state = 'claimed' AND due_at > UTC_TIMESTAMP(3) + INTERVAL 50 SECOND AND"
		" due_at <= UTC_TIMESTAMP(3) + INTERVAL 60 SECOND FROM delivery WHERE id = ?", found->id));
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 10, &found), 0);
	ck_assert_uint_eq(claim(DELIVERY_SMS, 10, &found), 1);
	ck_assert_str_eq(found->recipient, "+33602030405");
	ck_assert_str_eq(found->content, "Bref");
	ck_assert_str_eq(found->originator, "BAILLEUR");
	ck_assert_int_eq(found->expires_at, found->created_at + 3600000);
}
END_TEST

/* Unsubscribed after queueing: the sender is told; forced messages go all the same; another client is not concerned. */
START_TEST(unsubscribed_since)
{
	uint64_t client = dbtest_client(db), other = dbtest_client(db);
	struct outbox_message forced = mail("stop@b.fr");
	struct delivery *found;

	forced.force_sending = true;
	queue(client, mail("stop@b.fr"));
	queue(client, forced);
	queue(client, mail("go@b.fr"));
	queue(other, mail("stop@b.fr"));
	ck_status(unsubscribe_add(db, client, DELIVERY_MAIL, "STOP@b.fr"), DB_OK);
	ck_status(unsubscribe_add(db, client, DELIVERY_SMS, "go@b.fr"), DB_OK);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 10, &found), 4);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(found[i].unsubscribed, i == 0);
}
END_TEST

/* Test messages are never claimed; what is not due yet is not; the oldest go first. */
START_TEST(what_is_due)
{
	uint64_t client = dbtest_client(db), ids[4], n;
	struct outbox_message test = mail("t@b.fr");
	struct delivery *found;
	int64_t next;

	test.test_mode = true;
	queue(client, test);
	for (int i = 0; i < 4; i++)
		ids[i] = queue(client, mail("a@b.fr"));
	ck_status(db_run(db, "UPDATE delivery SET due_at = '2030-01-01 00:00:00' WHERE message_id = ?",
		DB_ARGS(db_u64(ids[1]))), DB_OK);
	ck_status(db_run(db, "UPDATE delivery SET due_at = '2020-01-01 00:00:00' WHERE message_id = ?",
		DB_ARGS(db_u64(ids[3]))), DB_OK);
	ck_status(delivery_due(db, DELIVERY_MAIL, &n, &next), DB_OK);
	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(next, 1893456000000);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	ck_assert_uint_eq(found->message_id, ids[3]);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	ck_assert_uint_eq(found->message_id, ids[0]);
	ck_status(delivery_due(db, DELIVERY_MAIL, &n, &next), DB_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_lt(next, 1893456000000);          /* the lease of a claim */
	ck_assert_int_gt(next, clock_now_ms());
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 10, &found), 1);
	ck_status(delivery_due(db, DELIVERY_SMS, &n, &next), DB_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(next, 0);
}
END_TEST

/* A sender that died while it had claimed: another claims it, and the first has no say any more. */
START_TEST(a_lease_that_ran_out)
{
	uint64_t client = dbtest_client(db);
	uint8_t first[ID_UUID_SIZE];
	struct delivery_outcome outcome = {.state = DELIVERY_TRANSMITTING};
	struct delivery *found;
	bool lost;

	queue(client, mail("a@b.fr"));
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 10, &found), 1);
	outcome.id = found->id;
	delivery_claim_id(first);
	lapse();
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 10, &found), 1);
	ck_assert_uint_eq(found->id, outcome.id);
	ck_assert_uint_eq(found->attempt, 2);
	ck_status(delivery_record(db, "test:0", first, &outcome, 1, &lost), DB_OK);
	ck_assert(lost);
	ck_assert_int_eq(state_of(found->id), DELIVERY_CLAIMED);
	ck_assert(record(found->id, DELIVERY_TRANSMITTING));
	outcome.state = DELIVERY_SENT;
	ck_status(delivery_record(db, "test:0", first, &outcome, 1, &lost), DB_OK);
	ck_assert(lost);
	ck_assert(record(found->id, DELIVERY_SENT));
}
END_TEST

/*
 * Every state to every state: what the holder of a claim may record. A row of the table is where from, a letter where
 * to.
 */
START_TEST(legal_ways)
{
	/*                          to: q c t s d f e x u   ('=': kept as it is, and not lost) */
	static const char ways[][10] = {
		[DELIVERY_QUEUED] =       "---------",
		[DELIVERY_CLAIMED] =      "q-ts-fex-",
		[DELIVERY_TRANSMITTING] = "q--s-fexu",
		[DELIVERY_SENT] =         "---=-----",
		[DELIVERY_DELIVERED] =    "---=-----",
		[DELIVERY_FAILED] =       "---=-----",
		[DELIVERY_EXPIRED] =      "---------",
		[DELIVERY_SUPPRESSED] =   "---------",
		[DELIVERY_UNKNOWN] =      "q--s-fex-",
	};
	uint64_t client = dbtest_client(db);
	struct delivery *found;

	queue(client, mail("a@b.fr"));
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	for (int from = 0; from < DELIVERY_STATES; from++) {
		for (int to = 0; to < DELIVERY_STATES; to++) {
			char way = ways[from][to];
			bool error = delivery_state_is_error(from);

			ck_status(db_run(db, "UPDATE delivery SET state = ?, sent_at = UTC_TIMESTAMP(3), due_at = IF(?,"
				" UTC_TIMESTAMP(3) + INTERVAL 1 HOUR, NULL), error_message = 'before' WHERE id = ?",
				DB_ARGS(db_text(delivery_state_name(from)), db_bool(from <= DELIVERY_TRANSMITTING),
				        db_u64(found->id))),
				DB_OK);
			ck_status(db_run(db,
			                 "UPDATE delivery_event SET state = ? WHERE delivery_id = ? ORDER BY number "
			                 "DESC LIMIT 1",
				DB_ARGS(db_text(delivery_state_name(from)), db_u64(found->id))), DB_OK);
			ck_status(db_run(db, "UPDATE message SET has_error = ? WHERE id = ?",
				DB_ARGS(db_bool(error), db_u64(found->message_id))), DB_OK);
			ck_assert_msg(record(found->id, to) == (way != '-'), "%s -> %s", delivery_state_name(from),
				delivery_state_name(to));
			ck_assert_int_eq(state_of(found->id), way == '-' || way == '=' ? from : to);
			ck_assert(holds("SELECT (due_at IS NOT NULL) = (state IN ('queued', 'claimed', 'transmitting'))"
				" FROM delivery WHERE id = ?", found->id));
			if (way == '=')
				ck_assert(holds("SELECT error_message = 'before' FROM delivery WHERE id = ?",
				                found->id));
		}
	}
}
END_TEST

/* What comes to lie before the place that a claim has reached in the queue is not forgotten. */
START_TEST(put_before_what_was_claimed)
{
	uint64_t client = dbtest_client(db), ids[4];
	struct delivery *found;

	for (int i = 0; i < 4; i++)
		ids[i] = queue(client, mail("a@b.fr"));
	ck_status(db_run(db, "UPDATE delivery SET due_at = '2020-01-02' + INTERVAL id SECOND", DB_NO_ARGS), DB_OK);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 2, &found), 2);
	ck_assert(found[0].message_id == ids[0] && found[1].message_id == ids[1]);
	ck_status(db_run(db, "UPDATE delivery SET due_at = '2020-01-01' WHERE message_id = ?",
	                 DB_ARGS(db_u64(ids[3]))), DB_OK);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 2, &found), 2);
	ck_assert_uint_eq(found[0].message_id + found[1].message_id, ids[2] + ids[3]);
	/* The same time, and a lower number than what was claimed. */
	for (int i = 0; i < 2; i++)
		ids[i] = queue(client, mail("a@b.fr"));
	ck_status(db_run(db, "UPDATE delivery SET due_at = '2020-01-03' WHERE message_id = ?",
	                 DB_ARGS(db_u64(ids[1]))), DB_OK);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	ck_assert_uint_eq(found->message_id, ids[1]);
	ck_status(db_run(db, "UPDATE delivery SET due_at = '2020-01-03' WHERE message_id = ?",
	                 DB_ARGS(db_u64(ids[0]))), DB_OK);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	ck_assert_uint_eq(found->message_id, ids[0]);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 0);
}
END_TEST

/* Whether the server looks at each row or not: what is to be transmitted keeps the lease of its claim. */
START_TEST(leases_are_kept)
{
	uint64_t client = dbtest_client(db);
	struct delivery_outcome outcomes[3] = {{0}};
	uint8_t claim_id[ID_UUID_SIZE];
	struct delivery *found;
	bool lost[3];

	for (int i = 0; i < 3; i++)
		queue(client, mail("a@b.fr"));
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 3, &found), 3);
	delivery_claim_id(claim_id);
	for (int i = 0; i < 3; i++)
		outcomes[i] = (struct delivery_outcome){.id = found[i].id, .state = DELIVERY_TRANSMITTING,
		                                        .number = found[i].number};
	ck_status(db_run(db, "UPDATE delivery SET due_at = '2030-01-01'", DB_NO_ARGS), DB_OK);
	ck_status(delivery_record(db, "test:1", claim_id, outcomes, 1, lost), DB_OK);
	ck_assert(!lost[0]);
	/* The first cannot be transmitted again, so that all are looked at. */
	ck_status(delivery_record(db, "test:1", claim_id, outcomes, 3, lost), DB_OK);
	ck_assert(lost[0] && !lost[1] && !lost[2]);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery WHERE state = 'transmitting' AND"
		" due_at = '2030-01-01'", DB_NO_ARGS), 3);
}
END_TEST

/* Groups that take one statement of each form, and several. */
START_TEST(groups_of_many_sizes)
{
	static const size_t sizes[] = {1, 8, 9, 64, 65, 128, 150, 192, 193};
	enum { N = 810 };
	uint64_t client = dbtest_client(db);
	struct outbox_message *messages = calloc(N, sizeof *messages);
	struct delivery_outcome outcomes[193];
	uint8_t claim_id[ID_UUID_SIZE];
	struct delivery *found;
	size_t done = 0, n;
	bool lost[193];

	for (int i = 0; i < N; i++)
		messages[i] = mail("a@b.fr");
	ck_status(outbox_queue(db, client, &lifetime, messages, N), DB_OK);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, N, &found), N);
	delivery_claim_id(claim_id);
	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++, done += n) {
		n = sizes[s];
		for (size_t i = 0; i < n; i++)
			outcomes[i] = (struct delivery_outcome){.id = found[done + i].id, .number = found[done + i].number,
			                                        .state = DELIVERY_TRANSMITTING};
		ck_status(delivery_record(db, "test:1", claim_id, outcomes, n, lost), DB_OK);
		for (size_t i = 0; i < n; i++)
			ck_assert(!lost[i]);
		ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery WHERE state = 'transmitting'",
		                                DB_NO_ARGS), done + n);
	}
	ck_assert_uint_eq(done, N);
	free(messages);
}
END_TEST

/* Who is wrong about the number of the last event, or does not know it, is served all the same. */
START_TEST(numbers_of_events)
{
	uint64_t client = dbtest_client(db);
	struct delivery_outcome outcomes[2] = {{.state = DELIVERY_TRANSMITTING}, {.state = DELIVERY_TRANSMITTING}};
	uint8_t claim_id[ID_UUID_SIZE];
	struct delivery *found;
	bool lost[2];

	queue(client, mail("a@b.fr"));
	queue(client, mail("a@b.fr"));
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 2, &found), 2);
	delivery_claim_id(claim_id);
	for (int i = 0; i < 2; i++) {
		outcomes[i].id = found[i].id;
		outcomes[i].number = number_of(found[i].id);
		ck_assert_uint_eq(found[i].number, outcomes[i].number);
	}
	ck_status(delivery_record(db, "test:1", claim_id, outcomes, 2, lost), DB_OK);
	ck_assert(!lost[0] && !lost[1]);
	outcomes[0].state = outcomes[1].state = DELIVERY_SENT;
	outcomes[1].number = 0;
	ck_status(delivery_record(db, "test:1", claim_id, outcomes, 2, lost), DB_OK);
	ck_assert(!lost[0] && !lost[1]);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery WHERE state = 'sent'", DB_NO_ARGS), 2);
}
END_TEST

START_TEST(what_is_recorded)
{
	uint64_t client = dbtest_client(db);
	struct outbox_message m = mail("a@b.fr");
	struct delivery *found;
	char *error = malloc(2001);
	bool lost;

	m.channel = CHANNEL_SMS;
	m.phone_to = "+336";
	m.email_to = NULL;
	queue(client, m);
	ck_assert_uint_eq(claim(DELIVERY_SMS, 1, &found), 1);
	ck_assert(record(found->id, DELIVERY_TRANSMITTING));
	ck_assert(holds("SELECT due_at > UTC_TIMESTAMP(3) + INTERVAL 50 SECOND FROM delivery WHERE id = ?", found->id));
	ck_status(record_full((struct delivery_outcome){.id = found->id, .state = DELIVERY_QUEUED,
	                                                .error = "450 plus tard",
		.retry_at = 1893456000000}, &lost), DB_OK);
	ck_assert(!lost && holds("SELECT due_at = '2030-01-01' AND error_message = '450 plus tard' AND sent_at IS NULL"
		" FROM delivery WHERE id = ?", found->id));
	lapse();
	ck_assert_uint_eq(claim(DELIVERY_SMS, 1, &found), 1);
	ck_assert_uint_eq(found->attempt, 2);
	ck_assert(record(found->id, DELIVERY_TRANSMITTING));
	ck_status(record_full((struct delivery_outcome){.id = found->id, .state = DELIVERY_SENT, .remote_id = "smsc-1",
		.has_sms = true, .ucs2 = true, .segments = 3}, &lost), DB_OK);
	ck_assert(!lost && holds("SELECT state = 'sent' AND remote_id = 'smsc-1' AND sms_encoding = 'ucs2' AND"
		" segments = 3 AND due_at IS NULL AND error_message IS NULL AND ABS(TIMESTAMPDIFF(SECOND, sent_at, "
		"UTC_TIMESTAMP())) < 60 FROM delivery WHERE id = ?", found->id));
	/* An answer that is too long, in no encoding: it is kept as well as it can be, never refused. */
	queue(client, m);
	ck_assert_uint_eq(claim(DELIVERY_SMS, 1, &found), 1);
	memset(error, 0xE9, 2000);
	memcpy(error, "554 ", 4);
	error[2000] = '\0';
	ck_status(record_full((struct delivery_outcome){.id = found->id, .state = DELIVERY_FAILED, .error = error,
		.remote_id = error, .has_sms = true, .segments = 4000}, &lost), DB_OK);
	ck_assert(!lost &&
	          holds("SELECT error_message = CONCAT('554 ', REPEAT('?', 496)) AND CHAR_LENGTH(remote_id) = 255 AND"
		" segments = 255 FROM delivery WHERE id = ?", found->id));
	for (int i = 0; i < 1000; i++)
		memcpy(error + 2 * i, "é", 2);
	queue(client, m);
	ck_assert_uint_eq(claim(DELIVERY_SMS, 1, &found), 1);
	ck_status(record_full((struct delivery_outcome){.id = found->id, .state = DELIVERY_FAILED, .error = error},
	                      &lost),
		DB_OK);
	ck_assert(!lost && holds("SELECT error_message = REPEAT('é', 500) FROM delivery WHERE id = ?", found->id));
	ck_assert(!record(999999999, DELIVERY_SENT));
	free(error);
}
END_TEST

/* The gateway's report is faster than the sender's own record: nothing goes back. */
START_TEST(reports)
{
	static const bool delivered[] = {true, false};
	uint64_t client = dbtest_client(db);
	struct delivery *found;
	bool lost;

	for (int i = 0; i < 2; i++) {
		enum delivery_state end = delivered[i] ? DELIVERY_DELIVERED : DELIVERY_FAILED;

		queue(client, mail("a@b.fr"));
		ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
		ck_status(delivery_report(db, found->id, found->number, delivered[i], "too early"), DB_OK);
		ck_assert_int_eq(state_of(found->id), DELIVERY_CLAIMED);
		ck_assert(record(found->id, DELIVERY_TRANSMITTING));
		ck_status(delivery_report(db, found->id, found->number, delivered[i], "stat:X"), DB_OK);
		ck_assert_int_eq(state_of(found->id), end);
		ck_status(record_full((struct delivery_outcome){.id = found->id, .state = DELIVERY_SENT,
		                                                .remote_id = "r",
			.has_sms = true, .segments = 1}, &lost), DB_OK);
		ck_assert(!lost);
		ck_assert_int_eq(state_of(found->id), end);
		ck_assert(holds("SELECT remote_id = 'r' AND segments = 1 FROM delivery WHERE id = ?", found->id));
		ck_assert_int_eq(holds("SELECT error_message = 'stat:X' FROM delivery WHERE id = ?", found->id),
		                 !delivered[i]);
		/* Said twice, or the contrary afterwards: the first word stands. */
		ck_status(delivery_report(db, found->id, found->number, delivered[i], "again"), DB_OK);
		ck_status(delivery_report(db, found->id, found->number, !delivered[i], "contrary"), DB_OK);
		ck_assert_int_eq(state_of(found->id), end);
		ck_assert(!record(found->id, DELIVERY_UNKNOWN));
	}
	queue(client, mail("a@b.fr"));
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	record(found->id, DELIVERY_TRANSMITTING);
	record(found->id, DELIVERY_SENT);
	ck_status(delivery_report(db, found->id, found->number, false, NULL), DB_OK);
	ck_assert(holds("SELECT state = 'failed' AND error_message <> '' FROM delivery WHERE id = ?", found->id));
	ck_status(delivery_report(db, 999999999, 1, true, "x"), DB_NONE);
}
END_TEST

/* Two attempts; the second, after an operator's resend, has got so far when the first one's report comes. */
static const struct {
	enum delivery_state until;
	enum delivery_state end[2];             /* of the first: not delivered, delivered */
} LATE[] = {
	{DELIVERY_QUEUED, {DELIVERY_QUEUED, DELIVERY_DELIVERED}},
	{DELIVERY_CLAIMED, {DELIVERY_CLAIMED, DELIVERY_DELIVERED}},
	{DELIVERY_TRANSMITTING, {DELIVERY_TRANSMITTING, DELIVERY_DELIVERED}},
	{DELIVERY_SENT, {DELIVERY_SENT, DELIVERY_DELIVERED}},
	{DELIVERY_UNKNOWN, {DELIVERY_UNKNOWN, DELIVERY_DELIVERED}},
	{DELIVERY_FAILED, {DELIVERY_FAILED, DELIVERY_DELIVERED}},
	{DELIVERY_EXPIRED, {DELIVERY_EXPIRED, DELIVERY_DELIVERED}},
	{DELIVERY_DELIVERED, {DELIVERY_DELIVERED, DELIVERY_DELIVERED}},
};

static void go_as_far_as(enum delivery_state until)
{
	struct delivery *found;

	if (until == DELIVERY_QUEUED)
		return;
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	ck_status(delivery_report(db, found->id, found->number, true, "of this one, too early"), DB_OK);
	if (until == DELIVERY_CLAIMED)
		return;
	ck_assert(record(found->id, DELIVERY_TRANSMITTING));
	if (until == DELIVERY_FAILED || until == DELIVERY_DELIVERED)
		ck_status(delivery_report(db, found->id, found->number, until == DELIVERY_DELIVERED, "of this one"),
		          DB_OK);
	else if (until != DELIVERY_TRANSMITTING)
		ck_assert(record(found->id, until));
}

/* The person has it, or has not; nothing else is to be learnt from it, and nothing goes out any more to who has it. */
START_TEST(report_of_an_earlier_attempt)
{
	bool delivered = _i % 2;
	enum delivery_state until = LATE[_i / 2].until, end = LATE[_i / 2].end[delivered];
	uint64_t message = queue(dbtest_client(db), mail("a@b.fr")), attempt, id;
	struct delivery_resent resent;
	struct delivery *found;

	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	id = found->id;
	attempt = found->number;
	ck_assert(record(id, DELIVERY_TRANSMITTING));
	ck_assert(record(id, DELIVERY_UNKNOWN));
	ck_status(delivery_resend(db, message, &lifetime, &resent), DB_OK);
	go_as_far_as(until);
	ck_assert_int_eq(state_of(id), until);
	for (int twice = 0; twice < 2; twice++) {
		ck_status(delivery_report(db, id, attempt, delivered, "of the first"), DB_OK);
		ck_assert_int_eq(state_of(id), end);
	}
	ck_assert(holds("SELECT state <> 'delivered' OR (sent_at IS NOT NULL AND error_message IS NULL) FROM delivery"
		" WHERE id = ?", id));
	if (end == DELIVERY_DELIVERED) {
		ck_assert(!record(id, DELIVERY_TRANSMITTING));
		ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 0);
	}
}
END_TEST

/* A sender that died while transmitting: unknown, and only that; its own late word is believed, nobody else's. */
START_TEST(sweeping)
{
	enum { N = 1203 };
	uint64_t client = dbtest_client(db), moved;
	struct outbox_message *messages = calloc(N, sizeof *messages);
	struct delivery_outcome *outcomes = calloc(N, sizeof *outcomes);
	bool *lost = calloc(N, sizeof *lost);
	struct delivery *found;
	uint8_t id[ID_UUID_SIZE];

	for (int i = 0; i < N; i++)
		messages[i] = mail("a@b.fr");
	ck_status(outbox_queue(db, client, &lifetime, messages, 1000), DB_OK);
	ck_status(outbox_queue(db, client, &lifetime, messages + 1000, N - 1000), DB_OK);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, N, &found), N);
	for (int i = 0; i < N; i++)
		outcomes[i] = (struct delivery_outcome){.id = found[i].id, .state = DELIVERY_TRANSMITTING};
	delivery_claim_id(id);
	ck_status(delivery_record(db, "test:1", id, outcomes, N - 1, lost), DB_OK);
	for (int i = 0; i < N - 1; i++)
		ck_assert(!lost[i]);
	ck_status(delivery_sweep(db, "test:2", &moved), DB_OK);
	ck_assert_uint_eq(moved, 0);
	lapse();
	ck_status(delivery_sweep(db, "test:2", &moved), DB_OK);
	ck_assert_uint_eq(moved, N - 1);
	ck_assert_int_eq(state_of(found[N - 1].id), DELIVERY_CLAIMED);
	ck_assert_int_eq(state_of(found[0].id), DELIVERY_UNKNOWN);
	ck_assert_uint_eq(dbtest_number(db, "SELECT SUM(has_error) FROM message", DB_NO_ARGS), N - 1);
	ck_assert(record(found[0].id, DELIVERY_SENT));
	ck_assert(holds("SELECT has_error = 0 FROM message WHERE id = ?", found[0].message_id));
	ck_status(delivery_report(db, found[1].id, found[1].number, true, "late"), DB_OK);
	ck_assert_int_eq(state_of(found[1].id), DELIVERY_DELIVERED);
	/* What is unknown is claimed by nobody. */
	ck_assert_uint_eq(claim(DELIVERY_MAIL, N, &found), 1);
	ck_assert(!record(outcomes[5].id, DELIVERY_SENT));
	free(lost);
	free(outcomes);
	free(messages);
}
END_TEST

/* Several senders at once, some dying with what they had claimed: no delivery is worked on by two at a time. */
START_TEST(senders_never_overlap)
{
	enum { N = 3000, SENDERS = 4 };
	uint64_t client = dbtest_client(db);
	struct outbox_message *messages = calloc(1000, sizeof *messages);
	char *seen = calloc(1, 1 << 20);
	uint64_t first = 0, one;
	size_t total = 0;
	int fds[2];
	FILE *in;

	for (int i = 0; i < 1000; i++)
		messages[i] = mail("a@b.fr");
	for (int i = 0; i < N / 1000; i++)
		ck_status(outbox_queue(db, client, &lifetime, messages, 1000), DB_OK);
	first = dbtest_number(db, "SELECT MIN(id) FROM delivery", DB_NO_ARGS);
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	for (int s = 0; s < SENDERS; s++) {
		if (fork() == 0) {
			struct delivery *found;
			size_t n;

			db = dbtest_open();
			while (delivery_claim(db, pool, DELIVERY_MAIL, "test:n", 37, 60, &found, &n) == DB_OK && n > 0)
				for (size_t i = 0; i < n; i++)
					if (write(fds[1], &found[i].id, sizeof found[i].id) != sizeof found[i].id)
						_exit(1);
			_exit(0);
		}
	}
	close(fds[1]);
	in = fdopen(fds[0], "r");
	while (fread(&one, sizeof one, 1, in) == 1) {
		ck_assert_uint_lt(one - first, 1 << 20);
		ck_assert_msg(!seen[one - first], "delivery %llu was claimed twice", (unsigned long long)one);
		seen[one - first] = 1;
		total++;
	}
	fclose(in);
	for (int s = 0; s < SENDERS; s++) {
		int result;

		wait(&result);
		ck_assert_int_eq(result, 0);
	}
	/* What one skipped because another had locked it may be left; it is due still, and none is lost. */
	ck_assert_uint_eq(total + dbtest_number(db, "SELECT COUNT(*) FROM delivery WHERE state = 'queued'", DB_NO_ARGS),
	                  N);
	ck_assert_uint_gt(total, N / 2);
	free(seen);
	free(messages);
}
END_TEST

/* The connection is cut again and again while claiming and recording: what was said to be recorded is, and once. */
START_TEST(cut_while_recording)
{
	enum { N = 600 };
	uint64_t client = dbtest_client(db), sent = 0;
	struct outbox_message *messages = calloc(N, sizeof *messages);
	struct delivery *found;
	size_t n;
	pid_t killer;

	for (int i = 0; i < N; i++)
		messages[i] = mail("a@b.fr");
	ck_status(outbox_queue(db, client, &lifetime, messages, N), DB_OK);
	killer = fork();
	if (killer == 0) {
		struct db *own = dbtest_open();
		struct db_rows *rows;
		uint64_t victim;

		for (;;) {
			if (db_one(own, "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()"
				" AND command <> 'Sleep' LIMIT 1", DB_NO_ARGS, &rows) != DB_OK)
				continue;
			victim = db_col_u64(rows, 0);
			db_rows_end(rows);
			db_run(own, "KILL ?", DB_ARGS(db_u64(victim)));
			usleep(15000);
		}
	}
	for (;;) {
		struct delivery_outcome outcomes[20];
		uint8_t id[ID_UUID_SIZE];
		bool lost[20];

		enum db_status status;

		/* Whoever has no luck eight times is told so, and may try again: nothing was done. */
		do
			status = delivery_claim(db, pool, DELIVERY_MAIL, "test:1", 20, 60, &found, &n);
		while (status == DB_LOST);
		ck_status(status, DB_OK);
		if (n == 0)
			break;
		delivery_claim_id(id);
		for (int step = 0; step < 2; step++) {
			for (size_t i = 0; i < n; i++)
				outcomes[i] = (struct delivery_outcome){.id = found[i].id,
					.number = found[i].number + (unsigned)step,
					.state = step == 0 ? DELIVERY_TRANSMITTING : DELIVERY_SENT};
			do
				status = delivery_record(db, "test:1", id, outcomes, n, lost);
			while (status == DB_LOST);
			ck_status(status, DB_OK);
			for (size_t i = 0; i < n; i++)
				ck_assert(!lost[i]);
		}
		sent += n;
	}
	kill(killer, SIGKILL);
	waitpid(killer, NULL, 0);
	/* A claim whose commit was in doubt may hold some until its lease ends; nothing is anywhere else. */
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery WHERE state = 'sent'", DB_NO_ARGS), sent);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery WHERE state NOT IN ('sent', 'claimed')",
		DB_NO_ARGS), 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery_event WHERE state = 'sent'", DB_NO_ARGS),
	                  sent);
	ck_assert_uint_gt(sent, N / 2);
	free(messages);
}
END_TEST

/* However many: what the sender holds is bounded, and each is claimed once. */
START_TEST(claiming_very_long_ones)
{
	enum { N = 150, LONG = 100000 };
	uint64_t client = dbtest_client(db);
	struct outbox_message *messages = calloc(N, sizeof *messages);
	char *content = calloc(1, 3 * LONG + 1);
	struct delivery *found;
	size_t all = 0, n, claims = 0;

	for (int i = 0; i < LONG; i++)
		memcpy(content + (size_t)i * 3, "\u20ac", 3);
	for (int i = 0; i < N; i++) {
		messages[i] = mail("a@b.fr");
		messages[i].email_content = content;
	}
	for (int i = 0; i < N; i += 10)
		ck_status(outbox_queue(db, client, &lifetime, messages + i, 10), DB_OK);
	for (; (n = claim(DELIVERY_MAIL, 1000, &found)) > 0; all += n, claims++) {
		ck_assert_uint_le(n, 57);
		for (size_t i = 0; i < n; i++) {
			ck_assert_uint_eq(strlen(found[i].content), 3 * LONG);
			ck_assert(record(found[i].id, DELIVERY_TRANSMITTING) && record(found[i].id, DELIVERY_SENT));
		}
	}
	ck_assert_uint_eq(all, N);
	ck_assert_uint_le(claims, 4);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery WHERE state = 'sent'", DB_NO_ARGS), N);
	ck_assert_uint_le(dbtest_number(db, "SELECT MAX(attempts) FROM delivery", DB_NO_ARGS), 2);
	/* Short ones are claimed many at a time again. */
	for (int i = 0; i < N; i++)
		messages[i].email_content = "x";
	ck_status(outbox_queue(db, client, &lifetime, messages, N), DB_OK);
	claim(DELIVERY_MAIL, 1000, &found);
	for (all = claims = 0; (n = claim(DELIVERY_MAIL, 1000, &found)) > 0; claims++)
		all += n;
	ck_assert_uint_le(claims, 1);
	free(content);
	free(messages);
}
END_TEST

START_TEST(sending_again)
{
	uint64_t client = dbtest_client(db), message, n;
	struct delivery_resent resent;
	struct delivery *found;
	struct outbox_message m = mail("a@b.fr");
	uint64_t id;

	m.channel = CHANNEL_BOTH;
	m.phone = m.phone_to = "+336";
	m.sms_content = "x";
	message = queue(client, m);
	ck_status(delivery_resend(db, message, &lifetime, &resent), DB_OK);
	ck_assert_uint_eq(resent.queued, 0);           /* both still to go */
	claim(DELIVERY_MAIL, 1, &found);
	id = found->id;
	record(id, DELIVERY_TRANSMITTING);
	lapse();
	ck_status(delivery_sweep(db, "test:1", &n), DB_OK);
	claim(DELIVERY_SMS, 1, &found);
	record(found->id, DELIVERY_TRANSMITTING);
	record(found->id, DELIVERY_SENT);
	ck_status(delivery_resend(db, message, &lifetime, &resent), DB_OK);
	ck_assert_uint_eq(resent.queued, 1);           /* what was sent is not sent again */
	ck_assert_int_eq(state_of(found->id), DELIVERY_SENT);
	ck_assert(holds("SELECT state = 'queued' AND attempts = 0 AND claim_id IS NULL AND error_message IS NULL AND"
		" due_at <= UTC_TIMESTAMP(3) AND expires_at > UTC_TIMESTAMP(3) + INTERVAL 86000 SECOND FROM delivery"
		" WHERE id = ?", id));
	ck_assert(holds("SELECT has_error = 0 FROM message WHERE id = ?", message));
	/* The sender of before wakes up: no longer its business; nor that of a report of nobody knows which attempt. */
	ck_assert(!record(id, DELIVERY_SENT));
	ck_status(delivery_report(db, id, 0, true, "of the first time"), DB_OK);
	ck_assert_int_eq(state_of(id), DELIVERY_QUEUED);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, 1, &found), 1);
	ck_assert_uint_eq(found->id, id);
	ck_assert_uint_eq(found->attempt, 1);
	ck_status(delivery_resend(db, 999999999, &lifetime, &resent), DB_NONE);
}
END_TEST

START_TEST(sending_all_again)
{
	enum { N = 1100 };
	uint64_t client = dbtest_client(db);
	struct delivery_resent resent;
	struct outbox_message *messages = calloc(N, sizeof *messages);
	struct delivery_outcome *outcomes = calloc(N, sizeof *outcomes);
	struct delivery *found;
	uint8_t id[ID_UUID_SIZE];

	for (int i = 0; i < N; i++)
		messages[i] = mail("a@b.fr");
	ck_status(outbox_queue(db, client, &lifetime, messages, 1000), DB_OK);
	ck_status(outbox_queue(db, client, &lifetime, messages + 1000, N - 1000), DB_OK);
	ck_assert_uint_eq(claim(DELIVERY_MAIL, N, &found), N);
	delivery_claim_id(id);
	for (int i = 0; i < N; i++)
		outcomes[i] = (struct delivery_outcome){.id = found[i].id, .error = "550 no",
			.state = i < 5 ? DELIVERY_SUPPRESSED : DELIVERY_FAILED};
	ck_status(delivery_record(db, "test:1", id, outcomes, N, NULL), DB_OK);
	ck_status(delivery_resend_state(db, DELIVERY_UNKNOWN, &lifetime, &resent), DB_OK);
	ck_assert_uint_eq(resent.queued, 0);
	ck_status(delivery_resend_state(db, DELIVERY_SENT, &lifetime, &resent), DB_REFUSED);
	ck_status(delivery_resend_state(db, DELIVERY_FAILED, &lifetime, &resent), DB_OK);
	ck_assert_uint_eq(resent.queued, N - 5);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery WHERE state = 'queued'", DB_NO_ARGS), N - 5);
	free(outcomes);
	free(messages);
}
END_TEST

START_TEST(what_operators_see)
{
	uint64_t client = dbtest_client(db), message, found_message;
	struct outbox_message m = mail("a@b.fr"), test = mail("b@b.fr");
	struct delivery_story story;
	struct delivery_target target;
	struct delivery_count *counts;
	struct delivery *found;
	size_t n;

	m.channel = CHANNEL_BOTH;
	m.phone = "06";
	m.phone_to = "+336";
	m.sms_content = "x";
	message = queue(client, m);
	test.test_mode = true;
	queue(client, test);
	claim(DELIVERY_MAIL, 1, &found);
	record(found->id, DELIVERY_TRANSMITTING);
	ck_status(record_full((struct delivery_outcome){.id = found->id, .state = DELIVERY_FAILED,
	                                                .error = "550 inconnu"},
		NULL), DB_OK);
	ck_status(delivery_counts(db, pool, &counts, &n), DB_OK);
	ck_assert_uint_eq(n, 3);
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(counts[i].n, 1);
		ck_assert_int_le(llabs(counts[i].oldest - clock_now_ms()), 60000);
	}
	ck_assert(counts[0].channel == DELIVERY_MAIL && counts[0].state == DELIVERY_SENT);
	ck_assert(counts[1].channel == DELIVERY_MAIL && counts[1].state == DELIVERY_FAILED);
	ck_assert(counts[2].channel == DELIVERY_SMS && counts[2].state == DELIVERY_QUEUED);
	ck_status(delivery_story(db, pool, message, &story), DB_OK);
	ck_assert_str_eq(story.message.message.email, "a@b.fr");
	ck_assert(story.message.has_error);
	ck_assert_str_eq(story.message.error_message, "550 inconnu");
	ck_assert_int_eq(story.message.state, DELIVERY_QUEUED);
	ck_assert_uint_eq(story.n_deliveries, 2);
	ck_assert_str_eq(story.client_name, found->client_name);
	ck_assert_str_eq(story.deliveries[0].error, "550 inconnu");
	ck_assert_uint_eq(strlen(story.deliveries[0].uuid), 36);
	ck_assert_int_eq(story.deliveries[1].state, DELIVERY_QUEUED);
	ck_assert_uint_eq(story.n_events, 3);
	ck_assert_str_eq(story.events[0].state, "claimed");
	ck_assert_str_eq(story.events[2].state, "failed");
	ck_assert_str_eq(story.events[2].sender, "test:1");
	ck_assert_str_eq(story.events[2].detail, "550 inconnu");
	ck_assert_ptr_null(story.events[0].detail);
	ck_status(delivery_story(db, pool, 999999999, &story), DB_NONE);
	ck_status(delivery_message(db, found->uuid, &found_message), DB_OK);
	ck_assert_uint_eq(found_message, message);
	ck_status(delivery_target(db, pool, found->id, &target), DB_OK);
	ck_assert_uint_eq(target.client_id, client);
	ck_assert_int_eq(target.channel, DELIVERY_MAIL);
	ck_assert_str_eq(target.recipient, "a@b.fr");
	ck_status(delivery_target(db, pool, 999999999, &target), DB_NONE);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("delivery");
	TCase *tcase = tcase_create("delivery");

	(void)argc;
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_claim_holds_what_sending_needs);
	tcase_add_test(tcase, unsubscribed_since);
	tcase_add_test(tcase, what_is_due);
	tcase_add_test(tcase, a_lease_that_ran_out);
	tcase_add_test(tcase, legal_ways);
	tcase_add_test(tcase, put_before_what_was_claimed);
	tcase_add_test(tcase, leases_are_kept);
	tcase_add_test(tcase, groups_of_many_sizes);
	tcase_add_test(tcase, numbers_of_events);
	tcase_add_test(tcase, what_is_recorded);
	tcase_add_test(tcase, reports);
	tcase_add_loop_test(tcase, report_of_an_earlier_attempt, 0, 2 * sizeof LATE / sizeof *LATE);
	tcase_add_test(tcase, sweeping);
	tcase_add_test(tcase, senders_never_overlap);
	tcase_add_test(tcase, cut_while_recording);
	tcase_add_test(tcase, claiming_very_long_ones);
	tcase_add_test(tcase, sending_again);
	tcase_add_test(tcase, sending_all_again);
	tcase_add_test(tcase, what_operators_see);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
