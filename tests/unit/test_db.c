/*
 * The database layer against a real MariaDB: what each status means, values as they come back, transactions under
 * conflict, and a server that is killed in between.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbtest.h"
#include "unit.h"

static struct db *db;

static void setup(void)
{
	db = dbtest_open();
	ck_status(db_script(db,
		"CREATE TABLE IF NOT EXISTS t_values (id INT NOT NULL PRIMARY KEY, i BIGINT NULL, u BIGINT UNSIGNED "
		"NULL, s VARCHAR(20) NULL, b BLOB NULL, l MEDIUMTEXT NULL, d DATETIME(3) NULL, CHECK (i IS NULL OR i "
		"<> 13));CREATE TABLE IF NOT EXISTS t_child (id INT NOT NULL PRIMARY KEY, parent INT NOT NULL,"
		" FOREIGN KEY (parent) REFERENCES t_values (id));"
		"DELETE FROM t_child; DELETE FROM t_values;"), DB_OK);
}

static void teardown(void)
{
	db_close(db);
}

static enum db_status insert(struct db *on, int id, int64_t i)
{
	return db_run(on, "INSERT INTO t_values (id, i) VALUES (?, ?)", DB_ARGS(db_i64(id), db_i64(i)));
}

/* Each way a statement can end, by one statement that ends so. */
START_TEST(statuses)
{
	struct db_rows *rows;
	char long_text[100];

	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	ck_status(insert(db, 1, 1), DB_OK);
	ck_assert_uint_eq(db_affected(db), 1);
	ck_status(insert(db, 1, 2), DB_DUPLICATE);
	ck_status(insert(db, 2, 13), DB_REFUSED);
	ck_status(db_run(db, "INSERT INTO t_values (id, s) VALUES (3, ?)", DB_ARGS(db_text(long_text))), DB_REFUSED);
	ck_status(db_run(db, "INSERT INTO t_values (id) VALUES (?)", DB_ARGS(db_null())), DB_REFUSED);
	ck_status(db_run(db, "INSERT INTO t_child VALUES (1, 99)", DB_NO_ARGS), DB_REFUSED);
	ck_status(db_run(db, "UPDATE t_values SET i = 99999999999999999999 WHERE id = 1", DB_NO_ARGS), DB_REFUSED);
	ck_status(db_run(db, "INSERT INTO no_such_table VALUES (1)", DB_NO_ARGS), DB_BUG);
	ck_assert_ptr_nonnull(strstr(db_error(db), "no_such_table"));
	ck_status(db_run(db, "SELECT * FRM t_values", DB_NO_ARGS), DB_BUG);
	ck_status(db_run(db, "DELETE FROM t_values WHERE id = ?", DB_NO_ARGS), DB_BUG);
	ck_status(db_one(db, "SELECT id FROM t_values WHERE id = ?", DB_ARGS(db_u64(77)), &rows), DB_NONE);
	ck_status(db_one(db, "SELECT id FROM t_values WHERE id = ?", DB_ARGS(db_u64(1)), &rows), DB_OK);
	ck_assert_uint_eq(db_col_u64(rows, 0), 1);
	db_rows_end(rows);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS), 1);
	for (int i = DB_OK; i <= DB_BUG; i++)
		ck_assert_str_ne(db_status_name(i), "?");
	ck_assert_str_eq(db_status_name(99), "?");
}
END_TEST

START_TEST(a_statement_whose_rows_are_open_is_not_run_again)
{
	static const char sql[] = "SELECT id FROM t_values ORDER BY id";
	struct db_rows *rows, *again;

	insert(db, 1, 1);
	insert(db, 2, 1);
	ck_status(db_query(db, sql, DB_NO_ARGS, &rows), DB_OK);
	ck_status(db_next(rows), DB_OK);
	ck_status(db_query(db, sql, DB_NO_ARGS, &again), DB_BUG);
	ck_status(db_next(rows), DB_OK);
	ck_assert_uint_eq(db_col_u64(rows, 0), 2);
	ck_status(db_next(rows), DB_NONE);
	db_rows_end(rows);
	ck_status(db_query(db, sql, DB_NO_ARGS, &rows), DB_OK);
	db_rows_end(rows);
}
END_TEST

/* Another text at the same address is another statement. */
START_TEST(text_decides_not_address)
{
	char sql[] = "SELECT 1";

	ck_assert_uint_eq(dbtest_number(db, sql, DB_NO_ARGS), 1);
	sql[7] = '2';
	ck_assert_uint_eq(dbtest_number(db, sql, DB_NO_ARGS), 2);
}
END_TEST

