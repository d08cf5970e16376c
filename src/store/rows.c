/*
 * Whole results as arrays.
 */
#include <string.h>

#include "store/rows.h"

static enum db_status read_rows(struct db_rows *rows, struct pool *pool, size_t *room, size_t size,
                                void (*read)(const struct db_rows *row, struct pool *pool, void *element),
                                void *list_r, size_t *n_r)
{
	size_t n = 0, capacity = 0;
	char *list = NULL;
	enum db_status status;

	while ((status = db_next(rows)) == DB_OK) {
		size_t bytes = db_row_size(rows);

		list = pool_grow(pool, list, n, &capacity, size);
		read(rows, pool, list + n++ * size);
		*room -= bytes < *room ? bytes : *room;
		if (*room == 0) {
			status = db_rows_status(rows);
			break;
		}
	}
	db_rows_end(rows);
	memcpy(list_r, &list, sizeof list);
	*n_r = n;
	return status == DB_NONE ? DB_OK : status;
}

enum db_status rows_list(struct db *db, struct pool *pool, const char *sql, const struct db_value *args, size_t n_args,
                         size_t size, void (*read)(const struct db_rows *row, struct pool *pool, void *element),
                         void *list_r, size_t *n_r)
{
	size_t room = SIZE_MAX;
	struct db_rows *rows;
	enum db_status status = db_query(db, sql, args, n_args, &rows);

	return status == DB_OK ? read_rows(rows, pool, &room, size, read, list_r, n_r) : status;
}

enum db_status rows_list_within(struct db *db, struct pool *pool, const char *sql, const struct db_value *args,
                                size_t n_args, size_t *room, size_t size,
                                void (*read)(const struct db_rows *row, struct pool *pool, void *element), void *list_r,
                                size_t *n_r)
{
	struct db_rows *rows;
	enum db_status status = db_query_long(db, sql, args, n_args, &rows);

	return status == DB_OK ? read_rows(rows, pool, room, size, read, list_r, n_r) : status;
}

enum db_status rows_one(struct db *db, struct pool *pool, const char *sql, const struct db_value *args, size_t n_args,
                        void (*read)(const struct db_rows *row, struct pool *pool, void *element), void *element_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, sql, args, n_args, &rows);

	if (status != DB_OK)
		return status;
	read(rows, pool, element_r);
	status = db_rows_status(rows);
	db_rows_end(rows);
	return status;
}

