/*
 * Tenants.
 */
#include "store/locataire.h"

#define LOCATAIRE_COLUMNS "id, bien_id, immeuble_id, nom, prenom, `precision`, email, phone, loyer, provision, loyer_last, " \
	"provision_last, indice_revision, day_loyer, type_location, depot_garantie, signature_date, entry_date, quit_date, " \
	"born_date, address1, address2, ville, codepostal, country, born_location, nationality, revisions, revisions_pc, " \
	"robot, date_created, date_last_modified, attributes"

/* Who lives there on a day, given twice: he has come, and has not gone; the days of entry and departure count. */
#define PRESENT "entry_date <= ? AND (quit_date IS NULL OR quit_date >= ?)"

/* How every list of tenants is ordered within its bien or immeuble. */
#define LATEST_ENTRY_FIRST " ORDER BY entry_date DESC, seq"

static void read_locataire(const struct db_rows *row, struct pool *pool, void *element)
{
	struct locataire *l = element;
	const char **named[] = {&l->nom, &l->prenom, &l->precision, &l->email, &l->phone};
	montant *amount[] = {&l->loyer, &l->provision, &l->loyer_last, &l->provision_last};
	const char **integer[] = {&l->indice_revision, &l->day_loyer, &l->type_location, &l->depot_garantie};
	jour *day[] = {&l->signature, &l->entry, &l->quit, &l->born};
	const char **text[] = {&l->address1, &l->address2, &l->ville, &l->codepostal, &l->country, &l->born_location,
	                       &l->nationality, &l->revisions, &l->revisions_pc};
	unsigned c = 0;

	l->id = rows_oid(row, c++);
	l->bien_id = rows_oid(row, c++);
	l->immeuble_id = rows_oid(row, c++);
	for (size_t k = 0; k < sizeof named / sizeof named[0]; k++)
		*named[k] = db_col_dup(row, c++, pool);
	for (size_t k = 0; k < sizeof amount / sizeof amount[0]; k++)
		*amount[k] = rows_montant(row, c++);
	for (size_t k = 0; k < sizeof integer / sizeof integer[0]; k++)
		*integer[k] = rows_integer(row, c++, pool);
	for (size_t k = 0; k < sizeof day / sizeof day[0]; k++)
		*day[k] = rows_jour(row, c++);
	for (size_t k = 0; k < sizeof text / sizeof text[0]; k++)
		*text[k] = db_col_dup(row, c++, pool);
	l->robot = rows_tri(row, c++);
	l->date_created = db_col_time(row, c++);
	l->date_last_modified = db_col_time(row, c++);
	l->attributes = db_col_dup(row, c++, pool);
}

enum db_status locataire_get(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, struct locataire *r)
{
	return rows_one(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND id = ?",
	                DB_ARGS(db_u64(user), rows_bind_oid(id)), read_locataire, r);
}

static enum db_status count(struct db *db, const char *sql, const struct db_value *args, size_t n_args, uint64_t *all_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, sql, args, n_args, &rows);

	if (status != DB_OK)
		return status;
	*all_r = db_col_u64(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

enum db_status locataires_of_bien(struct db *db, struct pool *pool, uint64_t user, const struct oid *bien, uint32_t limit,
                                  struct locataire **list_r, size_t *n_r, uint64_t *all_r)
{
	enum db_status status = count(db, "SELECT COUNT(*) FROM locataire WHERE user_id = ? AND bien_id = ?",
	                              DB_ARGS(db_u64(user), rows_bind_oid(bien)), all_r);

	if (status != DB_OK)
		return status;
	return rows_list(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND bien_id = ?"
	                 LATEST_ENTRY_FIRST " LIMIT ?", DB_ARGS(db_u64(user), rows_bind_oid(bien), db_u64(limit)),
	                 sizeof **list_r, read_locataire, list_r, n_r);
}

enum db_status locataires_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                      uint32_t limit, struct locataire **list_r, size_t *n_r, uint64_t *all_r)
{
	enum db_status status = count(db, "SELECT COUNT(*) FROM locataire WHERE user_id = ? AND immeuble_id = ?",
	                              DB_ARGS(db_u64(user), rows_bind_oid(immeuble)), all_r);

	if (status != DB_OK)
		return status;
	return rows_list(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND immeuble_id = ?"
	                 LATEST_ENTRY_FIRST " LIMIT ?", DB_ARGS(db_u64(user), rows_bind_oid(immeuble), db_u64(limit)),
	                 sizeof **list_r, read_locataire, list_r, n_r);
}

enum db_status locataires_present(struct db *db, struct pool *pool, uint64_t user, jour today, struct locataire **list_r,
                                  size_t *n_r)
{
	return rows_list(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND "
	                 PRESENT " ORDER BY bien_id, entry_date DESC, seq",
	                 DB_ARGS(db_u64(user), rows_bind_jour(pool, today), rows_bind_jour(pool, today)), sizeof **list_r,
	                 read_locataire, list_r, n_r);
}

enum db_status locataires_present_in(struct db *db, struct pool *pool, uint64_t user, const struct oid *bien, jour today,
                                     struct locataire **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? AND bien_id = ? AND "
	                 PRESENT LATEST_ENTRY_FIRST,
	                 DB_ARGS(db_u64(user), rows_bind_oid(bien), rows_bind_jour(pool, today),
	                         rows_bind_jour(pool, today)), sizeof **list_r, read_locataire, list_r, n_r);
}

