/*
 * Queueing and following messages, against a real MariaDB: what is stored, who is refused, that no client sees
 * another's, and that a listing with any filter is what a naive model says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dbtest.h"
#include "store/outbox.h"
#include "store/unsubscribe.h"

static struct db *db;
static struct pool *pool;
static const struct outbox_lifetime lifetime = {.mail = 86400, .sms = 3600};

static void setup(void)
{
	db = dbtest_open();
	pool = pool_create();
}

static void teardown(void)
{
	pool_free(pool);
	db_close(db);
}

static struct outbox_message mail(const char *to, const char *identifier1)
{
	return (struct outbox_message){.channel = CHANNEL_EMAIL, .email = to, .email_to = to, .email_subject = "Sujet",
		.email_content = "Contenu", .identifier1 = identifier1, .unsubscribe_link = true};
}

static struct outbox_message both(const char *to, const char *phone)
{
	struct outbox_message m = mail(to, NULL);

	m.channel = CHANNEL_BOTH;
	m.phone = "06 02 03 04 05";
	m.phone_to = phone;
	m.sms_content = "Bref";
	return m;
}

static size_t list(uint64_t client, struct outbox_filter filter, struct outbox_listed **listed_r)
{
	size_t n;

	if (filter.limit == 0)
		filter.limit = 100;
	ck_status(outbox_list(db, pool, client, &filter, listed_r, &n), DB_OK);
	return n;
}

/* Every field comes back as it was given, NULL and "" told apart, whether queued alone or among others. */
START_TEST(what_is_queued_is_listed)
{
	uint64_t client = dbtest_client(db);
	struct outbox_message messages[] = {
		{.channel = CHANNEL_BOTH, .email = "Été@exemple.fr", .email_to = "ete@xn--exemple.fr", .phone = "06.02",
		 .phone_to = "+33602030405", .email_subject = "L'été 😀", .email_content = "a%0Ab\n<b>\"'\\",
		 .sms_content = "x", .identifier1 = "001 ", .identifier2 = "", .email_originator = "Gérance",
		 .sms_originator = "BAILLEUR", .logo_url = "https://e.fr/l.png", .force_sending = true,
		 .unsubscribe_link = false},
		{.channel = CHANNEL_SMS_FIRST, .phone = "0602030405", .phone_to = "+33602030405", .sms_content = "y",
		 .unsubscribe_link = true, .test_mode = true},
	};
	struct outbox_listed *listed;

	for (int alone = 0; alone < 2; alone++) {
		const struct outbox_message *a, *b;

		if (alone) {
			ck_status(outbox_queue(db, client, &lifetime, &messages[0], 1), DB_OK);
			ck_status(outbox_queue(db, client, &lifetime, &messages[1], 1), DB_OK);
		} else {
			ck_status(outbox_queue(db, client, &lifetime, messages, 2), DB_OK);
		}
		ck_assert_uint_gt(messages[1].id, messages[0].id);
		ck_assert_uint_eq(list(client, (struct outbox_filter){.limit = 2}, &listed), 2);
		a = &listed[1].message;
		b = &listed[0].message;
		ck_assert_uint_eq(a->id, messages[0].id);
		ck_assert_uint_eq(b->id, messages[1].id);
		ck_assert_int_eq(a->channel, CHANNEL_BOTH);
		ck_assert_str_eq(a->email, "Été@exemple.fr");
		ck_assert_str_eq(a->phone, "06.02");
		ck_assert_str_eq(a->email_subject, "L'été 😀");
		ck_assert_str_eq(a->email_content, "a%0Ab\n<b>\"'\\");
		ck_assert_str_eq(a->sms_content, "x");
		ck_assert_str_eq(a->identifier1, "001 ");
		ck_assert_str_eq(a->identifier2, "");
		ck_assert_str_eq(a->email_originator, "Gérance");
		ck_assert_str_eq(a->sms_originator, "BAILLEUR");
		ck_assert_str_eq(a->logo_url, "https://e.fr/l.png");
		ck_assert(a->force_sending && !a->unsubscribe_link && !a->test_mode);
		ck_assert_int_eq(listed[1].state, DELIVERY_QUEUED);
		ck_assert_int_eq(listed[1].sent_at, 0);
		ck_assert_int_eq(b->channel, CHANNEL_SMS_FIRST);
		ck_assert_ptr_null(b->email);
		ck_assert_ptr_null(b->email_subject);
		ck_assert_ptr_null(b->email_content);
		ck_assert_ptr_null(b->identifier1);
		ck_assert_ptr_null(b->logo_url);
		ck_assert(!b->force_sending && b->unsubscribe_link && b->test_mode);
		ck_assert_int_eq(listed[0].state, DELIVERY_SENT);
		ck_assert_int_eq(listed[0].sent_at, listed[0].created_at);
		ck_assert(!listed[0].has_error && !listed[0].error_message);
		ck_assert_int_le(llabs(listed[0].created_at - clock_now_ms()), 60000);
	}
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM delivery d JOIN message m ON m.id = d.message_id"
		" WHERE m.client_id = ? AND ((d.channel = 'mail' AND d.recipient = 'ete@xn--exemple.fr'"
		" AND d.expires_at = m.created_at + INTERVAL 86400 SECOND AND d.due_at = m.created_at)"
		" OR (d.channel = 'sms' AND d.recipient = '+33602030405'"
		" AND d.expires_at = m.created_at + INTERVAL 3600 SECOND AND (m.test_mode OR d.due_at = "
		"m.created_at)))", DB_ARGS(db_u64(client))), 6);
}
END_TEST

