/*
 * Tenants.
 */
#include "store/locataire.h"

#include "store/columns.h"

/* What an update writes, and what it leaves as it is. */
#define WRITTEN(X) \
	X(TEXT, "nom", nom) X(TEXT, "prenom", prenom) X(TEXT, "`precision`", precision) X(TEXT, "email", email) \
	X(TEXT, "phone", phone) X(MONTANT, "loyer", loyer) X(MONTANT, "provision", provision) \
	X(MONTANT, "loyer_last", loyer_last) X(MONTANT, "provision_last", provision_last) \
	X(INTEGER, "indice_revision", indice_revision) X(INTEGER, "day_loyer", day_loyer) \
	X(INTEGER, "type_location", type_location) X(INTEGER, "depot_garantie", depot_garantie) \
	X(JOUR, "signature_date", signature) X(JOUR, "entry_date", entry) X(JOUR, "quit_date", quit) X(JOUR, \
	                                                                                               "born_date", \
	                                                                                               born) \
	X(TEXT, "address1", address1) X(TEXT, "address2", address2) X(TEXT, "ville", ville) X(TEXT, "codepostal", \
	                                                                                      codepostal) \
	X(TEXT, "country", country) X(TEXT, "born_location", born_location) X(TEXT, "nationality", nationality) \
	X(INSTANT, "date_last_modified", date_last_modified)
#define KEPT(X) \
	X(TEXT, "revisions", revisions) X(TEXT, "revisions_pc", revisions_pc) X(TRI, "robot", robot) \
	X(INSTANT, "date_created", date_created) X(TEXT, "attributes", attributes)
#define COLUMNS(X) WRITTEN(X) KEPT(X)

#define LOCATAIRE_COLUMNS "id, bien_id, immeuble_id" COLUMNS(COLUMN_NAME)

/* Who lives there on a day, given twice: he has come, and has not gone; the days of entry and departure count. */
#define PRESENT "entry_date <= ? AND (quit_date IS NULL OR quit_date >= ?)"

/* How every list of tenants is ordered within its bien or immeuble. */
#define LATEST_ENTRY_FIRST " ORDER BY entry_date DESC, seq"

static void read_locataire(const struct db_rows *row, struct pool *pool, void *element)
{
	struct locataire *r = element;
	unsigned c = 0;

	r->id = rows_oid(row, c++);
	r->bien_id = rows_oid(row, c++);
	r->immeuble_id = rows_oid(row, c++);
	COLUMNS(COLUMN_READ)
}

enum db_status locataire_get(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, struct locataire *r)
{
	return rows_one(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND id = ?",
	                DB_ARGS(db_u64(user), rows_bind_oid(id)), read_locataire, r);
}

enum db_status locataires_of_bien(struct db *db, struct pool *pool, uint64_t user, const struct oid *bien,
                                  uint32_t limit, struct locataire **list_r, size_t *n_r, uint64_t *all_r)
{
	enum db_status status;

	status = rows_list(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND bien_id = ?"
	                   LATEST_ENTRY_FIRST " LIMIT ?", DB_ARGS(db_u64(user), rows_bind_oid(bien), db_u64(limit)),
	                   sizeof **list_r, read_locataire, list_r, n_r);
	if (status != DB_OK)
		return status;
	return rows_count_all(db, "SELECT COUNT(*) FROM locataire WHERE user_id = ? AND bien_id = ?",
	                      DB_ARGS(db_u64(user), rows_bind_oid(bien)), *n_r, limit, all_r);
}

enum db_status locataires_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                      uint32_t limit, struct locataire **list_r, size_t *n_r, uint64_t *all_r)
{
	enum db_status status;

	status = rows_list(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND immeuble_id = ?"
	                   LATEST_ENTRY_FIRST " LIMIT ?", DB_ARGS(db_u64(user), rows_bind_oid(immeuble), db_u64(limit)),
	                   sizeof **list_r, read_locataire, list_r, n_r);
	if (status != DB_OK)
		return status;
	return rows_count_all(db, "SELECT COUNT(*) FROM locataire WHERE user_id = ? AND immeuble_id = ?",
	                      DB_ARGS(db_u64(user), rows_bind_oid(immeuble)), *n_r, limit, all_r);
}

