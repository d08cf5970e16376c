/*
 * Operations.
 */
#include <string.h>

#include "store/operation.h"

static void read_type(const struct db_rows *row, struct pool *pool, void *element)
{
	*(struct operation_type *)element = (struct operation_type){
		.id = db_col_dup(row, 0, pool),
		.name = db_col_dup(row, 1, pool),
		.positive = db_col_bool(row, 2),
		.needs_tenant = db_col_bool(row, 3)
	};
}

bool operation_type_is_id(const char *id)
{
	size_t len = strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");

	return len > 0 && len <= OPERATION_TYPE_MAX && id[len] == '\0';
}

enum db_status operation_type_get(struct db *db, struct pool *pool, const char *id, struct operation_type *type_r)
{
	/*
	 * The column is ASCII and its comparison ignores trailing spaces: neither is to be asked about anything else.
	 */
	if (!operation_type_is_id(id))
		return DB_NONE;
	return rows_one(db, pool, "SELECT id, name, positive, needs_tenant FROM operation_type WHERE id = ?",
	                DB_ARGS(db_text(id)), read_type, type_r);
}

#define OPERATION_COLUMNS "o.id, o.immeuble_id, o.locataire_id, o.type_id, t.name, t.positive, o.montant, " \
	"o.montant_teom, " \
	"o.operation_date, o.date_debut, o.date_fin, o.description, o.paid, o.auto, o.robot, o.emprunt_idx, " \
	"o.date_created, " \
	"o.date_last_modified, l.nom, l.prenom, o.attributes"
#define OPERATION_FROM " FROM operation o JOIN operation_type t ON t.id = o.type_id " \
	"LEFT JOIN locataire l ON l.user_id = o.user_id AND l.id = o.locataire_id "

static void read_operation(const struct db_rows *row, struct pool *pool, void *element)
{
	*(struct operation *)element = (struct operation){
		.id = rows_oid(row, 0),
		.immeuble_id = rows_oid(row, 1),
		.has_locataire = !db_col_null(row, 2),
		.locataire_id = rows_oid(row, 2),
		.type_id = db_col_dup(row, 3, pool),
		.type_name = db_col_dup(row, 4, pool),
		.positive = db_col_bool(row, 5),
		.amount = rows_montant(row, 6),
		.has_teom = !db_col_null(row, 7),
		.teom = rows_montant(row, 7),
		.date = rows_jour(row, 8),
		.debut = rows_jour(row, 9),
		.fin = rows_jour(row, 10),
		.description = db_col_dup(row, 11, pool),
		.paid = db_col_bool(row, 12),
		.automatic = db_col_bool(row, 13),
		.robot = rows_tri(row, 14),
		.emprunt_index = db_col_null(row, 15) ? -1 : db_col_i64(row, 15),
		.date_created = db_col_time(row, 16),
		.date_last_modified = db_col_time(row, 17),
		.locataire_nom = db_col_dup(row, 18, pool),
		.locataire_prenom = db_col_dup(row, 19, pool),
		.attributes = db_col_dup(row, 20, pool)
	};
}

static void read_whole_operation(const struct db_rows *row, struct pool *pool, void *element)
{
	struct operation *o = element;

	read_operation(row, pool, o);
	o->recur_day = (int)db_col_i64(row, 21);
	o->is_copy = !db_col_null(row, 22);
	o->copied_from = rows_oid(row, 22);
}

enum db_status operations_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                      uint32_t limit, struct operation **list_r, size_t *n_r, uint64_t *all_r)
{
	enum db_status status;

	status = rows_list(db, pool, "SELECT STRAIGHT_JOIN " OPERATION_COLUMNS OPERATION_FROM
	                   "WHERE o.user_id = ? AND o.immeuble_id = ? ORDER BY o.operation_date DESC, o.date_created, "
	                   "o.seq LIMIT ?", DB_ARGS(db_u64(user), rows_bind_oid(immeuble), db_u64(limit)),
	                   sizeof **list_r, read_operation, list_r, n_r);
	if (status != DB_OK)
		return status;
	return rows_count_all(db, "SELECT COUNT(*) FROM operation WHERE user_id = ? AND immeuble_id = ?",
	                      DB_ARGS(db_u64(user), rows_bind_oid(immeuble)), *n_r, limit, all_r);
}

