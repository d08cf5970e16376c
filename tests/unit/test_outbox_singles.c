/*
 * Many who queue at once, alone or for several requests together, against a real MariaDB that is killed, as they are:
 * an answer means a commit, and a commit that breaks is settled.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbtest.h"
#include "store/outbox_entry.h"
#include "store/unsubscribe.h"

static struct db *db;
static const struct outbox_lifetime lifetime = {.mail = 86400, .sms = 3600};

static void setup(void)
{
	db = dbtest_open();
}

static void teardown(void)
{
	db_close(db);
}

static struct outbox_message mail(const char *to, const char *identifier1)
{
	return (struct outbox_message){.channel = CHANNEL_EMAIL, .email = to, .email_to = to, .email_subject = "Sujet",
		.email_content = "Contenu", .identifier1 = identifier1, .unsubscribe_link = true};
}

static struct outbox_message to_both(struct outbox_message m, const char *phone)
{
	m.channel = CHANNEL_BOTH;
	m.phone = m.phone_to = phone;
	m.sms_content = "Bref";
	return m;
}

static struct outbox_single single(uint64_t client, struct outbox_message *message)
{
	return (struct outbox_single){.client_id = client, .lifetime = lifetime, .message = message};
}

struct answered {
	uint64_t id;
	unsigned sender, number;
};

static void tell(int to, uint64_t id, unsigned sender, unsigned number)
{
	struct answered one = {id, sender, number};

	if (write(to, &one, sizeof one) != (ssize_t)sizeof one)
		_exit(1);
}

enum { TOGETHER = 5 };

/* Messages of several requests, from this number on. */
static void send_together(uint64_t client, unsigned sender, unsigned number, int to)
{
	char identifiers[TOGETHER][32];
	struct outbox_message m[TOGETHER];
	struct outbox_single singles[TOGETHER];

	for (unsigned i = 0; i < TOGETHER; i++) {
		snprintf(identifiers[i], sizeof identifiers[i], "%u-%u", sender, number + i);
		m[i] = mail("a@b.fr", identifiers[i]);
		singles[i] = single(client, &m[i]);
	}
	outbox_queue_singles(db, singles, TOGETHER);
	for (unsigned i = 0; i < TOGETHER; i++)
		if (singles[i].status == DB_OK)
			tell(to, m[i].id, sender, number + i);
}

static void send_alone(uint64_t client, unsigned sender, unsigned number, int to)
{
	char identifier[32];
	struct outbox_message m[2];

	snprintf(identifier, sizeof identifier, "%u-%u", sender, number);
	m[0] = m[1] = mail("a@b.fr", identifier);
	m[1].identifier2 = "second";
	if (outbox_queue(db, client, &lifetime, m, sender % 4 == 3 ? 2 : 1) == DB_OK)
		tell(to, m[0].id, sender, number);
}

/* Sends for ever, telling each id that was answered. */
static void send_for_ever(uint64_t client, unsigned sender, unsigned number, bool together, int to)
{
	db = dbtest_open();
	for (;; number += TOGETHER) {
		if (together && sender % 2 == 0)
			send_together(client, sender, number, to);
		else
			send_alone(client, sender, number, to);
	}
}

static void check_answered(uint64_t client, int from)
{
	uint64_t answered = 0;
	struct answered one;
	FILE *in = fdopen(from, "r");

	while (fread(&one, sizeof one, 1, in) == 1) {
		char identifier[32];

		snprintf(identifier, sizeof identifier, "%u-%u", one.sender, one.number);
		ck_assert_uint_eq(dbtest_number(db,
			"SELECT COUNT(*) FROM message m JOIN delivery d ON d.message_id = m.id WHERE m.id = ? AND "
			"m.identifier1 = ?", DB_ARGS(db_u64(one.id), db_text(identifier))), 1);
		answered++;
	}
	fclose(in);
	ck_assert_uint_gt(answered, 50);
	ck_assert_uint_eq(dbtest_number(db,
	                                "SELECT COUNT(*) FROM (SELECT identifier1, identifier2, COUNT(*) AS n FROM "
		"message WHERE client_id = ? GROUP BY identifier1, identifier2 HAVING n > 1) doubled",
		DB_ARGS(db_u64(client))), 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message m LEFT JOIN delivery d ON d.message_id = m.id"
		" WHERE d.id IS NULL", DB_NO_ARGS), 0);
}