START_TEST(values_come_back)
{
	static const int64_t times[] = {0, 1, 999, -1, 1579361472000, 951782400000, 951868799999, 4102444799999,
		253402300799999, -62135596800000};
	static const char bytes[] = "a\0b\xff'\"\\;--\n";
	char *big = malloc(3000001);
	struct pool *pool = pool_create();
	struct db_rows *rows;

	memset(big, 'e', 3000000);
	big[3000000] = '\0';
	for (unsigned n = 0; n < sizeof times / sizeof *times; n++) {
		ck_status(db_run(db, "REPLACE INTO t_values VALUES (?, ?, ?, ?, ?, ?, ?)",
		                 DB_ARGS(db_u64(n), db_i64(INT64_MIN + n),
			db_u64(UINT64_MAX - n), db_text("é😀'"), db_bytes(bytes, sizeof bytes - 1), db_text(big),
			db_time(times[n]))), DB_OK);
		ck_status(db_one(db, "SELECT i, u, s, b, l, d, id FROM t_values WHERE id = ?", DB_ARGS(db_u64(n)),
		                 &rows), DB_OK);
		ck_assert_int_eq(db_col_i64(rows, 0), INT64_MIN + n);
		ck_assert(db_col_u64(rows, 1) == UINT64_MAX - n);
		ck_assert_str_eq(db_col_text(rows, 2), "é😀'");
		ck_assert_uint_eq(db_col_size(rows, 3), sizeof bytes - 1);
		ck_assert_mem_eq(db_col_text(rows, 3), bytes, sizeof bytes - 1);
		ck_assert_uint_eq(db_col_size(rows, 4), 3000000);
		ck_assert_str_eq(db_col_dup(rows, 4, pool), big);
		ck_assert_int_eq(db_col_time(rows, 5), times[n]);
		ck_assert_int_eq(db_col_bool(rows, 6), n != 0);
		db_rows_end(rows);
		ck_assert_uint_eq(dbtest_number(db,
		                                "SELECT d = FROM_UNIXTIME(? / 1000) OR ? < 0 OR ? > 2147483647000 FROM "
			"t_values WHERE id = ?", DB_ARGS(db_i64(times[n]), db_i64(times[n]), db_i64(times[n]),
			                                 db_u64(n))), 1);
	}
	pool_free(pool);
	free(big);
}
END_TEST

/* A NULL, an empty text and a longer one in turn: none keeps anything of the row before. */
START_TEST(null_is_not_the_row_before)
{
	static const char *const texts[] = {"twelve bytes", NULL, "", NULL, "x", ""};
	struct db_rows *rows;

	for (unsigned i = 0; i < 6; i++)
		ck_status(db_run(db, "INSERT INTO t_values (id, i, s, l, d) VALUES (?, ?, ?, ?, ?)",
			DB_ARGS(db_u64(i), texts[i] ? db_i64(-5) : db_null(), db_text(texts[i]), db_text(texts[i]),
			texts[i] ? db_time(1000) : db_null())), DB_OK);
	ck_status(db_query(db, "SELECT i, s, l, d FROM t_values ORDER BY id", DB_NO_ARGS, &rows), DB_OK);
	for (unsigned i = 0; i < 6; i++) {
		ck_status(db_next(rows), DB_OK);
		for (unsigned c = 0; c < 4; c++)
			ck_assert_int_eq(db_col_null(rows, c), !texts[i]);
		ck_assert_int_eq(db_col_i64(rows, 0), texts[i] ? -5 : 0);
		ck_assert_int_eq(db_col_time(rows, 3), texts[i] ? 1000 : 0);
		if (texts[i])
			ck_assert_str_eq(db_col_text(rows, 1), texts[i]);
		else
			ck_assert_ptr_null(db_col_text(rows, 1));
		ck_assert_uint_eq(db_col_size(rows, 2), texts[i] ? strlen(texts[i]) : 0);
	}
	ck_status(db_next(rows), DB_NONE);
	db_rows_end(rows);
}
END_TEST