enum db_status operations_of_user(struct db *db, struct pool *pool, uint64_t user, struct operation **list_r,
                                  size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT STRAIGHT_JOIN " OPERATION_COLUMNS ", o.recur_day, c.id" OPERATION_FROM
	                 "LEFT JOIN operation c ON c.user_id = o.user_id AND c.id = o.copied_from "
	                 "WHERE o.user_id = ? ORDER BY o.seq",
	                 DB_ARGS(db_u64(user)), sizeof **list_r, read_whole_operation, list_r, n_r);
}

enum db_status operations_of_locataire(struct db *db, struct pool *pool, uint64_t user, const struct oid *locataire,
                                       struct operation **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT STRAIGHT_JOIN " OPERATION_COLUMNS OPERATION_FROM
	                 "WHERE o.user_id = ? AND o.locataire_id = ? AND o.type_id IN "
	                 "('recetteLoyer', 'recetteLoyerProvision', 'recetteCaf') AND o.paid = 1 "
	                 "ORDER BY o.operation_date, o.seq",
	                 DB_ARGS(db_u64(user), rows_bind_oid(locataire)), sizeof **list_r, read_operation, list_r, n_r);
}

/* Is there a row? */
static enum db_status has(struct db *db, const char *sql, const struct db_value *args, size_t n_args, bool *has_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, sql, args, n_args, &rows);

	*has_r = status == DB_OK;
	if (status == DB_OK)
		db_rows_end(rows);
	return status == DB_NONE ? DB_OK : status;
}

enum db_status operation_has_locataire(struct db *db, uint64_t user, const struct oid *id, const struct oid *locataire,
                                       bool *has_r)
{
	return has(db, "SELECT 1 FROM operation WHERE user_id = ? AND id = ? AND locataire_id = ?",
	           DB_ARGS(db_u64(user), rows_bind_oid(id), rows_bind_oid(locataire)), has_r);
}

enum db_status operation_has_emprunt(struct db *db, uint64_t user, const struct oid *id, const struct oid *immeuble,
                                     int64_t index, bool *has_r)
{
	return has(db, "SELECT 1 FROM operation WHERE user_id = ? AND id = ? AND immeuble_id = ? AND emprunt_idx = ?",
	           DB_ARGS(db_u64(user), rows_bind_oid(id), rows_bind_oid(immeuble), db_i64(index)), has_r);
}

/*
 * The immeuble, and the tenant when there is one, must be this landlord's: the foreign keys carry the landlord's id, so
 * that a foreign one is refused by the statement itself.
 */
static enum db_status insert_one(struct db *db, struct pool *pool, uint64_t user, const struct operation *o)
{
	return db_run(db,
	              "INSERT INTO operation (id, user_id, immeuble_id, locataire_id, type_id, montant, montant_teom, "
	              "operation_date, date_debut, date_fin, description, paid, auto, robot, emprunt_idx, recur_day, "
	              "copied_from, date_created, date_last_modified, attributes) VALUES "
	              "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	              DB_ARGS(rows_bind_oid(&o->id), db_u64(user), rows_bind_oid(&o->immeuble_id),
	                      o->has_locataire ? rows_bind_oid(&o->locataire_id) : db_null(), db_text(o->type_id),
	                      rows_bind_montant(pool, o->amount),
	                      o->has_teom ? rows_bind_montant(pool, o->teom) : db_null(), rows_bind_jour(pool, o->date),
	                      rows_bind_jour(pool, o->debut), rows_bind_jour(pool, o->fin), db_text(o->description),
	                      db_bool(o->paid), db_bool(o->automatic), rows_bind_tri(o->robot),
	                      o->emprunt_index < 0 ? db_null() : db_i64(o->emprunt_index),
	                      o->recur_day == 0 ? db_null() : db_i64(o->recur_day),
	                      o->is_copy ? rows_bind_oid(&o->copied_from) : db_null(), db_time(o->date_created),
	                      rows_bind_instant(o->date_last_modified), db_text(o->attributes)));
}

