/*
 * bench-query: how fast bare Connector/C reads. One prepared statement again and again, every row fetched.
 *
 *   bench-query -d DEFAULTS -q FILE -c CONNECTIONS -t SECONDS -f FIRST -n USERS -i SUFFIX -l LIMIT -r ROWS
 *
 * FILE holds the statement; its three parameters are a landlord's id (by turns from FIRST on, USERS of them), the id of
 * his immeuble (his number in four bytes, then the eight of SUFFIX in hexadecimal), and LIMIT. Each run must give ROWS
 * rows. The connection is what the [client] group of DEFAULTS says. Columns are fetched as the program fetches them:
 * numbers as 64-bit integers, dates as MYSQL_TIME, all else as bytes.
 */
#include <arpa/inet.h>
#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mysql.h>

#include "bench/bench.h"

enum { OID_SIZE = 12, COLUMNS_MAX = 64, TEXT_SIZE = 4096, CONNECTIONS_MAX = 200 };

static struct {
	const char *defaults;
	char *sql;
	size_t sql_len;
	long first, users, limit, rows;
	unsigned char suffix[8];
	double deadline;
	_Atomic unsigned long done, errors;
	pthread_barrier_t ready;
} run;

union cell {
	long long integer;
	MYSQL_TIME time;
	char text[TEXT_SIZE];
};

/* One connection. */
struct reader {
	pthread_t thread;
	unsigned number;
	MYSQL *mysql;
	MYSQL_STMT *stmt;
	long long user, limit;
	unsigned char immeuble[OID_SIZE];
	union cell cells[COLUMNS_MAX];
	MYSQL_BIND result[COLUMNS_MAX];
	unsigned long lengths[COLUMNS_MAX];
	my_bool nulls[COLUMNS_MAX];
};

static void bind_arguments(struct reader *r)
{
	static unsigned long oid_size = OID_SIZE;
	MYSQL_BIND args[3] = {
		{.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &r->user},
		{.buffer_type = MYSQL_TYPE_STRING, .buffer = r->immeuble, .buffer_length = OID_SIZE,
		 .length = &oid_size},
		{.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &r->limit}
	};

	if (mysql_stmt_param_count(r->stmt) != 3 || mysql_stmt_bind_param(r->stmt, args) != 0)
		errx(1, "bind: %s", mysql_stmt_error(r->stmt));
}

static void bind_column(struct reader *r, unsigned i, const MYSQL_FIELD *field)
{
	MYSQL_BIND *bind = &r->result[i];

	*bind = (MYSQL_BIND){.buffer = &r->cells[i], .length = &r->lengths[i], .is_null = &r->nulls[i]};
	switch (field->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer_length = sizeof r->cells[i].integer;
		break;
	case MYSQL_TYPE_DATE:
	case MYSQL_TYPE_DATETIME:
		bind->buffer_type = MYSQL_TYPE_DATETIME;
		bind->buffer_length = sizeof r->cells[i].time;
		break;
	default:
		bind->buffer_type = MYSQL_TYPE_STRING;
		bind->buffer_length = TEXT_SIZE;
	}
}

static void bind_result(struct reader *r)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(r->stmt);

	if (meta == NULL || mysql_num_fields(meta) > COLUMNS_MAX)
		errx(1, "no result, or more than %d columns", COLUMNS_MAX);
	for (unsigned i = 0; i < mysql_num_fields(meta); i++)
		bind_column(r, i, mysql_fetch_field_direct(meta, i));
	mysql_free_result(meta);
	if (mysql_stmt_bind_result(r->stmt, r->result) != 0)
		errx(1, "bind: %s", mysql_stmt_error(r->stmt));
}