/* Rows that outgrow the buffer, one after the other, and shorter ones after them. */
START_TEST(nothing_is_truncated)
{
	static const size_t sizes[] = {10, 127, 128, 129, 5000, 3, 7000, 100000, 0, 99999};
	char *text = malloc(100001);
	struct db_rows *rows;

	for (unsigned i = 0; i < 10; i++) {
		memset(text, 'a' + (int)i, sizes[i]);
		ck_status(db_run(db, "INSERT INTO t_values (id, l) VALUES (?, ?)",
		                 DB_ARGS(db_u64(i), db_bytes(text, sizes[i]))),
			DB_OK);
	}
	ck_status(db_query(db, "SELECT l FROM t_values ORDER BY id", DB_NO_ARGS, &rows), DB_OK);
	for (unsigned i = 0; i < 10; i++) {
		ck_status(db_next(rows), DB_OK);
		ck_assert_uint_eq(db_col_size(rows, 0), sizes[i]);
		memset(text, 'a' + (int)i, sizes[i]);
		ck_assert_mem_eq(db_col_text(rows, 0), text, sizes[i]);
		ck_assert_int_eq(db_col_text(rows, 0)[sizes[i]], '\0');
	}
	db_rows_end(rows);
	free(text);
}
END_TEST

START_TEST(sums_and_procedures)
{
	insert(db, 1, 40);
	insert(db, 2, 2);
	ck_assert_uint_eq(dbtest_number(db, "SELECT SUM(i) FROM t_values", DB_NO_ARGS), 42);
	ck_status(db_script(db,
		"-- a comment; with a semicolon\nDELIMITER //\nCREATE OR REPLACE PROCEDURE t_p(IN a INT)\nBEGIN\n  "
		"INSERT INTO t_values (id, s) VALUES (a, 'x;y//');\n  SELECT a + 1;\nEND//\nDELIMITER ;\n/* ; */ "
		"INSERT INTO t_values (id, s) VALUES (50, 'it''s; \\'fine\\''); # ;\n"), DB_OK);
	for (int i = 10; i < 13; i++)
		ck_assert_uint_eq(dbtest_number(db, "CALL t_p(?)", DB_ARGS(db_i64(i))), (uint64_t)i + 1);
	ck_status(db_run(db, "CALL t_p(?)", DB_ARGS(db_i64(20))), DB_OK);
	ck_status(db_run(db, "CALL t_p(?)", DB_ARGS(db_i64(20))), DB_DUPLICATE);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values WHERE s = 'x;y//'", DB_NO_ARGS), 4);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values WHERE s IN ('x;y//', 'it''s; ''fine''')",
		DB_NO_ARGS), 5);
	ck_status(db_script(db, "SELECT 1; SELEC 2; INSERT INTO t_values (id) VALUES (999)"), DB_BUG);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values WHERE id = 999", DB_NO_ARGS), 0);
}
END_TEST

/* A block says rows before it has come to its end: how it ended is told, too. */
START_TEST(a_block_that_fails_after_its_rows)
{
	static const char *const blocks[] = {"BEGIN NOT ATOMIC SELECT 1; SELECT 2; DO 3; END",
	                                     "BEGIN NOT ATOMIC SELECT 1; SIGNAL SQLSTATE '45000'; END",
	                                     "BEGIN NOT ATOMIC SELECT 1; KILL CONNECTION_ID(); END"};
	static const enum db_status ends[] = {DB_OK, DB_BUG, DB_UNCERTAIN};

	for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
		struct db_rows *rows;

		ck_status(db_one(db, blocks[i], DB_NO_ARGS, &rows), DB_OK);
		ck_assert_uint_eq(db_col_u64(rows, 0), 1);
		ck_status(db_rows_finish(rows), ends[i]);
		ck_assert_uint_eq(dbtest_number(db, "SELECT 4", DB_NO_ARGS), 4);
	}
}
END_TEST

enum { BULK = 3000 };

static enum db_status bulk_body(struct db *on, void *arg)
{
	return db_bulk(on, "INSERT INTO t_values (id, i, s, b, l, d) VALUES (?, ?, ?, ?, ?, ?)", arg, 6, BULK);
}

