/*
 * Reads the whole result of a query into an array in the pool.
 */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "base/jour.h"
#include "base/montant.h"
#include "base/oid.h"
#include "db/db.h"

/*
 * `read` fills one zeroed element of `size` bytes from the current row; text that must last is copied into the pool.
 * `list_r` is the address of a pointer to such elements. DB_OK with *n_r 0: no rows.
 */
enum db_status rows_list(struct db *db, struct pool *pool, const char *sql, const struct db_value *args, size_t n_args,
                         size_t size, void (*read)(const struct db_rows *row, struct pool *pool, void *element),
                         void *list_r, size_t *n_r);

/*
 * The same for rows that may be long: as many as *room bytes of text hold, and one at least; *room is what is left, 0
 * when rows may have been left out. The whole result is never held.
 */
enum db_status rows_list_within(struct db *db, struct pool *pool, const char *sql, const struct db_value *args,
                                size_t n_args, size_t *room, size_t size,
                                void (*read)(const struct db_rows *row, struct pool *pool, void *element), void *list_r,
                                size_t *n_r);

enum { ROWS_PAGE_ROOM = 32 << 20 };     /* bytes of a page of a list: what is longer ends early */

/* The same for a query of at most one row, into *element_r: DB_OK or DB_NONE. */
enum db_status rows_one(struct db *db, struct pool *pool, const char *sql, const struct db_value *args, size_t n_args,
                        void (*read)(const struct db_rows *row, struct pool *pool, void *element), void *element_r);

/* The number that a query of one row answers, as SELECT COUNT(*) does. */
enum db_status rows_count(struct db *db, const char *sql, const struct db_value *args, size_t n_args, uint64_t *n_r);

/* How many there are in all where a list of at most `limit` got n: counted only when there may be more than those. */
enum db_status rows_count_all(struct db *db, const char *sql, const struct db_value *args, size_t n_args, size_t n,
                              uint32_t limit, uint64_t *all_r);

/* The outcome of a change that must have found its row: DB_NONE when it found none. */
enum db_status rows_found(struct db *db, enum db_status status);

/*
 * One statement for many rows: `head` ends in `WHERE … id IN`, its own arguments come first, the ids after them.
 * Changing rows so costs the server half of what an array of single-row updates does. *affected_r: how many were found.
 */
#define ROWS_8 "?, ?, ?, ?, ?, ?, ?, ?"
#define ROWS_64 ROWS_8 ", " ROWS_8 ", " ROWS_8 ", " ROWS_8 ", " ROWS_8 ", " ROWS_8 ", " ROWS_8 ", " ROWS_8
#define ROWS_512 ROWS_64 ", " ROWS_64 ", " ROWS_64 ", " ROWS_64 ", " ROWS_64 ", " ROWS_64 ", " ROWS_64 ", " ROWS_64
#define ROWS_IN(head) {head " (" ROWS_8 ")", head " (" ROWS_64 ")", head " (" ROWS_512 ")"}

enum {
	ROWS_IN_ARGS = 16,              /* at most, beside the ids */
	ROWS_IN_MAX = 512               /* ids of one statement */
};

enum db_status rows_run_in(struct db *db, const char *const sql[3], const struct db_value *args, size_t n_args,
                           const uint64_t *ids, size_t n, uint64_t *affected_r);

/*
 * A query of that form, of at most ROWS_IN_MAX ids, within the room (NULL: whatever it takes); what follows the ids is
 * part of it: ROWS_IN_TAIL(head, tail).
 */
#define ROWS_IN_TAIL(head, tail) {head " (" ROWS_8 ")" tail, head " (" ROWS_64 ")" tail, head " (" ROWS_512 ")" tail}
enum db_status rows_list_in(struct db *db, struct pool *pool, const char *const sql[3], const struct db_value *args,
                            size_t n_args, const uint64_t *ids, size_t n, size_t *room, size_t size,
                            void (*read)(const struct db_rows *row, struct pool *pool, void *element), void *list_r,
                            size_t *n_r);

/*
 * Columns of Gestion's own types. NULL reads as a zeroed oid, JOUR_NONE, 0, TRI_ABSENT, NULL. An amount that cannot be
 * read makes the row wrong (db_row_is_wrong()).
 */
enum tri { TRI_ABSENT = -1, TRI_NO = 0, TRI_YES = 1 };

struct oid rows_oid(const struct db_rows *row, unsigned column);
jour rows_jour(const struct db_rows *row, unsigned column);                     /* DATE */
montant rows_montant(const struct db_rows *row, unsigned column);               /* DECIMAL(n,2), n <= 19 */
enum tri rows_tri(const struct db_rows *row, unsigned column);                  /* BOOLEAN NULL */
/* without trailing zeros */
const char *rows_decimal(const struct db_rows *row, unsigned column, struct pool *pool);
const char *rows_integer(const struct db_rows *row, unsigned column, struct pool *pool);        /* as decimal text */

/* And as bound values; the dates and amounts of one statement are written into the pool. */
struct db_value rows_bind_oid(const struct oid *oid);
struct db_value rows_bind_jour(struct pool *pool, jour day);                    /* JOUR_NONE binds NULL */
struct db_value rows_bind_montant(struct pool *pool, montant amount);
struct db_value rows_bind_tri(enum tri value);
struct db_value rows_bind_instant(int64_t ms);                                  /* 0 binds NULL */

#endif
