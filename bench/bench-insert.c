/*
 * bench-insert: how fast bare Connector/C stores messages. No HTTP, no checks, no rendering.
 *
 *   bench-insert single -d DEFAULTS -c CONNECTIONS -t SECONDS -C CLIENT -r RECIPIENT -s SUBJECT -m CONTENT -i
 *   IDENTIFIER bench-insert batch  … -b ROWS
 *
 * single: one row of the message table an INSERT, prepared, committed by itself. batch: ROWS messages by array binding,
 * their ROWS deliveries by another, one COMMIT for both; ids are given, so that nothing has to be asked back.
 * The connection is what the [client] group of DEFAULTS says.
 */
#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mysql.h>
#include <uuid/uuid.h>

#include "bench/bench.h"

#define MESSAGE_COLUMNS "client_id, request_uuid, request_index, channel, email, email_subject, email_content, " \
	"identifier1, force_sending, unsubscribe_link, test_mode, created_at"
#define MESSAGE_VALUES "?, ?, ?, 'email', ?, ?, ?, ?, 0, 1, 0, UTC_TIMESTAMP(3)"
#define INSERT_DELIVERY "INSERT INTO delivery (message_id, channel, uuid, recipient, state, due_at, expires_at) " \
	"VALUES (?, 'mail', ?, ?, 'queued', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 2 DAY)"

enum { UUID_SIZE = 16 };

static struct {
	bool batch;
	const char *defaults;
	const char *text[4];            /* recipient, subject, content, identifier */
	unsigned long text_len[4];
	unsigned client;
	unsigned rows;
	double deadline;
	_Atomic unsigned long long next_id;
	_Atomic unsigned long done, errors;
	pthread_barrier_t ready;
} run;

/* One connection and the bound columns of `run.rows` rows. */
struct writer {
	pthread_t thread;
	MYSQL *mysql;
	MYSQL_STMT *message, *delivery;
	unsigned long long *id;
	unsigned *client;
	unsigned short *index;
	char **request_uuid, **uuid;
	unsigned long *uuid_len;
	const char **text[4];
	unsigned long *text_len[4];
};

static void fail(const char *what, const char *why)
{
	errx(1, "%s: %s", what, why);
}

static void *array(size_t size)
{
	void *p = calloc(run.rows, size);

	if (p == NULL)
		err(1, "memory");
	return p;
}

static void columns_init(struct writer *w)
{
	w->id = array(sizeof(*w->id));
	w->client = array(sizeof(*w->client));
	w->index = array(sizeof(*w->index));
	w->request_uuid = array(sizeof(*w->request_uuid));
	w->uuid = array(sizeof(*w->uuid));
	w->uuid_len = array(sizeof(*w->uuid_len));
	for (int t = 0; t < 4; t++) {
		w->text[t] = array(sizeof(**w->text));
		w->text_len[t] = array(sizeof(**w->text_len));
	}
	for (unsigned i = 0; i < run.rows; i++) {
		w->client[i] = run.client;
		w->index[i] = (unsigned short)i;
		w->request_uuid[i] = i == 0 ? malloc(UUID_SIZE) : w->request_uuid[0];
		w->uuid[i] = malloc(UUID_SIZE);
		w->uuid_len[i] = UUID_SIZE;
		for (int t = 0; t < 4; t++) {
			w->text[t][i] = run.text[t];
			w->text_len[t][i] = run.text_len[t];
		}
	}
}

static void bind(MYSQL_BIND *bind, enum enum_field_types type, void *buffer, unsigned long *lengths)
{
	bind->buffer_type = type;
	bind->buffer = buffer;
	bind->length = lengths;
	bind->is_unsigned = 1;
}

/* The texts: in an array a column is an array of pointers, for a single row it is the bytes. */
static void *column(char **pointers)
{
	return run.batch ? (void *)pointers : (void *)pointers[0];
}

static MYSQL_STMT *prepare(struct writer *w, const char *sql, MYSQL_BIND *binds)
{
	MYSQL_STMT *stmt = mysql_stmt_init(w->mysql);

	if (mysql_stmt_prepare(stmt, sql, strlen(sql)) != 0)
		fail("prepare", mysql_stmt_error(stmt));
	if (run.batch)
		mysql_stmt_attr_set(stmt, STMT_ATTR_ARRAY_SIZE, &run.rows);
	if (mysql_stmt_bind_param(stmt, binds) != 0)
		fail("bind", mysql_stmt_error(stmt));
	return stmt;
}

static void prepare_message(struct writer *w)
{
	MYSQL_BIND binds[8];
	int n = 0;

	memset(binds, 0, sizeof(binds));
	if (run.batch)
		bind(&binds[n++], MYSQL_TYPE_LONGLONG, w->id, NULL);
	bind(&binds[n++], MYSQL_TYPE_LONG, w->client, NULL);
	bind(&binds[n++], MYSQL_TYPE_STRING, column(w->request_uuid), w->uuid_len);
	bind(&binds[n++], MYSQL_TYPE_SHORT, w->index, NULL);
	for (int t = 0; t < 4; t++)
		bind(&binds[n++], MYSQL_TYPE_STRING, column((char **)w->text[t]), w->text_len[t]);
	w->message = prepare(w,
	                     run.batch ? "INSERT INTO message (id, " MESSAGE_COLUMNS ") VALUES (?, " MESSAGE_VALUES ")"
	                                  : "INSERT INTO message (" MESSAGE_COLUMNS ") VALUES (" MESSAGE_VALUES ")",
	                                  binds);
}