static void read_present(const struct db_rows *row, struct pool *pool, void *element)
{
	*(struct locataire_present *)element = (struct locataire_present){
		.id = rows_oid(row, 0),
		.bien_id = rows_oid(row, 1),
		.nom = db_col_dup(row, 2, pool),
		.prenom = db_col_dup(row, 3, pool)
	};
}

enum db_status locataires_present(struct db *db, struct pool *pool, uint64_t user, jour today,
                                  struct locataire_present **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT id, bien_id, nom, prenom FROM locataire WHERE user_id = ? AND "
	                 PRESENT " ORDER BY bien_id, entry_date DESC, seq",
	                 DB_ARGS(db_u64(user), rows_bind_jour(pool, today), rows_bind_jour(pool, today)),
	                 sizeof **list_r, read_present, list_r, n_r);
}

enum db_status locataires_present_in(struct db *db, struct pool *pool, uint64_t user, const struct oid *bien,
                                     jour today, struct locataire **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND bien_id = ? AND "
	                 PRESENT LATEST_ENTRY_FIRST,
	                 DB_ARGS(db_u64(user), rows_bind_oid(bien), rows_bind_jour(pool, today),
	                         rows_bind_jour(pool, today)), sizeof **list_r, read_locataire, list_r, n_r);
}

enum db_status locataires_of_user(struct db *db, struct pool *pool, uint64_t user, struct locataire **list_r,
                                  size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? ORDER BY bien_id, seq",
	                 DB_ARGS(db_u64(user)), sizeof **list_r, read_locataire, list_r, n_r);
}

/* INSERT … SELECT from the bien: a bien that is not this landlord's inserts nothing. */
enum db_status locataire_insert(struct db *db, struct pool *pool, uint64_t user, const struct locataire *r)
{
	return rows_found(db, db_run(db, "INSERT INTO locataire (" LOCATAIRE_COLUMNS ", user_id) "
	                  "SELECT ?, b.id, b.immeuble_id" COLUMNS(COLUMN_MARK) ", b.user_id "
	                  "FROM bien b WHERE b.user_id = ? AND b.id = ?",
	                  DB_ARGS(rows_bind_oid(&r->id) COLUMNS(COLUMN_BIND), db_u64(user),
	                          rows_bind_oid(&r->bien_id))));
}

#define SET(type, column, member) ", l." column " = ?"

/* The join finds the row only when both the tenant and the bien are this landlord's. */
enum db_status locataire_update(struct db *db, struct pool *pool, uint64_t user, const struct locataire *r)
{
	return rows_found(db, db_run(db, "UPDATE locataire l JOIN bien b ON b.user_id = l.user_id AND b.id = ? "
	                  "SET l.bien_id = b.id, l.immeuble_id = b.immeuble_id" WRITTEN(SET) " WHERE l.user_id = ? AND "
	                  "l.id = ?", DB_ARGS(rows_bind_oid(&r->bien_id) WRITTEN(COLUMN_BIND), db_u64(user),
	                                      rows_bind_oid(&r->id))));
}

enum db_status locataire_set_quit(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, jour quit,
                                  int64_t now_ms)
{
	/* The CHECK constraint on the two dates refuses a departure that is not after the entry. */
	return rows_found(db,
	                  db_run(db,
	                         "UPDATE locataire SET quit_date = ?, date_last_modified = ? WHERE user_id = ? AND id "
	                         "= ?",
	                             DB_ARGS(rows_bind_jour(pool, quit), db_time(now_ms), db_u64(user),
	                                     rows_bind_oid(id))));
}

static void read_montant(const struct db_rows *row, struct pool *pool, void *element)
{
	(void)pool;
	*(montant *)element = rows_montant(row, 0);
}

enum db_status locataire_last_caf(struct db *db, uint64_t user, const struct oid *id, montant *caf_r)
{
	enum db_status status = rows_one(db, NULL,
	                                 "SELECT montant FROM operation WHERE user_id = ? AND locataire_id = ? AND "
	                                 "type_id = 'recetteCaf' ORDER BY operation_date DESC, seq DESC LIMIT 1",
	                                 DB_ARGS(db_u64(user), rows_bind_oid(id)), read_montant, caf_r);

	if (status != DB_NONE)
		return status;
	*caf_r = 0;
	return DB_OK;
}