START_TEST(bulk)
{
	struct db_value *values = calloc(BULK * 6, sizeof *values);
	char *text = malloc(20000);
	struct db_rows *rows;

	memset(text, 'z', 20000);
	for (unsigned i = 0; i < BULK; i++) {
		struct db_value *v = values + i * 6;

		v[0] = db_u64(i);
		v[1] = i % 3 ? db_i64(-(int64_t)i) : db_null();
		v[2] = i % 5 ? i % 2 ? db_text("odd") : db_text("") : db_null();
		v[3] = db_null();
		v[4] = db_bytes(text, i * 6);           /* 27 MB in all: several packets */
		v[5] = i % 7 ? db_time(1700000000000 + i) : db_null();
	}
	/* More than one packet is not atomic by itself. */
	ck_status(bulk_body(db, values), DB_BUG);
	ck_status(db_transaction(db, bulk_body, values), DB_OK);
	ck_assert_uint_eq(db_affected(db), BULK);
	ck_status(db_query(db, "SELECT id, i, s, b, LENGTH(l), d FROM t_values ORDER BY id", DB_NO_ARGS, &rows), DB_OK);
	for (unsigned i = 0; i < BULK; i++) {
		ck_status(db_next(rows), DB_OK);
		ck_assert_uint_eq(db_col_u64(rows, 0), i);
		ck_assert_int_eq(db_col_null(rows, 1), i % 3 == 0);
		ck_assert_int_eq(db_col_i64(rows, 1), i % 3 ? -(int64_t)i : 0);
		ck_assert_int_eq(db_col_null(rows, 2), i % 5 == 0);
		if (i % 5)
			ck_assert_str_eq(db_col_text(rows, 2), i % 2 ? "odd" : "");
		ck_assert(db_col_null(rows, 3));
		ck_assert_uint_eq(db_col_u64(rows, 4), i * 6);
		ck_assert_int_eq(db_col_time(rows, 5), i % 7 ? 1700000000000 + i : 0);
	}
	ck_status(db_next(rows), DB_NONE);
	db_rows_end(rows);
	/* One bad row: none is stored. The statement stays usable, with and without an array. */
	values[6 * (BULK - 1)] = db_u64(5);
	ck_status(db_run(db, "DELETE FROM t_values", DB_NO_ARGS), DB_OK);
	ck_status(db_transaction(db, bulk_body, values), DB_DUPLICATE);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS), 0);
	ck_status(db_run(db, "INSERT INTO t_values (id, i, s, b, l, d) VALUES (?, ?, ?, ?, ?, ?)", values, 6), DB_OK);
	values[1] = db_text("not a number");
	ck_status(db_bulk(db, "INSERT INTO t_values (id, i, s, b, l, d) VALUES (?, ?, ?, ?, ?, ?)", values, 6, 2),
	          DB_BUG);
	free(text);
	free(values);
}
END_TEST

/* An UPDATE by array counts what all its rows changed. */
START_TEST(bulk_update)
{
	struct db_value values[20];

	for (int i = 0; i < 10; i++) {
		insert(db, i, i);
		values[2 * i] = db_i64(100 + i);
		values[2 * i + 1] = db_i64(i < 7 ? i : i + 1000);
	}
	ck_status(db_bulk(db, "UPDATE t_values SET i = ? WHERE id = ?", values, 2, 10), DB_OK);
	ck_assert_uint_eq(db_affected(db), 7);
	ck_status(db_bulk(db, "UPDATE t_values SET i = ? WHERE id = ?", values, 2, 10), DB_OK);
	ck_assert_uint_eq(db_affected(db), 7);          /* found, though they are as wanted already */
	ck_assert_uint_eq(dbtest_number(db, "SELECT SUM(i) FROM t_values", DB_NO_ARGS), 7 * 100 + 45);
}
END_TEST

struct twice {
	int runs;
	int first, second;
	struct db *other;
	int conflicts;
};

static enum db_status two_rows(struct db *on, void *arg)
{
	struct twice *t = arg;
	enum db_status status;

	t->runs++;
	status = db_run(on, "UPDATE t_values SET i = i + 1 WHERE id = ?", DB_ARGS(db_i64(t->first)));
	usleep(t->runs == 1 ? 200000 : 0);
	if (status == DB_OK)
		status = db_run(on, "UPDATE t_values SET i = i + 1 WHERE id = ?", DB_ARGS(db_i64(t->second)));
	t->conflicts += status == DB_CONFLICT;
	return status;
}

/* Two processes lock two rows in opposite orders: one is thrown back, runs again, and both are counted. */
START_TEST(a_deadlock_is_run_again)
{
	struct twice t = {.first = 1, .second = 2};
	int fds[2], theirs[2];
	pid_t child;

	insert(db, 1, 0);
	insert(db, 2, 0);
	ck_assert_int_eq(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		struct db *other = dbtest_open();

		t.first = 2;
		t.second = 1;
		theirs[0] = db_transaction(other, two_rows, &t);
		theirs[1] = t.conflicts;
		_exit(write(fds[1], theirs, sizeof theirs) != (ssize_t)sizeof theirs);
	}
	ck_status(db_transaction(db, two_rows, &t), DB_OK);
	ck_assert_int_eq(read(fds[0], theirs, sizeof theirs), sizeof theirs);
	waitpid(child, NULL, 0);
	ck_status(theirs[0], DB_OK);
	ck_assert_int_eq(t.conflicts + theirs[1], 1);
	ck_assert_uint_eq(dbtest_number(db, "SELECT SUM(i) FROM t_values", DB_NO_ARGS), 4);
}
END_TEST

static enum db_status ignores_failure(struct db *on, void *arg)
{
	int *runs = arg;