static void prepare_delivery(struct writer *w)
{
	MYSQL_BIND binds[3];

	memset(binds, 0, sizeof(binds));
	bind(&binds[0], MYSQL_TYPE_LONGLONG, w->id, NULL);
	bind(&binds[1], MYSQL_TYPE_STRING, column(w->uuid), w->uuid_len);
	bind(&binds[2], MYSQL_TYPE_STRING, column((char **)w->text[0]), w->text_len[0]);
	w->delivery = prepare(w, INSERT_DELIVERY, binds);
}

static void writer_connect(struct writer *w)
{
	w->mysql = mysql_init(NULL);
	mysql_options(w->mysql, MYSQL_READ_DEFAULT_FILE, run.defaults);
	mysql_options(w->mysql, MYSQL_READ_DEFAULT_GROUP, "client");
	mysql_options(w->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(w->mysql, MYSQL_INIT_COMMAND, "SET time_zone = '+00:00'");
	if (mysql_real_connect(w->mysql, NULL, NULL, NULL, NULL, 0, NULL, 0) == NULL)
		fail("connect", mysql_error(w->mysql));
	prepare_message(w);
	if (run.batch) {
		prepare_delivery(w);
		mysql_autocommit(w->mysql, 0);
	}
}

/* A version 7 UUID, as the API makes them: time first, so that the index grows at its end. */
static void uuid7(char out[UUID_SIZE])
{
	struct timespec now;
	unsigned long long ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (unsigned long long)now.tv_sec * 1000 + (unsigned long long)now.tv_nsec / 1000000;
	uuid_generate_random((unsigned char *)out);
	for (int i = 0; i < 6; i++)
		out[i] = (char)(ms >> (40 - 8 * i));
	out[6] = (char)((out[6] & 0x0f) | 0x70);
}

static bool store_single(struct writer *w)
{
	uuid7(w->request_uuid[0]);
	return mysql_stmt_execute(w->message) == 0;
}

static bool store_batch(struct writer *w)
{
	unsigned long long id = atomic_fetch_add(&run.next_id, run.rows);

	uuid7(w->request_uuid[0]);
	for (unsigned i = 0; i < run.rows; i++) {
		w->id[i] = id + i;
		uuid7(w->uuid[i]);
	}
	return mysql_stmt_execute(w->message) == 0 && mysql_stmt_execute(w->delivery) == 0 &&
		mysql_commit(w->mysql) == 0;
}

static void *work(void *arg)
{
	struct writer *w = arg;

	mysql_thread_init();
	pthread_barrier_wait(&run.ready);
	while (bench_now() < run.deadline) {
		if (run.batch ? store_batch(w) : store_single(w))
			run.done += run.rows;
		else if (run.errors++ == 0)
			warnx("%s %s", mysql_error(w->mysql), mysql_stmt_error(w->message));
	}
	mysql_thread_end();
	return NULL;
}

static void first_id(MYSQL *mysql)
{
	MYSQL_RES *result;
	MYSQL_ROW row;

	if (mysql_query(mysql, "SELECT COALESCE(MAX(id), 0) + 1 FROM message") != 0)
		fail("query", mysql_error(mysql));
	result = mysql_store_result(mysql);
	row = mysql_fetch_row(result);
	run.next_id = strtoull(row[0], NULL, 10);
	mysql_free_result(result);
	mysql_commit(mysql);
}

static long options(int argc, char **argv, double *seconds_r)
{
	const char letters[] = "rsmi", *p;
	long connections = 1;
	int option;

	run.rows = 1;
	while ((option = getopt(argc, argv, "d:c:t:C:b:r:s:m:i:")) != -1) {
		switch (option) {
		case 'd': run.defaults = optarg; break;
		case 'c': connections = bench_number("-c", optarg, 1, 1000); break;
		case 't': *seconds_r = (double)bench_number("-t", optarg, 1, 3600); break;
		case 'C': run.client = (unsigned)bench_number("-C", optarg, 1, 1000000); break;
		case 'b': run.rows = (unsigned)bench_number("-b", optarg, 1, 10000); break;
		default:
			p = strchr(letters, option);
			if (p == NULL)
				exit(2);
			run.text[p - letters] = optarg;
			run.text_len[p - letters] = strlen(optarg);
		}
	}
	if (run.defaults == NULL || run.client == 0 || *seconds_r == 0)
		errx(2, "-d DEFAULTS, -t SECONDS and -C CLIENT are due");
	for (int t = 0; t < 4; t++)
		if (run.text[t] == NULL)
			errx(2, "-%c is due", letters[t]);
	return connections;
}

int main(int argc, char **argv)
{
	struct writer *writers;
	double seconds = 0, start;
	long connections;

	run.batch = argc > 1 && strcmp(argv[1], "batch") == 0;
	if (argc < 2 || (!run.batch && strcmp(argv[1], "single") != 0))
		errx(2, "usage: bench-insert single|batch -d DEFAULTS …");
	optind = 2;
	connections = options(argc, argv, &seconds);
	mysql_library_init(0, NULL, NULL);
	writers = calloc((size_t)connections, sizeof(*writers));
	pthread_barrier_init(&run.ready, NULL, (unsigned)connections + 1);
	for (long i = 0; i < connections; i++) {
		columns_init(&writers[i]);
		writer_connect(&writers[i]);
	}
	first_id(writers[0].mysql);
	for (long i = 0; i < connections; i++)
		if (pthread_create(&writers[i].thread, NULL, work, &writers[i]) != 0)
			err(1, "pthread_create");
	start = bench_now();
	run.deadline = start + seconds;
	pthread_barrier_wait(&run.ready);
	for (long i = 0; i < connections; i++)
		pthread_join(writers[i].thread, NULL);
	bench_report(run.done, bench_now() - start, run.errors);
	return run.errors > 0;
}
