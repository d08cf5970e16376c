/*
 * A table's columns named once. A store file lists them as
 *
 *	#define THING_COLUMNS(X) X(TEXT, "name", name) X(MONTANT, "loyer", loyer) …
 *
 * (type, column, member of the row's structure), and makes of that list the names, the placeholders, the arguments and
 * the reading of its statements, so that these cannot disagree about the order. Each begins with a comma: what stands
 * before the list, an identifier mostly, is written out.
 */
#ifndef STORE_COLUMNS_H
#define STORE_COLUMNS_H

#include "store/rows.h"

#define COLUMN_NAME(type, column, member) ", " column
#define COLUMN_MARK(type, column, member) ", ?"

/* Of the structure `r` points at, for DB_ARGS(); amounts and dates are written into `pool`. */
#define COLUMN_BIND(type, column, member) , COLUMN_BIND_##type(pool, r->member)

/* From column number `c` of `row` into the structure `r` points at. */
#define COLUMN_READ(type, column, member) r->member = COLUMN_READ_##type(row, c++, pool);

#define COLUMN_BIND_TEXT(pool, value) db_text(value)
#define COLUMN_BIND_DECIMAL(pool, value) db_text(value)
#define COLUMN_BIND_INTEGER(pool, value) db_text(value)
#define COLUMN_BIND_MONTANT(pool, value) rows_bind_montant(pool, value)
#define COLUMN_BIND_JOUR(pool, value) rows_bind_jour(pool, value)
#define COLUMN_BIND_TRI(pool, value) rows_bind_tri(value)
#define COLUMN_BIND_INSTANT(pool, value) rows_bind_instant(value)

#define COLUMN_READ_TEXT(row, c, pool) db_col_dup(row, c, pool)
#define COLUMN_READ_DECIMAL(row, c, pool) rows_decimal(row, c, pool)
#define COLUMN_READ_INTEGER(row, c, pool) rows_integer(row, c, pool)
#define COLUMN_READ_MONTANT(row, c, pool) rows_montant(row, c)
#define COLUMN_READ_JOUR(row, c, pool) rows_jour(row, c)
#define COLUMN_READ_TRI(row, c, pool) rows_tri(row, c)
#define COLUMN_READ_INSTANT(row, c, pool) db_col_time(row, c)

#endif