	insert(on, 100 + *runs, 0);
	if ((*runs)++ == 0) {
		db_run(on, "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213", DB_NO_ARGS);
		ck_status(insert(on, 500, 0), DB_CONFLICT);     /* nothing more is done in vain */
	}
	return DB_OK;
}

/* A body that takes no notice of a conflict: the half that is left is not committed. */
START_TEST(half_a_transaction_is_never_committed)
{
	int runs = 0;

	ck_status(db_transaction(db, ignores_failure, &runs), DB_OK);
	ck_assert_int_eq(runs, 2);
	ck_assert_uint_eq(dbtest_number(db, "SELECT GROUP_CONCAT(id) = '101' FROM t_values", DB_NO_ARGS), 1);
}
END_TEST

static enum db_status refuses(struct db *on, void *arg)
{
	(void)arg;
	ck_assert(db_in_transaction(on));
	ck_status(insert(on, 1, 1), DB_OK);
	ck_status(db_transaction(on, refuses, NULL), DB_BUG);
	return DB_NONE;
}

START_TEST(a_body_that_refuses_rolls_back)
{
	ck_status(db_transaction(db, refuses, NULL), DB_NONE);
	ck_assert(!db_in_transaction(db));
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS), 0);
}
END_TEST

static enum db_status holds(struct db *on, void *arg)
{
	struct db *other = arg;
	struct db_rows *rows;

	ck_status(db_run(on, "UPDATE t_values SET i = 5 WHERE id = 1", DB_NO_ARGS), DB_OK);
	ck_status(db_query(other, "SELECT i FROM t_values WHERE id = 1 FOR UPDATE NOWAIT", DB_NO_ARGS, &rows), DB_BUSY);
	ck_status(db_run(other, "SET STATEMENT innodb_lock_wait_timeout = 0 FOR INSERT INTO t_values (id) VALUES (1)",
		DB_NO_ARGS), DB_BUSY);
	return DB_OK;
}

START_TEST(a_lock_that_is_taken_is_busy)
{
	struct db *other = dbtest_open();

	insert(db, 1, 1);
	ck_status(db_transaction(db, holds, other), DB_OK);
	db_close(other);
}
END_TEST

/* Ended by the server, and the connection is as good as before. */
START_TEST(a_statement_that_takes_too_long_is_busy)
{
	uint64_t before;
	struct db_rows *rows;

	db_set_statement_time(db, 1500);
	ck_assert_uint_eq(dbtest_number(db, "SELECT CAST(@@max_statement_time * 1000 AS UNSIGNED)", DB_NO_ARGS), 1500);
	db_set_statement_time(db, 50);
	before = dbtest_number(db, "SELECT CONNECTION_ID()", DB_NO_ARGS);
	ck_status(db_one(db, "SELECT SLEEP(1000)", DB_NO_ARGS, &rows), DB_BUSY);
	ck_assert_uint_eq(dbtest_number(db, "SELECT CONNECTION_ID()", DB_NO_ARGS), before);
	db_set_statement_time(db, 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT CAST(@@max_statement_time * 1000 AS UNSIGNED)", DB_NO_ARGS), 0);
}
END_TEST

/* A result that never had a row is no row, least of all the one that stands in the buffers from before. */
START_TEST(too_long_before_the_first_row)
{
	const char *sql = "SELECT ?, IF(?, SLEEP(1000), 0)";
	struct db_rows *rows;

	ck_status(db_query_long(db, sql, DB_ARGS(db_text("of the one before"), db_bool(false)), &rows), DB_OK);
	ck_status(db_next(rows), DB_OK);
	ck_assert_str_eq(db_col_text(rows, 0), "of the one before");
	ck_status(db_next(rows), DB_NONE);
	db_rows_end(rows);
	db_set_statement_time(db, 50);
	ck_status(db_query_long(db, sql, DB_ARGS(db_text("of this one"), db_bool(true)), &rows), DB_OK);
	ck_status(db_next(rows), DB_BUSY);
	db_rows_end(rows);
	db_set_statement_time(db, 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT 7", DB_NO_ARGS), 7);
}
END_TEST

/* The session: UTC, strict, read committed, no reconnection behind our back. */
START_TEST(session)
{
	ck_status(db_ping(db), DB_OK);
	ck_assert_uint_eq(dbtest_number(db, "SELECT @@time_zone = '+00:00' AND @@tx_isolation = 'READ-COMMITTED' AND"
		" @@sql_mode LIKE '%STRICT_ALL_TABLES%' AND @@character_set_client = 'utf8mb4' AND"
		" @@character_set_results = 'utf8mb4' AND @@autocommit", DB_NO_ARGS), 1);
}
END_TEST

static void kill_connection(struct db *victim)
{
	struct db *killer = dbtest_open();
	uint64_t id = dbtest_number(victim, "SELECT CONNECTION_ID()", DB_NO_ARGS);

	ck_status(db_run(killer, "KILL ?", DB_ARGS(db_u64(id))), DB_OK);
	db_close(killer);
	usleep(50000);
}

/* How the server may end a result while its rows are read: by these statements, or by its own end. */
static const char *const ENDS[] = {"KILL QUERY ?", "KILL ?", NULL};

static void end_it(const char *sql, uint64_t connection)
{
	struct db *killer;

	if (sql == NULL) {
		dbtest_server("stop", "-KILL");
		dbtest_server("start", "");
		return;
	}
	killer = dbtest_open();
	ck_status(db_run(killer, sql, DB_ARGS(db_u64(connection))), DB_OK);
	db_close(killer);
}

/* Rows that come one by one, far more than fit into what is under way: each is one, and the end is told as it was. */
START_TEST(rows_that_end_too_soon)
{
	uint64_t id = dbtest_number(db, "SELECT CONNECTION_ID()", DB_NO_ARGS), n = 0;
	struct db_rows *rows;
	enum db_status status;

	ck_status(db_query_long(db, "SELECT seq, REPEAT('x', 20000) FROM seq_1_to_5000", DB_NO_ARGS, &rows), DB_OK);
	while ((status = db_next(rows)) == DB_OK) {
		ck_assert_uint_eq(db_col_u64(rows, 0), ++n);
		if (n == 10)
			end_it(ENDS[_i], id);
	}
	ck_status(status, DB_LOST);
	ck_assert_uint_lt(n, 5000);
	db_rows_end(rows);
	ck_assert_uint_eq(dbtest_number(db, "SELECT 7", DB_NO_ARGS), 7);
}
END_TEST

/* An idle connection that was cut is replaced before anything is sent, so nothing is in doubt. */
START_TEST(an_idle_connection_that_was_cut)
{
	insert(db, 1, 1);
	kill_connection(db);
	ck_status(insert(db, 2, 2), DB_OK);
	kill_connection(db);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS), 2);
}
END_TEST

