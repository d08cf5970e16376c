/*
 * Rows read into structures, against a real MariaDB: what a column holds is what is read, and what cannot be read is an
 * error.
 */
#include "dbtest.h"
#include "store/rows.h"

static struct db *db;
static struct pool *pool;

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

static void read_montant(const struct db_rows *row, struct pool *to, void *element)
{
	(void)to;
	*(montant *)element = rows_montant(row, 0);
}

static const struct {
	const char *text;
	enum db_status status;
	montant amount;
} amounts[] = {
	{"0.00", DB_OK, 0},
	{"9999999999.99", DB_OK, INT64_C(999999999999)},
	{"-9999999999.99", DB_OK, -INT64_C(999999999999)},
	{"39999999999.92", DB_OK, INT64_C(3999999999992)},
	{"-92233720368547757.99", DB_OK, -INT64_C(9223372036854775799)},
	{"92233720368547759.00", DB_BUG, 0},
	{"99999999999999999999999999.00", DB_BUG, 0},
	{"1.005", DB_BUG, 0},
	{"12x", DB_BUG, 0},
	{"", DB_BUG, 0},
	{NULL, DB_OK, 0},
};

START_TEST(an_amount)
{
	const char *given = amounts[_i].text;
	montant one = 77, *list;
	size_t n;

	ck_status(rows_one(db, pool, "SELECT CAST(? AS CHAR)", DB_ARGS(db_text(given)), read_montant, &one),
	          amounts[_i].status);
	if (amounts[_i].status == DB_OK)
		ck_assert_int_eq(one, amounts[_i].amount);
	ck_status(rows_list(db, pool, "SELECT CAST(? AS CHAR) UNION ALL SELECT '1.00'", DB_ARGS(db_text(given)),
	                    sizeof *list, read_montant, &list, &n), amounts[_i].status);
	if (amounts[_i].status != DB_OK)
		return;
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(list[0], amounts[_i].amount);
	ck_assert_int_eq(list[1], 100);
}
END_TEST

/* The statement, prepared once, is as good as new for the next who runs it. */
START_TEST(what_was_refused_once)
{
	static const char sql[] = "SELECT CAST(? AS CHAR)";
	montant one;

	ck_status(rows_one(db, pool, sql, DB_ARGS(db_text("?")), read_montant, &one), DB_BUG);
	ck_status(rows_one(db, pool, sql, DB_ARGS(db_text("2.5")), read_montant, &one), DB_OK);
	ck_assert_int_eq(one, 250);
}
END_TEST

static void read_length(const struct db_rows *row, struct pool *p, void *element)
{
	(void)p;
	*(size_t *)element = db_col_size(row, 0);
}

/* As many rows as there is room for, and one at least; the connection is free for the next question at once. */
static const struct {
	size_t room, n, left;
} rooms[] = {
	{1, 1, 0}, {1000, 1, 0}, {1001, 2, 0}, {20000, 20, 0}, {1000000, 100, 900000}
};

START_TEST(what_there_is_room_for)
{
	size_t room = rooms[_i].room, n = 0, *lengths = NULL;
	montant one;

	for (int again = 0; again < 2; again++) {
		room = rooms[_i].room;
		ck_status(rows_list_within(db, pool, "SELECT REPEAT('x', 1000) FROM seq_1_to_100", DB_NO_ARGS, &room,
		                           sizeof *lengths, read_length, &lengths, &n), DB_OK);
		ck_assert_uint_eq(n, rooms[_i].n);
		ck_assert_uint_eq(room, rooms[_i].left);
		ck_assert_uint_eq(lengths[n - 1], 1000);
		ck_status(rows_one(db, pool, "SELECT CAST(? AS CHAR)", DB_ARGS(db_text("2.5")), read_montant, &one), DB_OK);
	}
	room = 1;
	ck_status(rows_list_within(db, pool, "SELECT 1 FROM seq_1_to_1 WHERE seq = 2", DB_NO_ARGS, &room, sizeof *lengths,
	                           read_length, &lengths, &n), DB_OK);
	ck_assert_uint_eq(n, 0);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("rows");
	TCase *tcase = tcase_create("rows");

	(void)argc;
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, an_amount, 0, sizeof amounts / sizeof amounts[0]);
	tcase_add_test(tcase, what_was_refused_once);
	tcase_add_loop_test(tcase, what_there_is_room_for, 0, sizeof rooms / sizeof rooms[0]);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
