/*
 * Messages stored together, against a real MariaDB: every value where it belongs, everybody the id of his own message.
 * Those of several requests in one round trip: nothing at all stored where the statement was not written for them.
 */
#include <stdio.h>
#include <string.h>

#include "dbtest.h"
#include "store/outbox_entry.h"
#include "store/unsubscribe.h"

static struct db *db;
static uint64_t clients[2];

static void setup(void)
{
	db = dbtest_open();
	clients[0] = dbtest_client(db);
	clients[1] = dbtest_client(db);
}

static void teardown(void)
{
	db_close(db);
}

static uint64_t stored(void)
{
	return dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id IN (?, ?)",
	                     DB_ARGS(db_u64(clients[0]), db_u64(clients[1])));
}

struct group {
	struct outbox_entry entries[OUTBOX_GROUP + 1];
	struct outbox_message messages[OUTBOX_GROUP + 1];
	char identifiers[OUTBOX_GROUP + 1][24];
};

/* Every third one is an SMS, every fifth one is sent to whoever has unsubscribed. */
static void make(struct group *group, size_t n)
{
	*group = (struct group){0};
	for (size_t i = 0; i < n; i++) {
		struct outbox_entry *e = &group->entries[i];
		struct outbox_message *m = &group->messages[i];

		snprintf(group->identifiers[i], sizeof group->identifiers[i], "n%zu", i);
		*m = (struct outbox_message){.channel = CHANNEL_EMAIL, .email = "Été@b.fr", .email_to = "ete@b.fr",
		                             .email_subject = "Sujet", .email_content = "L'été\n😀",
		                             .identifier1 = group->identifiers[i], .identifier2 = i % 2 ? "" : NULL,
		                             .unsubscribe_link = i % 2, .force_sending = i % 5 == 4};
		if (i % 3 == 2)
			*m = (struct outbox_message){.channel = CHANNEL_SMS, .phone = "06 02", .phone_to = "+33602030405",
			                             .sms_content = "Bref", .sms_originator = "BAILLEUR",
			                             .identifier1 = group->identifiers[i]};
		*e = (struct outbox_entry){.client_id = clients[i % 2], .lifetime = {.mail = 86400, .sms = 3600},
		                           .message = m};
		id_uuid7(e->uuid);
	}
}

static void check_one(const struct outbox_entry *e)
{
	const struct outbox_message *m = e->message;
	bool mail = m->email_to != NULL;

	ck_assert(!m->unsubscribed);
	ck_assert_uint_eq(dbtest_number(db,
		"SELECT COUNT(*) FROM message m JOIN delivery d ON d.message_id = m.id WHERE m.id = ? AND client_id = ?"
		" AND request_uuid = ? AND request_index = 0 AND m.channel = ? AND email <=> ? AND phone <=> ?"
		" AND email_subject <=> ? AND email_content <=> ? AND sms_content <=> ? AND identifier1 = ?"
		" AND identifier2 <=> ? AND email_originator IS NULL AND sms_originator <=> ? AND logo_url IS NULL"
		" AND force_sending = ? AND unsubscribe_link = ? AND NOT test_mode AND NOT has_error"
		" AND ABS(TIMESTAMPDIFF(SECOND, created_at, UTC_TIMESTAMP(3))) < 600"
		" AND d.channel = ? AND recipient = ? AND state = 'queued' AND due_at = created_at"
		" AND expires_at = created_at + INTERVAL ? SECOND AND sent_at IS NULL",
		DB_ARGS(db_u64(m->id), db_u64(e->client_id), db_bytes(e->uuid, ID_UUID_SIZE),
		        db_text(mail ? "email" : "sms"), db_text(m->email), db_text(m->phone), db_text(m->email_subject),
		        db_text(m->email_content), db_text(m->sms_content), db_text(m->identifier1),
		        db_text(m->identifier2), db_text(m->sms_originator), db_bool(m->force_sending),
		        db_bool(m->unsubscribe_link), db_text(mail ? "mail" : "sms"),
		        db_text(mail ? m->email_to : m->phone_to),
		        db_i64(mail ? e->lifetime.mail : e->lifetime.sms))), 1);
}

