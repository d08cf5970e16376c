/*
 * Prepared statements: prepared once a connection, found again by the address of their text; values bound.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/fault.h"
#include "base/pool.h"
#include "db/internal.h"

enum { BULK_BYTES = 4 << 20 };          /* sent at once; well below the server's max_allowed_packet */

struct db_value db_text(const char *s)
{
	return s ? db_bytes(s, strlen(s)) : db_null();
}

bool db_reads_only(const char *sql)
{
	sql += strspn(sql, " \t\n(");
	return strncasecmp(sql, "SELECT", 6) == 0 || strncasecmp(sql, "WITH", 4) == 0;
}

static size_t bucket_of(const char *sql)
{
	return ((uintptr_t)sql >> 4) * 2654435761u % DB_STATEMENT_BUCKETS;
}

void db_statement_free(struct db_statement *statement)
{
	mysql_stmt_close(statement->stmt);
	db_rows_free(&statement->rows);
	free(statement->text);
	free(statement->params);
	free(statement->lengths);
	free(statement->nulls);
	free(statement->integers);
	free(statement->times);
	free(statement);
}

void db_statements_close(struct db *db)
{
	for (size_t i = 0; i < DB_STATEMENT_BUCKETS; i++) {
		while (db->statements[i]) {
			struct db_statement *statement = db->statements[i];

			db->statements[i] = statement->next;
			if (statement->reading)
				statement->orphan = true;
			else
				db_statement_free(statement);
		}
	}
}

static enum db_status prepare(struct db *db, const char *sql, struct db_statement **statement_r)
{
	struct db_statement *statement;
	MYSQL_STMT *stmt = mysql_stmt_init(db->mysql);
	size_t n, bucket = bucket_of(sql);

	if (!stmt)
		return db_misuse(db, "mysql_stmt_init failed");
	if (mysql_stmt_prepare(stmt, sql, strlen(sql)) != 0) {
		enum db_status status = db_statement_failed(db, stmt, false);

		mysql_stmt_close(stmt);
		return status;
	}
	n = mysql_stmt_param_count(stmt);
	statement = mem_alloc(sizeof *statement);
	*statement = (struct db_statement){
		.next = db->statements[bucket], .db = db, .key = sql, .text = mem_strdup(sql), .stmt = stmt,
		.n_params = (unsigned)n,
		.params = mem_alloc((n + 1) * sizeof *statement->params),
		.lengths = mem_alloc((n + 1) * sizeof *statement->lengths),
		.nulls = mem_alloc((n + 1) * sizeof *statement->nulls),
		.integers = mem_alloc((n + 1) * sizeof *statement->integers),
		.times = mem_alloc((n + 1) * sizeof *statement->times),
	};
	statement->rows.statement = statement;
	db->statements[bucket] = statement;
	*statement_r = statement;
	return DB_OK;
}

enum db_status db_statement_get(struct db *db, const char *sql, struct db_statement **statement_r)
{
	for (struct db_statement *s = db->statements[bucket_of(sql)]; s; s = s->next) {
		if (s->key == sql && strcmp(s->text, sql) == 0) {
			if (s->reading)
				return db_misuse(db, "a statement was run again while its rows were being read");
			*statement_r = s;
			return DB_OK;
		}
	}
	return prepare(db, sql, statement_r);
}

static void bind_value(struct db_statement *statement, unsigned i, const struct db_value *value)
{
	MYSQL_BIND *bind = &statement->params[i];

	*bind = (MYSQL_BIND){.length = &statement->lengths[i], .is_null = &statement->nulls[i]};
	statement->nulls[i] = value->type == DB_V_NULL;
	statement->lengths[i] = 0;
	switch (value->type) {
	case DB_V_NULL:
		bind->buffer_type = MYSQL_TYPE_NULL;
		break;
	case DB_V_U64:
	case DB_V_I64:
		statement->integers[i] = value->u64;
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->is_unsigned = value->type == DB_V_U64;
		bind->buffer = &statement->integers[i];
		break;
	case DB_V_TIME:
		bind->buffer_type = MYSQL_TYPE_STRING;
		bind->buffer = statement->times[i];
		statement->lengths[i] = db_time_text(value->i64, statement->times[i]);
		break;
	case DB_V_TEXT:
	case DB_V_BYTES:
		bind->buffer_type = MYSQL_TYPE_STRING;
		bind->buffer = (void *)(uintptr_t)value->bytes.at;
		statement->lengths[i] = value->bytes.len;
		break;
	}
	bind->buffer_length = statement->lengths[i];
}