/*
 * Who has unsubscribed is not written to, by that client on that channel, however the address is spelt; unless forced.
 */
START_TEST(unsubscribed_recipients)
{
	uint64_t client = dbtest_client(db), other = dbtest_client(db);
	struct outbox_message all[8];

	ck_status(unsubscribe_add(db, client, DELIVERY_MAIL, "Non.Merci@exemple.fr"), DB_OK);
	ck_status(unsubscribe_add(db, client, DELIVERY_SMS, "+33600000000"), DB_OK);
	for (int round = 0; round < 2; round++) {
		bool batch = round == 1;

		all[0] = mail("non.merci@exemple.fr", NULL);
		all[1] = mail("oui@exemple.fr", NULL);
		all[2] = both("oui@exemple.fr", "+33600000000");
		all[3] = both("NON.MERCI@exemple.fr", "+33600000001");
		all[4] = mail("non.merci@exemple.fr", NULL);
		all[4].force_sending = true;
		all[5] = both("oui@exemple.fr", "+33600000001");
		all[6] = mail("\"odd\\\"quote\"@exemple.fr", NULL);
		all[7] = mail("non.merci@exemple.fr", NULL);
		all[7].test_mode = true;
		if (batch)
			ck_status(outbox_queue(db, client, &lifetime, all, 8), DB_OK);
		for (int i = 0; i < 8; i++) {
			bool refused = i == 0 || i == 2 || i == 3 || i == 7;

			if (!batch)
				ck_status(outbox_queue(db, client, &lifetime, &all[i], 1), DB_OK);
			ck_assert_msg(all[i].unsubscribed == refused, "message %d, round %d", i, round);
			ck_assert_int_eq(all[i].id == 0, refused);
		}
		/* Another client's messages are not concerned. */
		ck_status(outbox_queue(db, other, &lifetime, all, batch ? 8 : 1), DB_OK);
		ck_assert(!all[0].unsubscribed && all[0].id != 0);
	}
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id = ?",
	                                DB_ARGS(db_u64(client))), 8);
	/* All of a batch refused: nothing is stored, and that is no failure. */
	all[0] = all[1] = mail("non.merci@exemple.fr", NULL);
	ck_status(outbox_queue(db, client, &lifetime, all, 2), DB_OK);
	ck_assert(all[0].unsubscribed && all[1].unsubscribed);
}
END_TEST

