/*
 * Versions of accounts, asked for by several workers at the same moment with one statement: that costs the server
 * little more than one of them does, and all but one of the workers no turn of their own.
 */
#include "base/gather.h"
#include "store/user.h"

_Static_assert((int)VERSIONS_MOST <= (int)GATHER_GROUP, "one query for a group");

static struct gather *gather;           /* made before the fork; NULL: everyone for himself */

void user_share(void)
{
	gather_free(gather);
	gather = gather_create("versions", sizeof(struct version_wish), VERSIONS_MOST);
}

#define ASK "SELECT id, portfolio_version + operations_version, portfolio_version FROM user_account WHERE id IN "
#define FOUR "?, ?, ?, ?"
#define SIXTEEN FOUR ", " FOUR ", " FOUR ", " FOUR

/* A single account costs the server a third less than some. No user has the number 0: it fills what is left over. */
static const struct {
	size_t n;
	const char *sql;
} statements[] = {
	{1, ASK "(?)"}, {2, ASK "(?, ?)"}, {4, ASK "(" FOUR ")"}, {16, ASK "(" SIXTEEN ")"},
	{VERSIONS_MOST, ASK "(" SIXTEEN ", " SIXTEEN ", " SIXTEEN ", " SIXTEEN ")"},
};

static void found(struct version_wish *wishes, size_t n, uint64_t user, struct version version)
{
	for (size_t i = 0; i < n; i++) {
		if (wishes[i].user == user) {
			wishes[i].version = version;
			wishes[i].found = true;
		}
	}
}

/* Each account once: the apps of one landlord often ask together. */
static size_t gather_ids(const struct version_wish *wishes, size_t n, struct db_value *ids)
{
	size_t different = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < different && ids[k].u64 != wishes[i].user)
			k++;
		if (k == different)
			ids[different++] = db_u64(wishes[i].user);
	}
	return different;
}

enum db_status user_versions_now(struct db *db, struct version_wish *wishes, size_t n)
{
	struct db_value ids[VERSIONS_MOST];
	struct db_rows *rows;
	enum db_status status;
	size_t different = gather_ids(wishes, n, ids), which = 0;

	while (statements[which].n < different)
		which++;
	for (size_t i = different; i < statements[which].n; i++)
		ids[i] = db_u64(0);
	for (size_t i = 0; i < n; i++)
		wishes[i].found = false;
	status = db_query(db, statements[which].sql, ids, statements[which].n, &rows);
	if (status != DB_OK)
		return status;
	while ((status = db_next(rows)) == DB_OK)
		found(wishes, n, db_col_u64(rows, 0),
		      (struct version){.all = db_col_u64(rows, 1), .patrimoine = db_col_u64(rows, 2)});
	db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

static enum gather_end ask_all(void *const *items, size_t n, void *db)
{
	struct version_wish wishes[VERSIONS_MOST];

	for (size_t i = 0; i < n; i++)
		wishes[i] = *(const struct version_wish *)items[i];
	if (user_versions_now(db, wishes, n) != DB_OK)
		return GATHER_ALONE;
	for (size_t i = 0; i < n; i++)
		*(struct version_wish *)items[i] = wishes[i];
	return GATHER_DONE;
}

enum db_status user_version_now(struct db *db, uint64_t user_id, struct version *version_r)
{
	struct version_wish *item = gather_item(gather);

	if (item == NULL)
		return user_portfolio_version(db, user_id, version_r);
	item->user = user_id;
	if (gather_do(gather, ask_all, db) != GATHER_DONE)
		return user_portfolio_version(db, user_id, version_r);
	*version_r = item->version;
	return item->found ? DB_OK : DB_NONE;
}