static enum db_status set_array_size(struct db *db, struct db_statement *statement, unsigned n)
{
	if (mysql_stmt_attr_set(statement->stmt, STMT_ATTR_ARRAY_SIZE, &n) != 0)
		return db_misuse(db, "array binding refused");
	return DB_OK;
}

enum db_status db_statement_bind(struct db *db, struct db_statement *statement, const struct db_value *args, size_t n)
{
	if (n != statement->n_params)
		return db_misuse(db, "wrong number of arguments");
	if (n == 0)
		return DB_OK;
	for (unsigned i = 0; i < n; i++)
		bind_value(statement, i, &args[i]);
	if (mysql_stmt_bind_param(statement->stmt, statement->params) != 0)
		return db_statement_failed(db, statement->stmt, false);
	return DB_OK;
}

/* Executes what is bound and throws results away. */
static enum db_status execute(struct db *db, struct db_statement *statement, bool writes)
{
	MYSQL_STMT *stmt = statement->stmt;
	bool autocommit = writes && !db->in_transaction;
	int more;

	if (autocommit)
		FAULT("db.before_commit");
	if (mysql_stmt_execute(stmt) != 0)
		return db_statement_failed(db, stmt, autocommit);
	db->affected = mysql_stmt_affected_rows(stmt);
	db->insert_id = mysql_stmt_insert_id(stmt);
	do {
		mysql_stmt_free_result(stmt);
		more = mysql_stmt_more_results(stmt) ? mysql_stmt_next_result(stmt) : -1;
	} while (more == 0);
	if (more > 0)
		return db_statement_failed(db, stmt, autocommit);
	if (autocommit)
		FAULT("db.after_commit");
	return DB_OK;
}

enum db_status db_run(struct db *db, const char *sql, const struct db_value *args, size_t n_args)
{
	struct db_statement *statement;
	enum db_status status;

	db->affected = 0;
	if ((status = db_ready(db)) != DB_OK || (status = db_statement_get(db, sql, &statement)) != DB_OK ||
	    (status = db_statement_bind(db, statement, args, n_args)) != DB_OK)
		return status;
	return execute(db, statement, !db_reads_only(sql));
}

uint64_t db_affected(const struct db *db)
{
	return db->affected;
}

uint64_t db_insert_id(const struct db *db)
{
	return db->insert_id;
}

/* One column of an array: what the connector wants side by side. */
struct bulk_column {
	void *values;           /* uint64_t[], or const char *[] */
	unsigned long *lengths;
	char *indicators;
	char (*times)[DB_TIME_TEXT];
};

static bool is_text(const struct db_value *value)
{
	return value->type == DB_V_TEXT || value->type == DB_V_BYTES || value->type == DB_V_TIME;
}

static bool is_number(const struct db_value *value)
{
	return value->type == DB_V_U64 || value->type == DB_V_I64;
}

/* before: the value in the row before, NULL in the first. Rows made together share their times. */
static void bulk_text(struct bulk_column *column, size_t row, const struct db_value *value,
                      const struct db_value *before)
{
	const char **texts = column->values;

	if (value->type == DB_V_TIME && before != NULL && before->type == DB_V_TIME && before->i64 == value->i64) {
		texts[row] = texts[row - 1];
		column->lengths[row] = column->lengths[row - 1];
	} else if (value->type == DB_V_TIME) {
		texts[row] = column->times[row];
		column->lengths[row] = db_time_text(value->i64, column->times[row]);
	} else {
		texts[row] = value->bytes.at;
		column->lengths[row] = value->bytes.len;
	}
}