static void check(const struct group *group, size_t n)
{
	ck_assert_uint_eq(stored(), n);
	for (size_t i = 0; i < n; i++)
		check_one(&group->entries[i]);
}

static enum db_status store(struct group *group, size_t n)
{
	return outbox_group_store(db, group->entries, n);
}

START_TEST(any_number)
{
	struct group group;

	make(&group, (size_t)_i);
	ck_status(store(&group, (size_t)_i), DB_OK);
	check(&group, (size_t)_i);
}
END_TEST

/* On a cluster each node gives ids of its own series. */
START_TEST(ids_in_steps)
{
	struct group group;

	make(&group, 7);
	ck_status(db_run(db, "SET SESSION auto_increment_increment = 3, auto_increment_offset = 2", DB_NO_ARGS), DB_OK);
	ck_status(store(&group, 7), DB_OK);
	ck_assert_uint_eq(group.messages[6].id, group.messages[0].id + 18);
	check(&group, 7);
}
END_TEST

/* A server whose ids do not follow each other; one with other rows where ours should be: nobody gets another's. */
static const struct strange {
	const char *trigger;
	enum db_status status;
} strange[] = {
	{"CREATE TRIGGER strange BEFORE INSERT ON message FOR EACH ROW"
	 " SET NEW.id = CAST(CONV(RIGHT(HEX(NEW.request_uuid), 10), 16, 10) AS UNSIGNED)", DB_REFUSED},
	{"CREATE TRIGGER strange BEFORE INSERT ON message FOR EACH ROW"
	 " SET NEW.request_uuid = REVERSE(NEW.request_uuid)", DB_NONE},
};

START_TEST(strange_ids)
{
	struct group group;
	enum db_status status;

	make(&group, 5);
	ck_status(db_run(db, strange[_i].trigger, DB_NO_ARGS), DB_OK);
	db_close(db);
	db = dbtest_open();             /* one that has given no id yet */
	status = store(&group, 5);
	ck_status(db_run(db, "DROP TRIGGER strange", DB_NO_ARGS), DB_OK);
	ck_status(status, strange[_i].status);
	ck_assert_uint_eq(stored(), 0);
	ck_status(outbox_store(db, group.entries, 5), DB_OK);
	check(&group, 5);
}
END_TEST

/* One among others for which the statement was not written: nothing is stored; in the other way all of it is. */
static const struct exception {
	const char *what;
	bool both, test_mode, unsubscribed, second;
	uint64_t stored;
} exceptions[] = {
	{"on both ways", .both = true, .stored = 4},
	{"in test mode", .test_mode = true, .stored = 4},
	{"to one who has unsubscribed, whatever the letter case", .unsubscribed = true, .stored = 3},
	{"the second of its request", .second = true, .stored = 4},
};

START_TEST(exception)
{
	const struct exception *e = &exceptions[_i];
	struct group group;

	make(&group, 4);
	group.messages[1].phone_to = e->both ? "+33602030405" : NULL;
	group.messages[1].test_mode = e->test_mode;
	group.entries[1].index = e->second;
	if (e->unsubscribed) {
		ck_status(unsubscribe_add(db, clients[0], DELIVERY_MAIL, "Parti@b.fr"), DB_OK);
		ck_status(unsubscribe_add(db, clients[1], DELIVERY_SMS, "parti@b.fr"), DB_OK);
		group.messages[0].email_to = group.messages[1].email_to = "parti@B.fr";
	}
	ck_status(store(&group, 4), DB_NONE);
	ck_assert_uint_eq(stored(), 0);
	ck_status(outbox_store(db, group.entries, 4), DB_OK);
	ck_assert_msg(stored() == e->stored, "%s", e->what);
	ck_assert(group.messages[0].unsubscribed == e->unsubscribed);
	for (size_t i = 1; i < 4; i++)
		ck_assert(!group.messages[i].unsubscribed && group.messages[i].id != 0);
	check_one(&group.entries[2]);
	check_one(&group.entries[3]);
}
END_TEST