START_TEST(unsubscribing)
{
	uint64_t client = dbtest_client(db), other = dbtest_client(db);
	struct unsubscribe_filter filter = {.channel = DELIVERY_MAIL, .limit = 2};
	struct unsubscribe *found;
	size_t n;

	for (int i = 0; i < 2; i++) {
		ck_status(unsubscribe_add(db, client, DELIVERY_MAIL, "a@b.fr"), DB_OK);
		ck_status(unsubscribe_add(db, client, DELIVERY_MAIL, "A@b.fr"), DB_OK);
		ck_status(unsubscribe_add(db, client, DELIVERY_MAIL, "c@b.fr"), DB_OK);
		ck_status(unsubscribe_add(db, client, DELIVERY_MAIL, "d@b.fr"), DB_OK);
	}
	ck_status(unsubscribe_add(db, client, DELIVERY_SMS, "+336"), DB_OK);
	ck_status(unsubscribe_add(db, other, DELIVERY_MAIL, "e@b.fr"), DB_OK);
	ck_status(unsubscribe_add(db, 999999, DELIVERY_MAIL, "e@b.fr"), DB_REFUSED);
	ck_status(unsubscribe_add(db, client, DELIVERY_MAIL, "é@b.fr"), DB_REFUSED);
	ck_status(unsubscribe_list(db, pool, client, &filter, &found, &n), DB_OK);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(found[0].address, "d@b.fr");
	ck_assert_str_eq(found[1].address, "c@b.fr");
	filter.offset = 2;
	ck_status(unsubscribe_list(db, pool, client, &filter, &found, &n), DB_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(found[0].address, "a@b.fr");
	filter.offset = 0;
	filter.limit = 10;
	ck_status(db_run(db, "UPDATE unsubscribe SET created_at = '2020-01-18 15:31:12' WHERE client_id = ?"
		" AND address = 'c@b.fr'",
		DB_ARGS(db_u64(client))), DB_OK);
	filter.from = filter.until = 1579361472000;
	ck_status(unsubscribe_list(db, pool, client, &filter, &found, &n), DB_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(found[0].address, "c@b.fr");
	ck_assert_int_eq(found[0].created_at, 1579361472000);
	filter = (struct unsubscribe_filter){.channel = DELIVERY_SMS, .limit = 10};
	ck_status(unsubscribe_list(db, pool, client, &filter, &found, &n), DB_OK);
	ck_assert_uint_eq(n, 1);
	ck_status(unsubscribe_remove(db, other, DELIVERY_MAIL, "a@b.fr"), DB_NONE);
	ck_status(unsubscribe_remove(db, client, DELIVERY_SMS, "a@b.fr"), DB_NONE);
	ck_status(unsubscribe_remove(db, client, DELIVERY_MAIL, "?@b.fr"), DB_NONE);
	ck_status(unsubscribe_remove(db, client, DELIVERY_MAIL, "a@B.FR"), DB_OK);
	ck_status(unsubscribe_remove(db, client, DELIVERY_MAIL, "a@b.fr"), DB_NONE);
}
END_TEST

/* What the columns cannot hold is refused whole; nothing of a batch stays behind. */
START_TEST(what_does_not_fit_is_refused)
{
	uint64_t client = dbtest_client(db);
	struct outbox_message two[2] = {mail("a@b.fr", NULL), mail("c@d.fr", NULL)};
	char *identifier = malloc(257);

	memset(identifier, 'i', 256);
	identifier[256] = '\0';
	two[1].identifier1 = identifier;
	ck_status(outbox_queue(db, client, &lifetime, &two[1], 1), DB_REFUSED);
	ck_status(outbox_queue(db, client, &lifetime, two, 2), DB_REFUSED);
	identifier[255] = '\0';
	ck_status(outbox_queue(db, client, &lifetime, two, 2), DB_OK);
	two[0].email_to = NULL;
	ck_status(outbox_queue(db, client, &lifetime, two, 2), DB_REFUSED);
	ck_status(outbox_queue(db, client, &lifetime, two, 1), DB_REFUSED);
	two[0].email_to = "é@b.fr";
	ck_status(outbox_queue(db, client, &lifetime, two, 2), DB_REFUSED);
	ck_status(outbox_queue(db, client, &lifetime, two, 1), DB_REFUSED);
	two[0].email_to = "a@b.fr";
	ck_status(outbox_queue(db, 999999, &lifetime, two, 1), DB_REFUSED);
	ck_status(outbox_queue(db, client, &lifetime, two, 0), DB_OK);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message WHERE client_id = ?",
	                                DB_ARGS(db_u64(client))), 2);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM message m LEFT JOIN delivery d ON d.message_id = m.id"
		" WHERE d.id IS NULL", DB_NO_ARGS), 0);
	free(identifier);
}
END_TEST