/*
 * The server, and the senders themselves, are killed again and again under a load of sends, alone, together and in
 * batches, many ending in doubt: every id that was answered is there, and nothing is there twice.
 */
START_TEST(answered_means_committed)
{
	enum { SENDERS = 6, ROUNDS = 24, SERVER_KILLS = 3 };
	uint64_t client = dbtest_client(db);
	pid_t children[SENDERS];
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);     /* the server that is started here must not hold its end */
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned s = round % SENDERS;

		if (round >= SENDERS) {
			kill(children[s], SIGKILL);
			waitpid(children[s], NULL, 0);
		}
		children[s] = fork();
		if (children[s] == 0)
			send_for_ever(client, s, round * 1000000, _i == 1, fds[1]);
		usleep(100000);
		if (round % (ROUNDS / SERVER_KILLS) == ROUNDS / SERVER_KILLS - 1) {
			dbtest_server("stop", "-KILL");
			dbtest_server("start", "");
		}
	}
	usleep(300000);
	for (unsigned s = 0; s < SENDERS; s++) {
		kill(children[s], SIGKILL);
		waitpid(children[s], NULL, 0);
	}
	close(fds[1]);
	check_answered(client, fds[0]);
}
END_TEST

/* Of a group, messages of every kind: what becomes of the one with this number. */
enum kind { PLAIN, UNSUBSCRIBED, TOO_LONG, HUGE_TEXT, BOTH_WAYS, EMPTY_TEXT, NOWHERE, KINDS };

static enum kind kind_of(unsigned sender, unsigned number)
{
	return (enum kind)((sender * 5 + number) % KINDS);
}

static struct outbox_message message_of(enum kind kind, const char *identifier, const char *too_long, const char *huge)
{
	struct outbox_message m = mail(kind == UNSUBSCRIBED ? "stop@b.fr" : "go@b.fr",
	                               kind == TOO_LONG ? too_long : identifier);

	if (kind == HUGE_TEXT)
		m.email_content = huge;
	if (kind == BOTH_WAYS)
		m = to_both(m, "+336");
	if (kind == EMPTY_TEXT)
		m.identifier2 = "";
	if (kind == NOWHERE)
		m.email_to = NULL;
	return m;
}

/* As workers do with what could not be stored together. */
static void queue_alone(struct outbox_single *single)
{
	if (single->status == DB_NONE)
		single->status = outbox_queue(db, single->client_id, &lifetime, single->message, 1);
}

/* Is it as it should be? The first of the two clients is the one that stop@b.fr has unsubscribed from. */
static bool is_right(const struct outbox_single *single, enum kind kind, bool first, const char *identifier)
{
	const struct outbox_message *m = single->message;
	bool refused = kind == UNSUBSCRIBED && first;

	if (kind == TOO_LONG || kind == NOWHERE)
		return single->status == DB_REFUSED;
	if (single->status != DB_OK || m->unsubscribed != refused || (m->id == 0) != refused)
		return false;
	return refused || dbtest_number(db,
		"SELECT COUNT(*) FROM message WHERE id = ? AND client_id = ? AND identifier1 = ? AND identifier2 <=> ? AND "
		"email_content = ?", DB_ARGS(db_u64(m->id), db_u64(single->client_id), db_text(identifier),
		db_text(m->identifier2), db_text(m->email_content))) == 1;
}

/*
 * Many at once, of two clients, with every kind of end: each message gets its own answer, and one that is refused takes
 * nobody with it.
 */