enum db_status operations_insert(struct db *db, struct pool *pool, uint64_t user, const struct operation *operations,
                                 size_t n)
{
	enum db_status status = DB_OK;

	for (size_t i = 0; i < n && status == DB_OK; i++)
		status = insert_one(db, pool, user, &operations[i]);
	return status;
}

enum db_status operation_update(struct db *db, struct pool *pool, uint64_t user, const struct operation *o)
{
	return rows_found(db, db_run(db, "UPDATE operation SET recur_day = IF(operation_date = ?, recur_day, NULL), "
	                  "immeuble_id = ?, locataire_id = ?, type_id = ?, montant = ?, montant_teom = ?, "
	                  "operation_date = ?, date_debut = ?, date_fin = ?, description = ?, paid = ?, "
	                  "auto = ?, emprunt_idx = ?, date_last_modified = ? WHERE user_id = ? AND id = ?",
	                  DB_ARGS(rows_bind_jour(pool, o->date), rows_bind_oid(&o->immeuble_id),
	                          o->has_locataire ? rows_bind_oid(&o->locataire_id) : db_null(), db_text(o->type_id),
	                          rows_bind_montant(pool, o->amount),
	                          o->has_teom ? rows_bind_montant(pool, o->teom) : db_null(),
	                          rows_bind_jour(pool, o->date), rows_bind_jour(pool, o->debut),
	                          rows_bind_jour(pool, o->fin), db_text(o->description), db_bool(o->paid),
	                          db_bool(o->automatic), o->emprunt_index < 0 ? db_null() : db_i64(o->emprunt_index),
	                          rows_bind_instant(o->date_last_modified), db_u64(user), rows_bind_oid(&o->id))));
}

static void read_unpaid(const struct db_rows *rows, struct pool *pool, void *element)
{
	(void)pool;
	*(struct unpaid *)element = (struct unpaid){
		.version = {.all = db_col_u64(rows, 0), .patrimoine = db_col_u64(rows, 1)},
		.immeuble_id = rows_oid(rows, 2),
		.n = db_col_u64(rows, 3)
	};
}

enum db_status operations_unpaid(struct db *db, struct pool *pool, uint64_t user, struct version *version_r,
                                 struct unpaid **list_r, size_t *n_r)
{
	enum db_status status;

	status = rows_list(db, pool, "SELECT u.portfolio_version + u.operations_version, u.portfolio_version, "
	                   "o.immeuble_id, COUNT(o.immeuble_id) FROM user_account u "
	                   "LEFT JOIN operation o FORCE INDEX (operation_unpaid) ON o.user_id = u.id AND o.paid = 0 "
	                   "WHERE u.id = ? GROUP BY o.immeuble_id ORDER BY NULL", DB_ARGS(db_u64(user)),
	                   sizeof **list_r, read_unpaid, list_r, n_r);
	if (status == DB_OK && *n_r == 0)
		return DB_NONE;
	if (status == DB_OK)
		*version_r = (*list_r)[0].version;
	return status;
}

/* The account first, as every write to a portfolio: writers wait for each other there and nowhere else. */
enum db_status operation_set_paid(struct db *db, uint64_t user, const struct oid *id, bool paid, int64_t now_ms)
{
	return rows_found(db, db_run_again(db, "UPDATE user_account u STRAIGHT_JOIN operation o ON o.user_id = u.id "
	                                   "SET u.operations_version = u.operations_version + 1, o.paid = ?, "
	                                   "o.date_last_modified = ? WHERE u.id = ? AND o.user_id = ? AND o.id = ?",
	                                   DB_ARGS(db_bool(paid), db_time(now_ms), db_u64(user), db_u64(user),
	                                           rows_bind_oid(id))));
}

enum db_status operation_delete(struct db *db, uint64_t user, const struct oid *id)
{
	return rows_found(db, db_run(db, "DELETE FROM operation WHERE user_id = ? AND id = ?",
	                             DB_ARGS(db_u64(user), rows_bind_oid(id))));
}