/* Two looks, with another's write, and an end of the connection the first time, between them. */
static enum db_status looks_twice(struct db *on, void *arg)
{
	int *runs = arg;
	struct db *other = dbtest_open();
	uint64_t before = dbtest_number(on, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS);
	struct db_rows *rows;
	enum db_status status;

	ck_assert(db_in_transaction(on));
	ck_status(insert(other, 200 + *runs, 0), DB_OK);
	db_close(other);
	if ((*runs)++ == 0)
		kill_connection(on);
	status = db_one(on, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS, &rows);
	if (status != DB_OK)
		return status;
	ck_assert_uint_eq(db_col_u64(rows, 0), before);
	db_rows_end(rows);
	return DB_OK;
}

static enum db_status writes(struct db *on, void *arg)
{
	(void)arg;
	ck_status(insert(on, 1, 1), DB_BUG);
	return DB_NONE;
}

/* One moment for all that is read, no lock in anybody's way; what follows sees the present again, and may write. */
START_TEST(a_snapshot_is_of_one_moment)
{
	int runs = 0;

	ck_status(db_snapshot(db, looks_twice, &runs), DB_OK);
	ck_assert_int_eq(runs, 2);
	ck_assert(!db_in_transaction(db));
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS), 2);
	ck_status(db_snapshot(db, writes, NULL), DB_NONE);
	ck_status(db_transaction(db, refuses, NULL), DB_NONE);
	ck_status(insert(db, 2, 2), DB_OK);
}
END_TEST

static enum db_status cut_inside(struct db *on, void *arg)
{
	int *runs = arg;

	ck_status(insert(on, 10, *runs), DB_OK);
	if ((*runs)++ == 0)
		kill_connection(on);
	return insert(on, 11, *runs);
}

START_TEST(cut_inside_a_transaction_runs_it_again)
{
	int runs = 0;

	ck_status(db_transaction(db, cut_inside, &runs), DB_OK);
	ck_assert_int_eq(runs, 2);
	ck_assert_uint_eq(dbtest_number(db, "SELECT SUM(i) FROM t_values", DB_NO_ARGS), 3);
}
END_TEST