START_TEST(a_batch_of_a_thousand)
{
	enum { N = 1000 };
	uint64_t client = dbtest_client(db);
	struct outbox_message *messages = calloc(N, sizeof *messages);
	char (*to)[32] = calloc(N, 32);
	struct outbox_listed *listed;

	for (int i = 0; i < N; i++) {
		snprintf(to[i], 32, "locataire%d@exemple.fr", i);
		messages[i] = i % 3 ? mail(to[i], "mailing") : both(to[i], "+33600000001");
		if (i % 100 == 50)
			ck_status(unsubscribe_add(db, client, DELIVERY_MAIL, to[i]), DB_OK);
	}
	ck_status(outbox_queue(db, client, &lifetime, messages, N), DB_OK);
	ck_assert_uint_eq(list(client, (struct outbox_filter){.limit = N}, &listed), 990);
	for (int i = 0, at = 989; i < N; i++) {
		ck_assert_int_eq(messages[i].unsubscribed, i % 100 == 50);
		if (messages[i].unsubscribed)
			continue;
		ck_assert_uint_eq(listed[at].message.id, messages[i].id);
		ck_assert_str_eq(listed[at--].message.email, to[i]);
	}
	free(to);
	free(messages);
}
END_TEST

static const char *const identifiers[] = {NULL, "", "a", "a ", "A", "é"};

static bool same(const char *a, const char *b)
{
	return !b || (a && strcmp(a, b) == 0);
}

/* What the model knows of one message. */
struct known {
	uint64_t id;
	const char *identifier1, *identifier2;
	bool test, error;
	int64_t created_at;
};

static bool matches(const struct known *k, const struct outbox_filter *f, const struct known *before)
{
	return same(k->identifier1, f->identifier1) && same(k->identifier2, f->identifier2) &&
	       (f->test_mode == OUTBOX_ANY || (f->test_mode == OUTBOX_YES) == k->test) &&
	       (f->with_error == OUTBOX_ANY || (f->with_error == OUTBOX_YES) == k->error) &&
	       (!f->from || k->created_at >= f->from) && (!f->until || k->created_at <= f->until) &&
	       (!before || k->created_at < before->created_at ||
	        (k->created_at == before->created_at && k->id < before->id));
}

static int known_newest_first(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	if (x->created_at != y->created_at)
		return x->created_at < y->created_at ? 1 : -1;
	return x->id < y->id ? 1 : -1;
}