START_TEST(together_with_any)
{
	enum { SENDERS = 6, GROUPS = 12, MOST = 20 };
	uint64_t clients[2] = {dbtest_client(db), dbtest_client(db)};
	char *too_long = malloc(301), *huge = malloc(100001);
	unsigned stored = 0;

	memset(too_long, 'i', 300);
	too_long[300] = '\0';
	memset(huge, 'h', 100000);
	huge[100000] = '\0';
	ck_status(unsubscribe_add(db, clients[0], DELIVERY_MAIL, "stop@b.fr"), DB_OK);
	for (unsigned s = 0; s < SENDERS; s++) {
		if (fork() != 0)
			continue;
		db = dbtest_open();
		for (unsigned g = 0; g < GROUPS; g++) {
			char identifiers[MOST][32];
			struct outbox_message m[MOST];
			struct outbox_single singles[MOST];
			unsigned n = 1 + (s + g * 7) % MOST;

			for (unsigned i = 0; i < n; i++) {
				snprintf(identifiers[i], sizeof identifiers[i], "s%u-%u-%u", s, g, i);
				m[i] = message_of(kind_of(s, g + i), identifiers[i], too_long, huge);
				singles[i] = single(clients[i % 2], &m[i]);
			}
			outbox_queue_singles(db, singles, n);
			for (unsigned i = 0; i < n; i++)
				queue_alone(&singles[i]);
			for (unsigned i = 0; i < n; i++)
				if (!is_right(&singles[i], kind_of(s, g + i), i % 2 == 0, identifiers[i]))
					_exit(100 + (int)kind_of(s, g + i));
		}
		_exit(0);
	}
	for (unsigned s = 0; s < SENDERS; s++) {
		int result;

		wait(&result);
		ck_assert_int_eq(result, 0);
	}
	for (unsigned s = 0; s < SENDERS; s++)
		for (unsigned g = 0; g < GROUPS; g++)
			for (unsigned i = 0; i < 1 + (s + g * 7) % MOST; i++)
				stored += kind_of(s, g + i) != TOO_LONG && kind_of(s, g + i) != NOWHERE &&
				          !(kind_of(s, g + i) == UNSUBSCRIBED && i % 2 == 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id IN (?, ?)",
		DB_ARGS(db_u64(clients[0]), db_u64(clients[1]))), stored);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message m LEFT JOIN delivery d ON d.message_id = m.id"
		" WHERE d.id IS NULL", DB_NO_ARGS), 0);
	free(huge);
	free(too_long);
}
END_TEST

/* Without a server nobody waits for the attempts of all the others: what was not tried is for a worker. */
START_TEST(without_a_server)
{
	enum { MOST = 20 };
	uint64_t client = dbtest_client(db);
	struct outbox_message m[MOST];
	struct outbox_single singles[MOST];

	for (unsigned i = 0; i < MOST; i++) {
		m[i] = mail("a@b.fr", "gone");
		singles[i] = single(client, &m[i]);
	}
	dbtest_server("stop", "-KILL");
	outbox_queue_singles(db, singles, MOST);
	dbtest_server("start", "");
	for (unsigned i = 0; i < MOST; i++)
		ck_status(singles[i].status, DB_NONE);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id = ?",
		DB_ARGS(db_u64(client))), 0);
	outbox_queue_singles(db, singles, MOST);
	for (unsigned i = 0; i < MOST; i++)
		ck_status(singles[i].status, DB_OK);
}
END_TEST

