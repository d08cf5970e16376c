/*
 * Results: read whole from the server, then row by row. Every column is fetched whole, and a NULL is a NULL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/jour.h"
#include "base/text.h"
#include "db/internal.h"

enum { TEXT_FIRST = 128 };

void db_rows_free(struct db_rows *rows)
{
	for (unsigned i = 0; i < rows->allocated; i++)
		free(rows->columns[i].text);
	free(rows->columns);
	free(rows->bind);
	rows->columns = NULL;
	rows->bind = NULL;
	rows->allocated = rows->n_columns = 0;
}

static void need_columns(struct db_rows *rows, unsigned n)
{
	rows->n_columns = n;
	if (n <= rows->allocated)
		return;
	rows->columns = mem_realloc(rows->columns, n * sizeof *rows->columns);
	rows->bind = mem_realloc(rows->bind, n * sizeof *rows->bind);
	memset(rows->columns + rows->allocated, 0, (n - rows->allocated) * sizeof *rows->columns);
	rows->allocated = n;
}

static void bind_text(struct db_column *column, MYSQL_BIND *bind)
{
	bind->buffer_type = MYSQL_TYPE_STRING;
	bind->buffer = column->text;
	bind->buffer_length = column->capacity - 1;
}

static void bind_column(struct db_column *column, MYSQL_BIND *bind, const MYSQL_FIELD *field)
{
	*bind = (MYSQL_BIND){.length = &column->length, .is_null = &column->is_null, .error = &column->truncated};
	switch (field->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_YEAR:
		column->type = DB_C_INTEGER;
		column->is_unsigned = field->flags & UNSIGNED_FLAG;
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = &column->integer;
		bind->buffer_length = sizeof column->integer;
		bind->is_unsigned = column->is_unsigned;
		break;
	case MYSQL_TYPE_DATE:
	case MYSQL_TYPE_DATETIME:
	case MYSQL_TYPE_TIMESTAMP:
		column->type = DB_C_TIME;
		bind->buffer_type = MYSQL_TYPE_DATETIME;
		bind->buffer = &column->time;
		bind->buffer_length = sizeof column->time;
		break;
	default:
		column->type = DB_C_TEXT;
		if (!column->text) {
			column->capacity = TEXT_FIRST;
			column->text = mem_alloc(column->capacity);
		}
		bind_text(column, bind);
	}
}

/* Reads the result that execute left: columns by the types the server names. */
static enum db_status take_result(struct db *db, struct db_statement *statement, bool at_once)
{
	MYSQL_RES *meta = mysql_stmt_result_metadata(statement->stmt);
	struct db_rows *rows = &statement->rows;

	if (!meta)
		return db_misuse(db, "a query without a result");
	need_columns(rows, mysql_num_fields(meta));
	for (unsigned i = 0; i < rows->n_columns; i++)
		bind_column(&rows->columns[i], &rows->bind[i], mysql_fetch_field_direct(meta, i));
	mysql_free_result(meta);
	if (mysql_stmt_bind_result(statement->stmt, rows->bind) != 0 ||
	    (at_once && mysql_stmt_store_result(statement->stmt) != 0))
		return db_statement_failed(db, statement->stmt, true);
	return DB_OK;
}

static enum db_status query_once(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
                                 bool at_once, struct db_rows **rows_r)
{
	struct db_statement *statement;
	enum db_status status;
	bool writes = !db_reads_only(sql);

	if ((status = db_ready(db)) != DB_OK || (status = db_statement_get(db, sql, &statement)) != DB_OK ||
	    (status = db_statement_bind(db, statement, args, n_args)) != DB_OK)
		return status;
	if (writes && !db->in_transaction)
		FAULT("db.before_commit");
	if (mysql_stmt_execute(statement->stmt) != 0)
		return db_statement_failed(db, statement->stmt, writes);
	status = take_result(db, statement, at_once);
	if (status != DB_OK)
		return status;
	if (writes && !db->in_transaction)
		FAULT("db.after_commit");
	statement->reading = true;
	statement->wrong = false;
	*rows_r = &statement->rows;
	return DB_OK;
}

static enum db_status query(struct db *db, const char *sql, const struct db_value *args, size_t n_args, bool at_once,
                            struct db_rows **rows_r)
{
	enum db_status status = query_once(db, sql, args, n_args, at_once, rows_r);

	/* A query that changes nothing may be asked again, of another server. */
	if ((status == DB_LOST || status == DB_UNCERTAIN) && !db->in_transaction && db_reads_only(sql))
		status = query_once(db, sql, args, n_args, at_once, rows_r);
	return status == DB_UNCERTAIN && db_reads_only(sql) ? DB_LOST : status;
}

enum db_status db_query(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
                        struct db_rows **rows_r)
{
	return query(db, sql, args, n_args, true, rows_r);
}

enum db_status db_query_long(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
                             struct db_rows **rows_r)
{
	return query(db, sql, args, n_args, false, rows_r);
}

/* A column longer than its buffer: the buffer grows, for the rows that follow too. */
static int fetch_whole(struct db_rows *rows, unsigned i)
{
	struct db_column *column = &rows->columns[i];

	column->capacity = column->length + column->length / 2 + 1;
	column->text = mem_realloc(column->text, column->capacity);
	bind_text(column, &rows->bind[i]);
	return mysql_stmt_fetch_column(rows->statement->stmt, &rows->bind[i], i, 0);
}