static void reader_open(struct reader *r)
{
	r->mysql = mysql_init(NULL);
	mysql_options(r->mysql, MYSQL_READ_DEFAULT_FILE, run.defaults);
	if (mysql_real_connect(r->mysql, NULL, NULL, NULL, NULL, 0, NULL, 0) == NULL)
		errx(1, "connect: %s", mysql_error(r->mysql));
	mysql_set_character_set(r->mysql, "utf8mb4");
	r->stmt = mysql_stmt_init(r->mysql);
	if (mysql_stmt_prepare(r->stmt, run.sql, run.sql_len) != 0)
		errx(1, "prepare: %s", mysql_stmt_error(r->stmt));
	r->limit = run.limit;
	memcpy(r->immeuble + 4, run.suffix, sizeof run.suffix);
	bind_arguments(r);
	bind_result(r);
}

static bool read_once(struct reader *r, unsigned long turn)
{
	uint32_t number = htonl((uint32_t)(run.first + (long)(turn % (unsigned long)run.users)));
	long rows = 0;

	r->user = ntohl(number);
	memcpy(r->immeuble, &number, sizeof number);
	if (mysql_stmt_execute(r->stmt) != 0 || mysql_stmt_store_result(r->stmt) != 0)
		return false;
	while (mysql_stmt_fetch(r->stmt) == 0)
		rows++;
	mysql_stmt_free_result(r->stmt);
	return rows == run.rows;
}

static void *read_all(void *arg)
{
	struct reader *r = arg;

	pthread_barrier_wait(&run.ready);
	/* Each begins elsewhere, and they take steps that meet every landlord. */
	for (unsigned long turn = r->number * 61; bench_now() < run.deadline; turn += 7)
		if (read_once(r, turn))
			run.done++;
		else
			run.errors++;
	return NULL;
}

static void read_suffix(const char *hex)
{
	for (unsigned i = 0; i < sizeof run.suffix; i++)
		if (strlen(hex) != 16 || sscanf(hex + 2 * i, "%2hhx", &run.suffix[i]) != 1)
			errx(2, "-i: 16 hexadecimal digits are due, not \"%s\"", hex);
}

int main(int argc, char **argv)
{
	long connections = 1, seconds = 1;
	const char *file = NULL, *suffix = "";
	struct reader *readers;
	double start;
	int option;

	run.first = run.users = run.limit = run.rows = 1;
	while ((option = getopt(argc, argv, "d:q:c:t:f:n:i:l:r:")) != -1) {
		switch (option) {
		case 'd': run.defaults = optarg; break;
		case 'q': file = optarg; break;
		case 'c': connections = bench_number("-c", optarg, 1, CONNECTIONS_MAX); break;
		case 't': seconds = bench_number("-t", optarg, 1, 600); break;
		case 'f': run.first = bench_number("-f", optarg, 1, 1000000000); break;
		case 'n': run.users = bench_number("-n", optarg, 1, 1000000000); break;
		case 'i': suffix = optarg; break;
		case 'l': run.limit = bench_number("-l", optarg, 1, 100000); break;
		case 'r': run.rows = bench_number("-r", optarg, 0, 100000); break;
		default: return 2;
		}
	}
	if (run.defaults == NULL || file == NULL)
		errx(2, "usage: bench-query -d DEFAULTS -q FILE …");
	read_suffix(suffix);
	run.sql = bench_slurp(file, &run.sql_len);
	readers = calloc((size_t)connections, sizeof *readers);
	if (readers == NULL)
		err(1, "memory");
	mysql_library_init(0, NULL, NULL);
	pthread_barrier_init(&run.ready, NULL, (unsigned)connections + 1);
	for (long i = 0; i < connections; i++) {
		readers[i].number = (unsigned)i;
		reader_open(&readers[i]);
		if (pthread_create(&readers[i].thread, NULL, read_all, &readers[i]) != 0)
			errx(1, "a thread cannot be made");
	}
	start = bench_now();
	run.deadline = start + (double)seconds;
	pthread_barrier_wait(&run.ready);
	for (long i = 0; i < connections; i++)
		pthread_join(readers[i].thread, NULL);
	bench_report(run.done, bench_now() - start, run.errors);
	return 0;
}