/* Somebody holds a client's row: messages of others in the same group do not wait for that as long as his do. */
START_TEST(one_client_is_locked)
{
	enum { N = 6 };
	uint64_t clients[2] = {dbtest_client(db), dbtest_client(db)};
	struct db *holder = dbtest_open();
	struct outbox_message m[N];
	struct outbox_single singles[N];
	unsigned stored = 0;

	db_set_lock_wait(db, 1);
	ck_status(db_run(holder, "START TRANSACTION", DB_NO_ARGS), DB_OK);
	ck_status(db_run(holder, "UPDATE api_client SET rate = rate + 1 WHERE id = ?", DB_ARGS(db_u64(clients[0]))), DB_OK);
	for (unsigned i = 0; i < N; i++) {
		m[i] = mail("a@b.fr", "locked");
		singles[i] = single(clients[i % 2], &m[i]);
	}
	outbox_queue_singles(db, singles, N);
	for (unsigned i = 0; i < N; i++)
		ck_status(singles[i].status, DB_NONE);
	for (unsigned i = 1; i < N; i += 2) {
		queue_alone(&singles[i]);
		ck_status(singles[i].status, DB_OK);
		stored++;
	}
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id IN (?, ?)",
		DB_ARGS(db_u64(clients[0]), db_u64(clients[1]))), stored);
	db_close(holder);
	outbox_queue_singles(db, singles, N);
	for (unsigned i = 0; i < N; i++)
		ck_status(singles[i].status, DB_OK);
}
END_TEST

/*
 * The connection breaks while the group's commit is waited for, and the server goes on: each is found, or stored once.
 */
START_TEST(broken_while_committing)
{
	enum { N = 6 };
	uint64_t client = dbtest_client(db);
	pid_t killer = dbtest_kill_at(db, "outbox.committing");
	struct outbox_message m[N];
	struct outbox_single singles[N];

	for (unsigned i = 0; i < N; i++) {
		m[i] = mail("a@b.fr", "broken");
		singles[i] = single(client, &m[i]);
	}
	outbox_queue_singles(db, singles, N);
	dbtest_killed(killer);
	for (unsigned i = 0; i < N; i++) {
		ck_status(singles[i].status, DB_OK);
		ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE id = ? AND client_id = ?",
			DB_ARGS(db_u64(m[i].id), db_u64(client))), 1);
	}
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id = ?",
		DB_ARGS(db_u64(client))), N);
}
END_TEST

/* Killed connections while queueing: the commit is settled, whichever way it went. */
START_TEST(doubts_are_settled)
{
	enum { N = 152 };
	uint64_t client = dbtest_client(db);
	pid_t child = fork();

	if (child == 0) {
		struct db *killer = dbtest_open();
		struct db_rows *rows;

		for (;;) {
			if (db_one(killer, "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID()"
				" AND command = 'Execute' LIMIT 1", DB_NO_ARGS, &rows) == DB_OK) {
				uint64_t victim = db_col_u64(rows, 0);

				db_rows_end(rows);
				db_run(killer, "KILL ?", DB_ARGS(db_u64(victim)));
				usleep(15000);
			}
		}
	}
	for (int i = 0; i < N; i++) {
		struct outbox_message m[3] = {mail("a@b.fr", "doubt"), mail("b@b.fr", "doubt"),
		                              mail("c@b.fr", "doubt")};

		if (i % 2 != 0) {
			ck_status(outbox_queue(db, client, &lifetime, m, i % 4 == 1 ? 3 : 1), DB_OK);
		} else {
			struct outbox_single singles[2];

			for (int k = 0; k < 2; k++)
				singles[k] = single(client, &m[k]);
			outbox_queue_singles(db, singles, 2);
			for (int k = 0; k < 2; k++) {
				queue_alone(&singles[k]);
				ck_status(singles[k].status, DB_OK);
			}
		}
		ck_assert_uint_gt(m[0].id, 0);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id = ?",
		DB_ARGS(db_u64(client))), N * 2);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery d JOIN message m ON m.id = d.message_id"
		" WHERE m.client_id = ?",
		DB_ARGS(db_u64(client))), N * 2);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("outbox_singles");
	TCase *tcase = tcase_create("outbox_singles");

	(void)argc;
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, doubts_are_settled);
	tcase_add_loop_test(tcase, answered_means_committed, 0, 2);
	tcase_add_test(tcase, together_with_any);
	tcase_add_test(tcase, without_a_server);
	tcase_add_test(tcase, one_client_is_locked);
	tcase_add_loop_test(tcase, broken_while_committing, 0, 5);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