enum db_status db_next(struct db_rows *rows)
{
	struct db_statement *statement = rows->statement;
	bool grown = false;
	int result;

	if (statement->orphan)
		return DB_LOST;
	if (statement->wrong)
		return DB_BUG;
	result = mysql_stmt_fetch(statement->stmt);
	if (result == MYSQL_NO_DATA)
		return DB_NONE;
	if (result != 0 && result != MYSQL_DATA_TRUNCATED)
		return db_statement_failed(statement->db, statement->stmt, false);
	for (unsigned i = 0; i < rows->n_columns; i++) {
		struct db_column *column = &rows->columns[i];

		if (column->type != DB_C_TEXT || column->is_null)
			continue;
		if (column->length >= column->capacity) {
			if (fetch_whole(rows, i) != 0)
				return db_misuse(statement->db, "a column could not be fetched whole");
			grown = true;
		}
		column->text[column->length] = '\0';
	}
	if (grown && mysql_stmt_bind_result(statement->stmt, rows->bind) != 0)
		return db_misuse(statement->db, "a result could not be bound again");
	return DB_OK;
}

void db_row_is_wrong(const struct db_rows *rows, const char *why)
{
	rows->statement->wrong = true;
	db_misuse(rows->statement->db, why);
}

enum db_status db_rows_status(const struct db_rows *rows)
{
	return rows->statement->wrong ? DB_BUG : DB_OK;
}

void db_rows_end(struct db_rows *rows)
{
	struct db_statement *statement;

	if (!rows)
		return;
	statement = rows->statement;
	statement->reading = false;
	if (statement->orphan) {
		db_statement_free(statement);
		return;
	}
	/* A procedure's own result comes after its rows; anything but the end was looked at by the one who called. */
	mysql_stmt_free_result(statement->stmt);
	while (mysql_stmt_more_results(statement->stmt) && mysql_stmt_next_result(statement->stmt) == 0)
		mysql_stmt_free_result(statement->stmt);
}

enum db_status db_rows_finish(struct db_rows *rows)
{
	struct db_statement *statement = rows->statement;
	struct db *db = statement->db;
	MYSQL_STMT *stmt = statement->stmt;
	enum db_status status = DB_OK;

	if (!statement->orphan) {
		mysql_stmt_free_result(stmt);
		while (status == DB_OK && mysql_stmt_more_results(stmt)) {
			if (mysql_stmt_next_result(stmt) > 0)
				status = db_statement_failed(db, stmt, true);
			else
				mysql_stmt_free_result(stmt);
		}
	}
	db_rows_end(rows);
	return status;
}

enum db_status db_one(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
                      struct db_rows **rows_r)
{
	enum db_status status = db_query(db, sql, args, n_args, rows_r);

	if (status != DB_OK)
		return status;
	status = db_next(*rows_r);
	if (status != DB_OK) {
		db_rows_end(*rows_r);
		*rows_r = NULL;
	}
	return status;
}

bool db_col_null(const struct db_rows *rows, unsigned column)
{
	return rows->columns[column].is_null;
}

uint64_t db_col_u64(const struct db_rows *rows, unsigned column)
{
	const struct db_column *c = &rows->columns[column];
	uint64_t value = 0;

	if (c->is_null)
		return 0;
	if (c->type == DB_C_TEXT)       /* SUM() answers DECIMAL, which comes as text */
		return text_to_u64(c->text, 0, UINT64_MAX, &value) == 0 ? value : 0;
	return c->type == DB_C_INTEGER ? c->integer : (uint64_t)db_col_time(rows, column);
}

int64_t db_col_i64(const struct db_rows *rows, unsigned column)
{
	const struct db_column *c = &rows->columns[column];
	int64_t value = 0;

	if (c->is_null)
		return 0;
	if (c->type == DB_C_TEXT)
		return text_to_i64(c->text, INT64_MIN, INT64_MAX, &value) == 0 ? value : 0;
	return c->type == DB_C_INTEGER ? (int64_t)c->integer : db_col_time(rows, column);
}

bool db_col_bool(const struct db_rows *rows, unsigned column)
{
	return db_col_u64(rows, column) != 0;
}

int64_t db_col_time(const struct db_rows *rows, unsigned column)
{
	const struct db_column *c = &rows->columns[column];
	const MYSQL_TIME *t = &c->time;
	int64_t seconds;

	if (c->is_null || c->type != DB_C_TIME)
		return 0;
	seconds = (int64_t)jour_of((int)t->year, (int)t->month,
	                           (int)t->day) * 86400 + t->hour * 3600 + t->minute * 60 + t->second;
	return seconds * 1000 + (int64_t)(t->second_part / 1000);
}

const char *db_col_text(const struct db_rows *rows, unsigned column)
{
	const struct db_column *c = &rows->columns[column];

	return c->is_null || c->type != DB_C_TEXT ? NULL : c->text;
}

size_t db_col_size(const struct db_rows *rows, unsigned column)
{
	const struct db_column *c = &rows->columns[column];

	return c->is_null || c->type != DB_C_TEXT ? 0 : c->length;
}

size_t db_row_size(const struct db_rows *rows)
{
	size_t size = 0;

	for (unsigned i = 0; i < rows->n_columns; i++)
		size += db_col_size(rows, i);
	return size;
}

char *db_col_dup(const struct db_rows *rows, unsigned column, struct pool *pool)
{
	const char *text = db_col_text(rows, column);

	return text ? pool_strndup(pool, text, db_col_size(rows, column)) : NULL;
}