enum db_status locataires_of_user(struct db *db, struct pool *pool, uint64_t user, struct locataire **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " LOCATAIRE_COLUMNS " FROM locataire WHERE user_id = ? ORDER BY bien_id, seq",
	                 DB_ARGS(db_u64(user)), sizeof **list_r, read_locataire, list_r, n_r);
}

/* INSERT … SELECT from the bien: a bien that is not this landlord's inserts nothing. */
enum db_status locataire_insert(struct db *db, struct pool *pool, uint64_t user, const struct locataire *l)
{
	return rows_found(db, db_run(db, "INSERT INTO locataire (" LOCATAIRE_COLUMNS ", user_id) SELECT ?, b.id, b.immeuble_id, "
	                  "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, b.user_id "
	                  "FROM bien b WHERE b.user_id = ? AND b.id = ?",
	                  DB_ARGS(rows_bind_oid(&l->id), db_text(l->nom), db_text(l->prenom), db_text(l->precision),
	                          db_text(l->email), db_text(l->phone), rows_bind_montant(pool, l->loyer),
	                          rows_bind_montant(pool, l->provision), rows_bind_montant(pool, l->loyer_last),
	                          rows_bind_montant(pool, l->provision_last), db_text(l->indice_revision),
	                          db_text(l->day_loyer), db_text(l->type_location), db_text(l->depot_garantie),
	                          rows_bind_jour(pool, l->signature), rows_bind_jour(pool, l->entry),
	                          rows_bind_jour(pool, l->quit), rows_bind_jour(pool, l->born), db_text(l->address1),
	                          db_text(l->address2), db_text(l->ville), db_text(l->codepostal), db_text(l->country),
	                          db_text(l->born_location), db_text(l->nationality), db_text(l->revisions),
	                          db_text(l->revisions_pc), rows_bind_tri(l->robot), rows_bind_instant(l->date_created),
	                          rows_bind_instant(l->date_last_modified), db_text(l->attributes), db_u64(user),
	                          rows_bind_oid(&l->bien_id))));
}

/* The join finds the row only when both the tenant and the bien are this landlord's. */
enum db_status locataire_update(struct db *db, struct pool *pool, uint64_t user, const struct locataire *l)
{
	return rows_found(db, db_run(db, "UPDATE locataire l JOIN bien b ON b.user_id = l.user_id AND b.id = ? SET "
	                  "l.bien_id = b.id, l.immeuble_id = b.immeuble_id, l.nom = ?, l.prenom = ?, l.`precision` = ?, "
	                  "l.email = ?, l.phone = ?, l.loyer = ?, l.provision = ?, l.loyer_last = ?, l.provision_last = ?, "
	                  "l.indice_revision = ?, l.day_loyer = ?, l.type_location = ?, l.depot_garantie = ?, "
	                  "l.signature_date = ?, l.entry_date = ?, l.quit_date = ?, l.born_date = ?, l.address1 = ?, "
	                  "l.address2 = ?, l.ville = ?, l.codepostal = ?, l.country = ?, l.born_location = ?, "
	                  "l.nationality = ?, l.date_last_modified = ? WHERE l.user_id = ? AND l.id = ?",
	                  DB_ARGS(rows_bind_oid(&l->bien_id), db_text(l->nom), db_text(l->prenom), db_text(l->precision),
	                          db_text(l->email), db_text(l->phone), rows_bind_montant(pool, l->loyer),
	                          rows_bind_montant(pool, l->provision), rows_bind_montant(pool, l->loyer_last),
	                          rows_bind_montant(pool, l->provision_last), db_text(l->indice_revision),
	                          db_text(l->day_loyer), db_text(l->type_location), db_text(l->depot_garantie),
	                          rows_bind_jour(pool, l->signature), rows_bind_jour(pool, l->entry),
	                          rows_bind_jour(pool, l->quit), rows_bind_jour(pool, l->born), db_text(l->address1),
	                          db_text(l->address2), db_text(l->ville), db_text(l->codepostal), db_text(l->country),
	                          db_text(l->born_location), db_text(l->nationality), rows_bind_instant(l->date_last_modified),
	                          db_u64(user), rows_bind_oid(&l->id))));
}

enum db_status locataire_set_quit(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, jour quit,
                                  int64_t now_ms)
{
	/* The CHECK constraint on the two dates refuses a departure that is not after the entry. */
	return rows_found(db, db_run(db, "UPDATE locataire SET quit_date = ?, date_last_modified = ? WHERE user_id = ? AND id = ?",
	                             DB_ARGS(rows_bind_jour(pool, quit), db_time(now_ms), db_u64(user), rows_bind_oid(id))));
}

enum db_status locataire_last_caf(struct db *db, uint64_t user, const struct oid *id, montant *caf_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SELECT montant FROM operation WHERE user_id = ? AND locataire_id = ? AND "
	                               "type_id = 'recetteCaf' ORDER BY operation_date DESC, seq DESC LIMIT 1",
	                               DB_ARGS(db_u64(user), rows_bind_oid(id)), &rows);

	*caf_r = 0;
	if (status != DB_OK)
		return status == DB_NONE ? DB_OK : status;
	*caf_r = rows_montant(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}