enum db_status rows_count(struct db *db, const char *sql, const struct db_value *args, size_t n_args, uint64_t *n_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, sql, args, n_args, &rows);

	if (status != DB_OK)
		return status;
	*n_r = db_col_u64(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

enum db_status rows_count_all(struct db *db, const char *sql, const struct db_value *args, size_t n_args, size_t n,
                              uint32_t limit, uint64_t *all_r)
{
	*all_r = n;
	return n < limit ? DB_OK : rows_count(db, sql, args, n_args, all_r);
}

enum db_status rows_found(struct db *db, enum db_status status)
{
	return status == DB_OK && db_affected(db) == 0 ? DB_NONE : status;
}

static const size_t in_sizes[] = {8, 64, ROWS_IN_MAX};

/* The smallest form that holds n ids, or the largest. */
static size_t in_form(size_t n)
{
	return n <= in_sizes[0] ? 0 : n <= in_sizes[1] ? 1 : 2;
}

/* Binds what fits into the form; no row has the number 0, which fills what is left over. */
static size_t in_values(struct db_value *values, size_t n_args, size_t form, const uint64_t *ids, size_t n)
{
	for (size_t i = 0; i < in_sizes[form]; i++)
		values[n_args + i] = db_u64(i < n ? ids[i] : 0);
	return n_args + in_sizes[form];
}

enum db_status rows_run_in(struct db *db, const char *const sql[3], const struct db_value *args, size_t n_args,
                           const uint64_t *ids, size_t n, uint64_t *affected_r)
{
	struct db_value values[ROWS_IN_ARGS + ROWS_IN_MAX];

	*affected_r = 0;
	if (n_args > 0)
		memcpy(values, args, n_args * sizeof *args);
	for (size_t done = 0; done < n; done += ROWS_IN_MAX) {
		size_t form = in_form(n - done);
		enum db_status status = db_run(db, sql[form], values,
		                               in_values(values, n_args, form, ids + done, n - done));

		if (status != DB_OK)
			return status;
		*affected_r += db_affected(db);
	}
	return DB_OK;
}

enum db_status rows_list_in(struct db *db, struct pool *pool, const char *const sql[3], const struct db_value *args,
                            size_t n_args, const uint64_t *ids, size_t n, size_t *room, size_t size,
                            void (*read)(const struct db_rows *row, struct pool *pool, void *element), void *list_r,
                            size_t *n_r)
{
	struct db_value values[ROWS_IN_ARGS + ROWS_IN_MAX];
	size_t form = in_form(n);

	if (n > ROWS_IN_MAX)
		return DB_BUG;
	if (n_args > 0)
		memcpy(values, args, n_args * sizeof *args);
	n_args = in_values(values, n_args, form, ids, n);
	return room == NULL ? rows_list(db, pool, sql[form], values, n_args, size, read, list_r, n_r) :
	       rows_list_within(db, pool, sql[form], values, n_args, room, size, read, list_r, n_r);
}

struct oid rows_oid(const struct db_rows *row, unsigned column)
{
	struct oid oid = {{0}};

	if (db_col_size(row, column) == OID_SIZE)
		memcpy(oid.bytes, db_col_text(row, column), OID_SIZE);
	return oid;
}

jour rows_jour(const struct db_rows *row, unsigned column)
{
	enum { DAY_MS = 86400000 };
	int64_t ms = db_col_time(row, column);

	if (db_col_null(row, column))
		return JOUR_NONE;
	return (jour)(ms / DAY_MS - (ms % DAY_MS < 0));
}

montant rows_montant(const struct db_rows *row, unsigned column)
{
	montant amount = 0;
	const char *text = db_col_text(row, column);

	if (text != NULL && montant_read(text, &amount) != 0)
		db_row_is_wrong(row, "an amount that cannot be read");
	return amount;
}

enum tri rows_tri(const struct db_rows *row, unsigned column)
{
	if (db_col_null(row, column))
		return TRI_ABSENT;
	return db_col_bool(row, column) ? TRI_YES : TRI_NO;
}

const char *rows_decimal(const struct db_rows *row, unsigned column, struct pool *pool)
{
	char *text = db_col_dup(row, column, pool);
	char *end;

	if (text == NULL || strchr(text, '.') == NULL)
		return text;
	for (end = text + strlen(text); end[-1] == '0'; end--)
		;
	if (end[-1] == '.')
		end--;
	*end = '\0';
	return text;
}

const char *rows_integer(const struct db_rows *row, unsigned column, struct pool *pool)
{
	return db_col_null(row, column) ? NULL : pool_printf(pool, "%lld", (long long)db_col_i64(row, column));
}

struct db_value rows_bind_oid(const struct oid *oid)
{
	return db_bytes(oid->bytes, OID_SIZE);
}

struct db_value rows_bind_jour(struct pool *pool, jour day)
{
	return day == JOUR_NONE ? db_null() : db_text(jour_sql(day, pool_alloc(pool, JOUR_SIZE)));
}

struct db_value rows_bind_montant(struct pool *pool, montant amount)
{
	return db_text(montant_text(amount, pool_alloc(pool, MONTANT_SIZE)));
}

struct db_value rows_bind_tri(enum tri value)
{
	return value == TRI_ABSENT ? db_null() : db_bool(value == TRI_YES);
}

struct db_value rows_bind_instant(int64_t ms)
{
	return ms == 0 ? db_null() : db_time(ms);
}