START_TEST(forced)
{
	struct group group;

	make(&group, 5);
	ck_status(unsubscribe_add(db, clients[0], DELIVERY_MAIL, "parti@b.fr"), DB_OK);
	group.messages[4].email_to = "parti@b.fr";
	ck_assert(group.messages[4].force_sending);
	ck_status(store(&group, 5), DB_OK);
	check(&group, 5);
}
END_TEST

START_TEST(too_many)
{
	struct group group;

	make(&group, OUTBOX_GROUP + 1);
	ck_status(store(&group, OUTBOX_GROUP + 1), DB_NONE);
	ck_status(outbox_store(db, group.entries, OUTBOX_GROUP + 1), DB_OK);
	check(&group, OUTBOX_GROUP + 1);
}
END_TEST

/* What the database refuses in one takes the others along, and leaves no transaction open. */
START_TEST(refused)
{
	char too_long[301];
	struct group group;

	memset(too_long, 'i', 300);
	too_long[300] = '\0';
	make(&group, 4);
	group.messages[3].identifier1 = too_long;
	ck_status(store(&group, 4), DB_REFUSED);
	make(&group, 4);
	memcpy(group.entries[3].uuid, group.entries[2].uuid, ID_UUID_SIZE);
	ck_status(store(&group, 4), DB_DUPLICATE);
	ck_assert_uint_eq(stored(), 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT @@in_transaction", DB_NO_ARGS), 0);
	make(&group, 4);
	ck_status(store(&group, 4), DB_OK);
	check(&group, 4);
}
END_TEST

/* The statement for a number of messages is used over and over, with other ways and other addresses each time. */
START_TEST(over_and_over)
{
	struct group group;
	uint64_t before;

	ck_status(unsubscribe_add(db, clients[0], DELIVERY_MAIL, "parti@b.fr"), DB_OK);
	ck_status(unsubscribe_add(db, clients[0], DELIVERY_SMS, "+33699999999"), DB_OK);
	for (unsigned round = 0; round < 12; round++) {
		struct outbox_message *gone = &group.messages[round % 3];

		before = stored();
		make(&group, 3);
		for (unsigned i = 0; i < 3; i++)
			group.messages[i].force_sending = round >> i & 1;
		ck_status(store(&group, 3), DB_OK);
		ck_assert_uint_eq(stored(), before + 3);
		check_one(&group.entries[round % 3]);
		make(&group, 3);
		for (unsigned i = 0; i < 3; i++) {
			group.messages[i].force_sending = i != round % 3 && (round >> i & 1);
			group.entries[i].client_id = clients[i != round % 3];
		}
		*(gone->email_to != NULL ? &gone->email_to : &gone->phone_to) =
			gone->email_to != NULL ? "Parti@b.fr" : "+33699999999";
		ck_status(store(&group, 3), DB_NONE);
		ck_assert_uint_eq(stored(), before + 3);
	}
}
END_TEST

/* Thrown back as by a deadlock, or by another node of a cluster, when the messages are in: nothing of it stays. */
START_TEST(thrown_back)
{
	struct group group;
	enum db_status status;
	uint64_t open;

	make(&group, 5);
	ck_status(db_run(db, "CREATE TRIGGER strange BEFORE INSERT ON delivery FOR EACH ROW"
	                 " SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213", DB_NO_ARGS), DB_OK);
	status = store(&group, 5);
	open = dbtest_number(db, "SELECT @@in_transaction", DB_NO_ARGS);
	ck_status(db_run(db, "DROP TRIGGER strange", DB_NO_ARGS), DB_OK);
	ck_status(status, DB_CONFLICT);
	ck_assert_uint_eq(open, 0);
	ck_assert_uint_eq(stored(), 0);
	ck_status(store(&group, 5), DB_OK);
	check(&group, 5);
}
END_TEST

/*
 * A server that lets no statement take long ends one in its middle: nothing of it stays, to be committed by the next.
 */
START_TEST(out_of_time)
{
	struct group group;
	enum db_status status, next;

	make(&group, 5);
	ck_status(db_run(db, "CREATE TRIGGER strange BEFORE INSERT ON delivery FOR EACH ROW DO SLEEP(0.3)", DB_NO_ARGS),
	          DB_OK);
	ck_status(db_run(db, "SET SESSION max_statement_time = 0.5", DB_NO_ARGS), DB_OK);
	status = store(&group, 5);
	next = db_run(db, "START TRANSACTION", DB_NO_ARGS);
	db_close(db);
	db = dbtest_open();
	ck_status(db_run(db, "DROP TRIGGER strange", DB_NO_ARGS), DB_OK);
	ck_status(status, DB_BUSY);
	ck_status(next, DB_OK);
	ck_assert_uint_eq(stored(), 0);
	ck_status(store(&group, 5), DB_OK);
	check(&group, 5);
}
END_TEST

/* Killed once the ids have come: the commit is done or it is not, but never said to be when it is not. */
START_TEST(killed_while_committing)
{
	pid_t killer = dbtest_kill_at(db, "outbox.committing");
	struct group group;
	enum db_status status;

	make(&group, 6);
	status = outbox_group_store(db, group.entries, 6);
	dbtest_killed(killer);
	ck_assert(status == DB_OK || status == DB_UNCERTAIN);
	if (status == DB_OK || stored() != 0)
		check(&group, 6);
}
END_TEST

/* A batch is told the ids of its own messages, however the server came to give them. */
#define STRANGE "CREATE TRIGGER strange BEFORE INSERT ON message FOR EACH ROW SET NEW.id = "
static const char *const ways_of_ids[] = {
	"SET SESSION auto_increment_increment = 3, auto_increment_offset = 2",
	STRANGE "10000005 - NEW.request_index",
	STRANGE "20000000 + ELT(1 + NEW.request_index, 1, 3, 2, 9, 4, 5)",
	STRANGE "30000000 + POW(NEW.request_index, 2)",
};

START_TEST(batch)
{
	struct group group;
	enum db_status status;

	make(&group, 6);
	ck_status(unsubscribe_add(db, clients[0], DELIVERY_MAIL, "PARTI@b.fr"), DB_OK);
	group.messages[3].email_to = "parti@b.fr";
	ck_status(db_run(db, ways_of_ids[_i], DB_NO_ARGS), DB_OK);
	status = outbox_queue(db, clients[0], &group.entries[0].lifetime, group.messages, 6);
	ck_status(db_run(db, "DROP TRIGGER IF EXISTS strange", DB_NO_ARGS), DB_OK);
	ck_status(status, DB_OK);
	ck_assert_uint_eq(stored(), 5);
	for (size_t i = 0; i < 6; i++) {
		ck_assert(group.messages[i].unsubscribed == (i == 3));
		ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message m JOIN delivery d ON d.message_id = m.id"
			" WHERE m.id = ? AND identifier1 = ? AND request_index = ? AND recipient IN (email, ?, ?)",
			DB_ARGS(db_u64(group.messages[i].id), db_text(group.identifiers[i]), db_u64(i),
			        db_text(group.messages[i].email_to), db_text(group.messages[i].phone_to))), i != 3);
	}
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("outbox_group");
	TCase *tcase = tcase_create("outbox_group");

	(void)argc;
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, any_number, 2, OUTBOX_GROUP + 1);
	tcase_add_test(tcase, ids_in_steps);
	tcase_add_loop_test(tcase, strange_ids, 0, sizeof strange / sizeof strange[0]);
	tcase_add_loop_test(tcase, exception, 0, sizeof exceptions / sizeof exceptions[0]);
	tcase_add_test(tcase, forced);
	tcase_add_test(tcase, too_many);
	tcase_add_loop_test(tcase, batch, 0, sizeof ways_of_ids / sizeof ways_of_ids[0]);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, over_and_over);
	tcase_add_test(tcase, thrown_back);
	tcase_add_test(tcase, out_of_time);
	tcase_add_loop_test(tcase, killed_while_committing, 0, 10);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
