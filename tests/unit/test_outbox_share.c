/*
 * Many who queue at once, against a real MariaDB that is killed, as they are: an answer means a commit, to whoever
 * stored for whom, and a commit that breaks is settled.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbtest.h"
#include "store/outbox.h"
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

struct answered {
	uint64_t id;
	unsigned sender, number;
};

/* Sends for ever, telling each id that was answered. */
static void send_for_ever(uint64_t client, unsigned sender, unsigned number, int to)
{
	db = dbtest_open();
	for (;; number++) {
		char identifier[32];
		struct outbox_message m[2];
		struct answered one;

		snprintf(identifier, sizeof identifier, "%u-%u", sender, number);
		m[0] = m[1] = mail("a@b.fr", identifier);
		m[1].identifier2 = "second";
		if (outbox_queue(db, client, &lifetime, m, sender % 4 == 3 ? 2 : 1) != DB_OK)
			continue;
		one = (struct answered){m[0].id, sender, number};
		if (write(to, &one, sizeof one) != (ssize_t)sizeof one)
			_exit(1);
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

	if (_i == 1)
		outbox_share();
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);     /* the server that is started here must not hold its end */
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned s = round % SENDERS;

		if (round >= SENDERS) {
			kill(children[s], SIGKILL);
			waitpid(children[s], NULL, 0);
		}
		children[s] = fork();
		if (children[s] == 0)
			send_for_ever(client, s, round * 1000000, fds[1]);
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

/*
 * Many workers at once, of two clients, with every kind of end: each gets its own message's answer, whoever stored it,
 * and one that is refused takes nobody with it.
 */
START_TEST(shared_by_many)
{
	enum { WORKERS = 12, EACH = 60 };
	uint64_t clients[2] = {dbtest_client(db), dbtest_client(db)};
	char *too_long = malloc(301), *huge = malloc(100001);
	unsigned stored = 0;

	memset(too_long, 'i', 300);
	too_long[300] = '\0';
	memset(huge, 'h', 100000);
	huge[100000] = '\0';
	ck_status(unsubscribe_add(db, clients[0], DELIVERY_MAIL, "stop@b.fr"), DB_OK);
	outbox_share();
	for (unsigned w = 0; w < WORKERS; w++) {
		if (fork() != 0)
			continue;
		db = dbtest_open();
		for (unsigned i = 0; i < EACH; i++) {
			unsigned kind = (w * 7 + i) % 8;
			uint64_t client = clients[i % 2];
			char identifier[32];
			struct outbox_message m;
			enum db_status status;

			snprintf(identifier, sizeof identifier, "w%u-%u", w, i);
			m = mail(kind == 1 ? "stop@b.fr" : "go@b.fr", kind == 2 ? too_long : identifier);
			if (kind == 3)
				m.email_content = huge;         /* does not fit what is shared: goes alone */
			if (kind == 4)
				m = to_both(m, "+336");
			m.identifier2 = kind == 5 ? "" : NULL;
			status = outbox_queue(db, client, &lifetime, &m, 1);
			if (status != (kind == 2 ? DB_REFUSED : DB_OK))
				_exit(200 + (int)status);
			if (kind == 2)
				continue;
			if (m.unsubscribed != (kind == 1 && i % 2 == 0) || (m.id == 0) != m.unsubscribed)
				_exit(190);
			if (m.id != 0 &&
			    dbtest_number(db,
			                  "SELECT COUNT(*) FROM message WHERE id = ? AND client_id = ? AND identifier1 "
				"= ? AND identifier2 <=> ? AND email_content = ?",
				DB_ARGS(db_u64(m.id), db_u64(client), db_text(identifier), db_text(m.identifier2),
				        db_text(m.email_content))) != 1)
				_exit(191);
		}
		_exit(0);
	}
	for (unsigned w = 0; w < WORKERS; w++) {
		int result;

		wait(&result);
		ck_assert_int_eq(result, 0);
	}
	for (unsigned w = 0; w < WORKERS; w++)
		for (unsigned i = 0; i < EACH; i++)
			stored += (w * 7 + i) % 8 != 2 && !((w * 7 + i) % 8 == 1 && i % 2 == 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id IN (?, ?)",
		DB_ARGS(db_u64(clients[0]), db_u64(clients[1]))), stored);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message m LEFT JOIN delivery d ON d.message_id = m.id"
		" WHERE d.id IS NULL", DB_NO_ARGS), 0);
	free(huge);
	free(too_long);
}
END_TEST

/* Killed connections while queueing: the commit is settled, whichever way it went. */
START_TEST(doubts_are_settled)
{
	enum { N = 150 };
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

		ck_status(outbox_queue(db, client, &lifetime, m, i % 2 ? 3 : 1), DB_OK);
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
	Suite *suite = suite_create("outbox_share");
	TCase *tcase = tcase_create("outbox_share");

	(void)argc;
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, doubts_are_settled);
	tcase_add_loop_test(tcase, answered_means_committed, 0, 2);
	tcase_add_test(tcase, shared_by_many);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