/* Cut while a write of autocommit runs: nobody can say whether it was done. A query can be asked again. */
START_TEST(cut_during_a_statement)
{
	uint64_t id = dbtest_number(db, "SELECT CONNECTION_ID()", DB_NO_ARGS);
	pid_t child = fork();

	if (child == 0) {
		struct db *killer = dbtest_open();

		usleep(300000);
		_exit(db_run(killer, "KILL ?", DB_ARGS(db_u64(id))) != DB_OK);
	}
	ck_status(db_run(db, "INSERT INTO t_values (id, i) SELECT 1, SLEEP(20)", DB_NO_ARGS), DB_UNCERTAIN);
	waitpid(child, NULL, 0);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS), 0);
}
END_TEST

static enum db_status killed_server(struct db *on, void *arg)
{
	int *runs = arg;
	enum db_status status = insert(on, 20, *runs);

	if ((*runs)++ == 0) {
		dbtest_server("stop", "-KILL");
		dbtest_server("start", "");
	}
	return status == DB_OK ? insert(on, 21, *runs) : status;
}

START_TEST(the_server_is_killed)
{
	struct db_rows *rows;
	int runs = 0;

	insert(db, 1, 1);
	insert(db, 2, 1);
	ck_status(db_transaction(db, killed_server, &runs), DB_OK);
	ck_assert_int_eq(runs, 2);
	/* Rows that are being read outlive the connection they came from. */
	ck_status(db_query(db, "SELECT id FROM t_values ORDER BY id", DB_NO_ARGS, &rows), DB_OK);
	ck_status(db_next(rows), DB_OK);
	ck_assert_uint_eq(db_col_u64(rows, 0), 1);
	dbtest_server("stop", "-KILL");
	ck_status(insert(db, 3, 3), DB_LOST);
	ck_status(db_ping(db), DB_LOST);
	ck_status(db_next(rows), DB_LOST);
	db_rows_end(rows);
	dbtest_server("start", "");
	ck_status(db_ping(db), DB_OK);
	ck_assert_uint_eq(dbtest_number(db, "SELECT COUNT(*) FROM t_values", DB_NO_ARGS), 4);
}
END_TEST

/* Hosts are tried in turn; one that is read-only is passed over. */
START_TEST(hosts)
{
	struct settings settings = *dbtest_settings();
	char list[512];
	struct db *several;

	snprintf(list, sizeof list, "/nonexistent/sock, 127.0.0.1:1,%s", getenv("BAILLEUR_TEST_SOCKET"));
	settings.db_hosts = list;
	several = db_open(&settings);
	ck_status(db_ping(several), DB_OK);
	db_close(several);
	settings.db_hosts = (char[]){"/nonexistent/sock,[::1]:1"};
	several = db_open(&settings);
	ck_status(insert(several, 1, 1), DB_LOST);
	db_close(several);
	ck_status(db_run(db, "SET GLOBAL read_only = 1", DB_NO_ARGS), DB_OK);
	several = dbtest_open();
	ck_status(db_ping(several), DB_LOST);
	db_close(several);
	ck_status(db_run(db, "SET GLOBAL read_only = 0", DB_NO_ARGS), DB_OK);
}
END_TEST

/* A socket of a private directory; its path is put into `path`. */
static int listen_at(char path[64])
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(path, "/tmp/test_db.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	strcat(path, "/sock");
	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	return listener;
}

static void unlisten(int listener, char *path)
{
	close(listener);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

/* Options for a server that takes connections and says nothing, or no more: a second each. */
static struct settings impatient(char *servers)
{
	struct settings settings = *dbtest_settings();

	settings.db_hosts = servers;
	settings.db_connect_timeout = settings.db_read_timeout = settings.db_write_timeout = 1;
	return settings;
}

/* Without connect_timeout the first of these hosts would be waited for as long as nothing else ends it. */
START_TEST(a_host_that_says_nothing)
{
	char path[64], list[512];
	int listener = listen_at(path);
	struct settings settings;
	struct db *several;

	snprintf(list, sizeof list, "%s,%s", path, getenv("BAILLEUR_TEST_SOCKET"));
	settings = impatient(list);
	settings.db_read_timeout = settings.db_write_timeout = 3600;
	several = db_open(&settings);
	ck_status(db_ping(several), DB_OK);
	db_close(several);
	unlisten(listener, path);
}
END_TEST

START_TEST(an_answer_that_does_not_come)
{
	struct settings settings = impatient(NULL);
	struct db *hasty;

	settings.db_connect_timeout = settings.db_write_timeout = 3600;
	hasty = db_open(&settings);
	ck_status(db_ping(hasty), DB_OK);
	ck_status(db_run(hasty, "DO SLEEP(90)", DB_NO_ARGS), DB_UNCERTAIN);
	db_close(hasty);
}
END_TEST

/* Copies what comes from one to the other. Returns the bytes; 0 when it ended. */
static size_t pass_on(int from, int to)
{
	char bytes[4096];
	ssize_t n = read(from, bytes, sizeof bytes);

	return n > 0 && write(to, bytes, (size_t)n) == n ? (size_t)n : 0;
}

/* Of one connection passes on what comes and goes, until a statement is longer than `most`; then reads no more. */
static void pass_on_until(int listener, size_t most)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd ends[] = {{.events = POLLIN}, {.events = POLLIN}};
	size_t n = 1, sum = 0;

	strcpy(address.sun_path, getenv("BAILLEUR_TEST_SOCKET"));
	ends[0].fd = accept(listener, NULL, NULL);
	ends[1].fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(ends[1].fd, (struct sockaddr *)&address, sizeof address) != 0)
		_exit(1);
	while (n > 0 && sum < most && poll(ends, 2, -1) > 0) {
		if (ends[0].revents != 0)
			sum += n = pass_on(ends[0].fd, ends[1].fd);
		if (n > 0 && ends[1].revents != 0)
			n = pass_on(ends[1].fd, ends[0].fd);
	}
	close(listener);
	pause();
}