/* Fills one column from every n_columns-th value. Returns 0, or -1 when its types do not agree. */
static int bulk_fill(struct pool *pool, struct bulk_column *column, MYSQL_BIND *bind, const struct db_value *values,
                     size_t n_columns, size_t n_rows)
{
	const struct db_value *model = NULL;

	for (size_t row = 0; row < n_rows && !model; row++)
		if (values[row * n_columns].type != DB_V_NULL)
			model = &values[row * n_columns];
	column->values = pool_alloc(pool, n_rows * sizeof(uint64_t));
	column->lengths = pool_alloc(pool, n_rows * sizeof *column->lengths);
	column->indicators = pool_alloc(pool, n_rows);
	if (model && model->type == DB_V_TIME)
		column->times = pool_alloc(pool, n_rows * sizeof *column->times);
	for (size_t row = 0; row < n_rows; row++) {
		const struct db_value *value = &values[row * n_columns];

		if (value->type == DB_V_NULL)
			column->indicators[row] = STMT_INDICATOR_NULL;
		else if (is_number(value) && value->type == model->type)
			((uint64_t *)column->values)[row] = value->u64;
		else if (is_text(value) && is_text(model) && (value->type == DB_V_TIME) == (model->type == DB_V_TIME))
			bulk_text(column, row, value, row > 0 ? value - n_columns : NULL);
		else
			return -1;
	}
	*bind = (MYSQL_BIND){.buffer = column->values, .length = column->lengths, .u.indicator = column->indicators};
	bind->buffer_type = model && is_number(model) ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_STRING;
	bind->is_unsigned = model && model->type == DB_V_U64;
	return 0;
}

static enum db_status bulk_part(struct db *db, struct db_statement *statement, bool writes,
                                const struct db_value *values, size_t n_columns, size_t n_rows)
{
	struct pool *pool = pool_create();
	struct bulk_column *columns = pool_alloc(pool, n_columns * sizeof *columns);
	enum db_status status;

	for (size_t i = 0; i < n_columns; i++) {
		if (bulk_fill(pool, &columns[i], &statement->params[i], values + i, n_columns, n_rows) != 0) {
			status = db_misuse(db, "a column of a bulk statement has values of several types");
			goto err0;
		}
	}
	if ((status = set_array_size(db, statement, (unsigned)n_rows)) != DB_OK)
		goto err0;
	if (mysql_stmt_bind_param(statement->stmt, statement->params) != 0)
		status = db_statement_failed(db, statement->stmt, false);
	else
		status = execute(db, statement, writes);
	/* A lost connection has taken the statement with it. */
	if (db->mysql && status != DB_LOST && status != DB_UNCERTAIN)
		set_array_size(db, statement, 0);
err0:
	pool_free(pool);
	return status;
}

/* How many of the rows from here on fit one packet; at least one. */
static size_t rows_that_fit(const struct db_value *values, size_t n_columns, size_t n_rows)
{
	size_t bytes = 0;

	for (size_t row = 0; row < n_rows; row++) {
		for (size_t i = 0; i < n_columns; i++, values++)
			bytes += 16 + (values->type == DB_V_TEXT || values->type == DB_V_BYTES ? values->bytes.len : 0);
		if (bytes > BULK_BYTES && row > 0)
			return row;
	}
	return n_rows;
}

enum db_status db_bulk(struct db *db, const char *sql, const struct db_value *values, size_t n_columns, size_t n_rows)
{
	struct db_statement *statement;
	uint64_t affected = 0;
	enum db_status status;

	db->affected = 0;
	if (n_rows == 0)
		return DB_OK;
	if ((status = db_ready(db)) != DB_OK || (status = db_statement_get(db, sql, &statement)) != DB_OK)
		return status;
	if (n_columns == 0 || n_columns != statement->n_params)
		return db_misuse(db, "wrong number of columns");
	for (size_t done = 0, n; done < n_rows; done += n) {
		n = rows_that_fit(values + done * n_columns, n_columns, n_rows - done);
		if (n < n_rows && !db->in_transaction)
			return db_misuse(db, "a bulk statement that needs several packets needs a transaction");
		status = bulk_part(db, statement, !db_reads_only(sql), values + done * n_columns, n_columns, n);
		if (status != DB_OK)
			return status;
		affected += db->affected;
	}
	db->affected = affected;
	return DB_OK;
}