/* Random messages of two clients at few moments, so that many share one; random filters; against a plain loop. */
START_TEST(any_filter_lists_what_a_model_says)
{
	enum { N = 400, FILTERS = 500 };
	const int64_t base = 1579361472000;
	uint64_t client = dbtest_client(db), other = dbtest_client(db);
	struct known known[N];
	size_t n = 0;

	srand(20261122);
	for (int i = 0; i < N; i++) {
		struct outbox_message m = mail("a@b.fr", identifiers[rand() % 6]);
		struct known k = {.identifier1 = m.identifier1, .identifier2 = identifiers[rand() % 6],
		                  .test = rand() % 3 == 0,
			.error = rand() % 4 == 0, .created_at = base + rand() % 20};
		bool ours = rand() % 4 != 0;

		m.identifier2 = k.identifier2;
		m.test_mode = k.test;
		ck_status(outbox_queue(db, ours ? client : other, &lifetime, &m, 1), DB_OK);
		ck_status(db_run(db, "UPDATE message SET created_at = ?, has_error = ? WHERE id = ?",
			DB_ARGS(db_time(k.created_at), db_bool(k.error), db_u64(m.id))), DB_OK);
		k.id = m.id;
		if (ours)
			known[n++] = k;
	}
	qsort(known, n, sizeof *known, known_newest_first);
	for (int i = 0; i < FILTERS; i++) {
		const struct known *before = rand() % 3 ? NULL : &known[rand() % (int)n];
		struct outbox_filter f = {
			.with_error = rand() % 3, .test_mode = rand() % 3, .identifier1 = identifiers[rand() % 6],
			.identifier2 = identifiers[rand() % 6], .from = rand() % 2 ? 0 : base + rand() % 22 - 1,
			.until = rand() % 2 ? 0 : base + rand() % 22 - 1, .before_id = before ? before->id : 0,
			.limit = 1 + (uint32_t)(rand() % 30), .offset = rand() % 3 ? 0 : (uint64_t)(rand() % 40),
		};
		struct outbox_listed *listed;
		size_t found = list(client, f, &listed), skipped = 0, expected = 0;

		for (size_t k = 0; k < n && expected < f.limit; k++) {
			if (!matches(&known[k], &f, before))
				continue;
			if (skipped++ < f.offset)
				continue;
			ck_assert_msg(expected < found, "filter %d ends too early", i);
			ck_assert_uint_eq(listed[expected++].message.id, known[k].id);
		}
		ck_assert_uint_eq(found, expected);
	}
}
END_TEST

/* A cursor that is another client's message, or none, says nothing about it. */
START_TEST(a_foreign_cursor)
{
	uint64_t client = dbtest_client(db), other = dbtest_client(db);
	struct outbox_message m = mail("a@b.fr", "x");
	struct outbox_filter filter = {.limit = 10};
	uint64_t counts[DELIVERY_STATES];
	struct outbox_listed *listed;
	size_t n;

	ck_status(outbox_queue(db, other, &lifetime, &m, 1), DB_OK);
	filter.before_id = m.id;
	ck_status(outbox_list(db, pool, client, &filter, &listed, &n), DB_NONE);
	filter.before_id = m.id + 1000000;
	ck_status(outbox_list(db, pool, client, &filter, &listed, &n), DB_NONE);
	ck_assert_uint_eq(list(client, (struct outbox_filter){.identifier1 = "x"}, &listed), 0);
	ck_status(outbox_status(db, client, "x", NULL, counts), DB_OK);
	for (int i = 0; i < DELIVERY_STATES; i++)
		ck_assert_uint_eq(counts[i], 0);
}
END_TEST

START_TEST(counts_by_state)
{
	uint64_t client = dbtest_client(db), counts[DELIVERY_STATES];
	struct outbox_message messages[5];

	for (int i = 0; i < 5; i++) {
		messages[i] = both("a@b.fr", "+336");
		messages[i].identifier1 = "m";
		messages[i].identifier2 = i < 3 ? "n" : NULL;
		messages[i].test_mode = i >= 1;
	}
	ck_status(outbox_queue(db, client, &lifetime, messages, 5), DB_OK);
	/* The second has one way that is still to go; the third one that failed. */
	ck_status(db_run(db, "UPDATE delivery SET state = 'queued', sent_at = NULL, due_at = UTC_TIMESTAMP(3)"
		" WHERE message_id = ? AND channel = 'sms'", DB_ARGS(db_u64(messages[1].id))), DB_OK);
	ck_status(db_run(db, "UPDATE delivery SET state = 'failed' WHERE message_id = ? AND channel = 'mail'",
		DB_ARGS(db_u64(messages[2].id))), DB_OK);
	ck_status(outbox_status(db, client, "m", NULL, counts), DB_OK);
	ck_assert_uint_eq(counts[DELIVERY_QUEUED], 2);
	ck_assert_uint_eq(counts[DELIVERY_FAILED], 1);
	ck_assert_uint_eq(counts[DELIVERY_SENT], 2);
	ck_status(outbox_status(db, client, NULL, "n", counts), DB_OK);
	ck_assert_uint_eq(counts[DELIVERY_QUEUED], 2);
	ck_assert_uint_eq(counts[DELIVERY_SENT], 0);
	ck_status(outbox_status(db, client, "m", "n", counts), DB_OK);
	ck_assert_uint_eq(counts[DELIVERY_FAILED], 1);
	ck_status(outbox_status(db, client, "M", NULL, counts), DB_OK);
	ck_assert_uint_eq(counts[DELIVERY_QUEUED], 0);
	ck_status(outbox_status(db, client, "m ", NULL, counts), DB_OK);
	ck_assert_uint_eq(counts[DELIVERY_QUEUED], 0);
}
END_TEST