START_TEST(a_statement_that_nobody_reads)
{
	char path[64], *big = malloc(8000001);
	int listener = listen_at(path);
	struct settings settings = impatient(path);
	struct db *stuck;
	pid_t between = fork();

	if (between == 0)
		pass_on_until(listener, 100000);
	close(listener);
	memset(big, 'x', 8000000);
	big[8000000] = '\0';
	settings.db_connect_timeout = settings.db_read_timeout = 3600;
	stuck = db_open(&settings);
	ck_status(db_ping(stuck), DB_OK);
	ck_status(db_run(stuck, "INSERT INTO t_values (id, l) VALUES (1, ?)", DB_ARGS(db_text(big))), DB_LOST);
	kill(between, SIGKILL);
	waitpid(between, NULL, 0);
	db_close(stuck);
	unlisten(-1, path);
	free(big);
}
END_TEST

START_TEST(run_again)
{
	insert(db, 1, 0);
	kill_connection(db);
	ck_status(db_run_again(db, "UPDATE t_values SET i = 7 WHERE id = ?", DB_ARGS(db_u64(1))), DB_OK);
	ck_assert_uint_eq(dbtest_number(db, "SELECT i FROM t_values WHERE id = 1", DB_NO_ARGS), 7);
	ck_status(db_run_again(db, "INSERT INTO t_values (id) VALUES (1)", DB_NO_ARGS), DB_DUPLICATE);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("db");
	TCase *tcase = tcase_create("db");

	(void)argc;
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, statuses);
	tcase_add_test(tcase, a_statement_whose_rows_are_open_is_not_run_again);
	tcase_add_test(tcase, text_decides_not_address);
	tcase_add_test(tcase, values_come_back);
	tcase_add_test(tcase, null_is_not_the_row_before);
	tcase_add_test(tcase, nothing_is_truncated);
	tcase_add_test(tcase, sums_and_procedures);
	tcase_add_test(tcase, a_block_that_fails_after_its_rows);
	tcase_add_test(tcase, bulk);
	tcase_add_test(tcase, bulk_update);
	tcase_add_test(tcase, a_deadlock_is_run_again);
	tcase_add_test(tcase, half_a_transaction_is_never_committed);
	tcase_add_test(tcase, a_body_that_refuses_rolls_back);
	tcase_add_test(tcase, a_lock_that_is_taken_is_busy);
	tcase_add_test(tcase, a_statement_that_takes_too_long_is_busy);
	tcase_add_test(tcase, too_long_before_the_first_row);
	tcase_add_loop_test(tcase, rows_that_end_too_soon, 0, COUNT(ENDS));
	tcase_add_test(tcase, session);
	tcase_add_test(tcase, an_idle_connection_that_was_cut);
	tcase_add_test(tcase, a_snapshot_is_of_one_moment);
	tcase_add_test(tcase, cut_inside_a_transaction_runs_it_again);
	tcase_add_test(tcase, cut_during_a_statement);
	tcase_add_test(tcase, the_server_is_killed);
	tcase_add_test(tcase, hosts);
	tcase_add_test(tcase, a_host_that_says_nothing);
	tcase_add_test(tcase, an_answer_that_does_not_come);
	tcase_add_test(tcase, a_statement_that_nobody_reads);
	tcase_add_test(tcase, run_again);
	suite_add_tcase(suite, tcase);
	return dbtest_main(argv, suite);
}