START_TEST(clients)
{
	struct client client = {.name = "Bailleur social", .auth_key = "cle-1", .rate = 100, .burst = 5}, found, *all;
	size_t n, before;

	ck_status(client_list(db, pool, &all, &before), DB_OK);
	memset(client.secret_hash, 7, SECRET_HASH);
	ck_status(client_add(db, &client), DB_OK);
	ck_status(client_add(db, &client), DB_DUPLICATE);
	client.auth_key = "cle-2";
	ck_status(client_add(db, &client), DB_DUPLICATE);
	client.name = "x";
	client.rate = 0;
	ck_status(client_add(db, &client), DB_REFUSED);
	ck_status(client_by_key(db, pool, "cle-1", &found), DB_OK);
	ck_assert_uint_eq(found.id, client.id);
	ck_assert_str_eq(found.name, "Bailleur social");
	ck_assert_mem_eq(found.secret_hash, client.secret_hash, SECRET_HASH);
	ck_assert_uint_eq(found.rate, 100);
	ck_assert_uint_eq(found.burst, 5);
	ck_assert(!found.disabled);
	/* A key is exact: no case, no spaces, no other encoding of it. */
	for (const char *const *key = (const char *const[]){"CLE-1", "cle-1 ", " cle-1", "cle-", "", "clé-1", "cle-1\n",
	                                                    NULL};
	     *key; key++)
		ck_status(client_by_key(db, pool, *key, &found), DB_NONE);
	ck_status(client_set_disabled(db, "Bailleur social", true), DB_OK);
	ck_status(client_set_disabled(db, "Bailleur social", true), DB_OK);
	ck_status(client_by_key(db, pool, "cle-1", &found), DB_OK);
	ck_assert(found.disabled);
	ck_status(client_set_disabled(db, "Bailleur social", false), DB_OK);
	memset(client.secret_hash, 9, SECRET_HASH);
	ck_status(client_set_secret(db, "Bailleur social", client.secret_hash), DB_OK);
	ck_status(client_by_key(db, pool, "cle-1", &found), DB_OK);
	ck_assert(!found.disabled);
	ck_assert_int_eq(found.secret_hash[0], 9);
	ck_status(client_set_secret(db, "nobody", client.secret_hash), DB_NONE);
	ck_status(client_set_disabled(db, "nobody", true), DB_NONE);
	ck_status(client_list(db, pool, &all, &n), DB_OK);
	ck_assert_uint_eq(n, before + 1);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("outbox");
	TCase *tcase = tcase_create("outbox");

	(void)argc;
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, what_is_queued_is_listed);
	tcase_add_test(tcase, unsubscribed_recipients);
	tcase_add_test(tcase, unsubscribing);
	tcase_add_test(tcase, what_does_not_fit_is_refused);
	tcase_add_test(tcase, a_batch_of_a_thousand);
	tcase_add_test(tcase, any_filter_lists_what_a_model_says);
	tcase_add_test(tcase, a_foreign_cursor);
	tcase_add_test(tcase, counts_by_state);
	tcase_add_test(tcase, clients);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
