/*
 * Immeubles, loans, declarations, biens: one statement a list, scoped by landlord.
 */
#include "store/patrimoine.h"

#include "store/columns.h"

#define IMMEUBLE(X) \
	X(TEXT, "name", name) X(TEXT, "type", type) X(TEXT, "address", address) X(TEXT, "ville", ville) \
	X(TEXT, "villevalue", villevalue) X(TEXT, "ville_seule", ville_seule) X(TEXT, "codepostal", codepostal) \
	X(TEXT, "country", country) X(TEXT, "country_long", country_long) X(TRI, "active", active) X(TRI, "robot", \
	                                                                                             robot) \
	X(INTEGER, "milliemes", milliemes) X(DECIMAL, "surface", surface) X(DECIMAL, "prixnet", prixnet) \
	X(DECIMAL, "prixtoday", prixtoday) X(DECIMAL, "comagence", comagence) X(DECIMAL, "comcourtier", comcourtier) \
	X(DECIMAL, "fraisnotaire", fraisnotaire) X(DECIMAL, "meubles", meubles) X(DECIMAL, "travauxr", travauxr) \
	X(JOUR, "date_achat", date_achat) X(INSTANT, "date_created", date_created) \
	X(INSTANT, "date_last_modified", date_last_modified) X(TEXT, "options", options) X(TEXT, "attributes", \
	                                                                                   attributes)

#define IMMEUBLE_COLUMNS "id" IMMEUBLE(COLUMN_NAME)

/* Returns the number of the column after them. */
static unsigned read_immeuble_columns(const struct db_rows *row, struct pool *pool, struct immeuble *r)
{
	unsigned c = 0;

	r->id = rows_oid(row, c++);
	IMMEUBLE(COLUMN_READ)
	return c;
}

static void read_immeuble(const struct db_rows *row, struct pool *pool, void *element)
{
	read_immeuble_columns(row, pool, element);
}

enum db_status immeubles_of_user(struct db *db, struct pool *pool, uint64_t user, struct immeuble **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " IMMEUBLE_COLUMNS " FROM immeuble WHERE user_id = ? ORDER BY seq",
	                 DB_ARGS(db_u64(user)), sizeof **list_r, read_immeuble, list_r, n_r);
}

enum db_status immeuble_get(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, struct immeuble *r)
{
	return rows_one(db, pool, "SELECT " IMMEUBLE_COLUMNS " FROM immeuble WHERE user_id = ? AND id = ?",
	                DB_ARGS(db_u64(user), rows_bind_oid(id)), read_immeuble, r);
}

enum db_status immeuble_insert(struct db *db, struct pool *pool, uint64_t user, const struct immeuble *r)
{
	return db_run(db, "INSERT INTO immeuble (user_id, " IMMEUBLE_COLUMNS ") VALUES (?, ?" IMMEUBLE(COLUMN_MARK) ")",
	              DB_ARGS(db_u64(user), rows_bind_oid(&r->id) IMMEUBLE(COLUMN_BIND)));
}

#define EMPRUNT_COLUMNS "immeuble_id, idx, montant, mensualite, taux, type_emprunt, mensualite_assurance, " \
	"date_first, " \
	"date_last, attributes"

static void read_emprunt(const struct db_rows *row, struct pool *pool, void *element)
{
	*(struct emprunt *)element = (struct emprunt){
		.immeuble_id = rows_oid(row, 0),
		.index = (uint32_t)db_col_u64(row, 1),
		.has_montant = !db_col_null(row, 2),
		.montant_emprunte = rows_montant(row, 2),
		.has_mensualite = !db_col_null(row, 3),
		.mensualite = rows_montant(row, 3),
		.taux = rows_decimal(row, 4, pool),
		.type = db_col_dup(row, 5, pool),
		.assurance = rows_decimal(row, 6, pool),
		.first = rows_jour(row, 7),
		.last = rows_jour(row, 8),
		.attributes = db_col_dup(row, 9, pool)
	};
}

enum db_status emprunts_of_user(struct db *db, struct pool *pool, uint64_t user, struct emprunt **list_r, size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT " EMPRUNT_COLUMNS " FROM emprunt WHERE user_id = ? ORDER BY immeuble_id, idx",
	                 DB_ARGS(db_u64(user)), sizeof **list_r, read_emprunt, list_r, n_r);
}

enum db_status emprunts_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                    struct emprunt **list_r, size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT " EMPRUNT_COLUMNS " FROM emprunt WHERE user_id = ? AND immeuble_id = ? ORDER BY idx",
	                 DB_ARGS(db_u64(user), rows_bind_oid(immeuble)), sizeof **list_r, read_emprunt, list_r, n_r);
}

enum db_status emprunt_insert(struct db *db, struct pool *pool, uint64_t user, const struct emprunt *e)
{
	return db_run(db, "INSERT INTO emprunt (" EMPRUNT_COLUMNS ", user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	              DB_ARGS(rows_bind_oid(&e->immeuble_id), db_u64(e->index),
	                      e->has_montant ? rows_bind_montant(pool, e->montant_emprunte) : db_null(),
	                      e->has_mensualite ? rows_bind_montant(pool, e->mensualite) : db_null(), db_text(e->taux),
	                      db_text(e->type), db_text(e->assurance), rows_bind_jour(pool, e->first),
	                      rows_bind_jour(pool, e->last), db_text(e->attributes), db_u64(user)));
}

#define DECLARATION_COLUMNS "immeuble_id, id, year, regime, type, attributes"

static void read_declaration(const struct db_rows *row, struct pool *pool, void *element)
{
	*(struct declaration *)element = (struct declaration){
		.immeuble_id = rows_oid(row, 0),
		.id = rows_oid(row, 1),
		.year = rows_integer(row, 2, pool),
		.regime = db_col_dup(row, 3, pool),
		.type = db_col_dup(row, 4, pool),
		.attributes = db_col_dup(row, 5, pool)
	};
}

enum db_status declarations_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                        struct declaration **list_r, size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT " DECLARATION_COLUMNS " FROM declaration WHERE user_id = ? AND immeuble_id = ? "
	                 "ORDER BY position", DB_ARGS(db_u64(user), rows_bind_oid(immeuble)), sizeof **list_r,
	                 read_declaration, list_r, n_r);
}

enum db_status declarations_of_user(struct db *db, struct pool *pool, uint64_t user, struct declaration **list_r,
                                    size_t *n_r)
{
	return rows_list(db, pool, "SELECT " DECLARATION_COLUMNS " FROM declaration WHERE user_id = ? "
	                 "ORDER BY immeuble_id, position", DB_ARGS(db_u64(user)), sizeof **list_r, read_declaration,
	                 list_r, n_r);
}

enum db_status declaration_insert(struct db *db, uint64_t user, const struct declaration *d, uint32_t position)
{
	return db_run(db,
	              "INSERT INTO declaration (" DECLARATION_COLUMNS ", user_id, position) VALUES "
	              "(?, ?, ?, ?, ?, ?, ?, ?)",
	              DB_ARGS(rows_bind_oid(&d->immeuble_id), rows_bind_oid(&d->id), db_text(d->year),
	                      db_text(d->regime), db_text(d->type), db_text(d->attributes), db_u64(user),
	                      db_u64(position)));
}

#define BIEN(X) \
	X(TEXT, "nom", nom) X(TEXT, "type", type) X(TEXT, "pieces", pieces) X(TEXT, "energy", energy) X(TEXT, "ges", \
	                                                                                                ges) \
	X(TEXT, "annonce_title", annonce_title) X(TEXT, "annonce_desc", annonce_desc) X(TRI, "active", active) \
	X(TRI, "robot", robot) X(DECIMAL, "surface", surface) X(INTEGER, "milliemes", milliemes) X(INTEGER, "etage", \
	                                                                                           etage) \
	X(INTEGER, "chambres", chambres) X(INSTANT, "date_created", date_created) \
	X(INSTANT, "date_last_modified", date_last_modified) X(TEXT, "attributes", attributes)

#define BIEN_COLUMNS "id, immeuble_id" BIEN(COLUMN_NAME)

static void read_bien(const struct db_rows *row, struct pool *pool, void *element)
{
	struct bien *r = element;
	unsigned c = 0;

	r->id = rows_oid(row, c++);
	r->immeuble_id = rows_oid(row, c++);
	BIEN(COLUMN_READ)
}

enum db_status biens_of_user(struct db *db, struct pool *pool, uint64_t user, struct bien **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " BIEN_COLUMNS " FROM bien WHERE user_id = ? ORDER BY immeuble_id, seq",
	                 DB_ARGS(db_u64(user)), sizeof **list_r, read_bien, list_r, n_r);
}

enum db_status bien_get(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, struct bien *r)
{
	return rows_one(db, pool, "SELECT " BIEN_COLUMNS " FROM bien WHERE user_id = ? AND id = ?",
	                DB_ARGS(db_u64(user), rows_bind_oid(id)), read_bien, r);
}

enum db_status bien_insert(struct db *db, uint64_t user, const struct bien *r)
{
	return db_run(db, "INSERT INTO bien (user_id, " BIEN_COLUMNS ") VALUES (?, ?, ?" BIEN(COLUMN_MARK) ")",
	              DB_ARGS(db_u64(user), rows_bind_oid(&r->id), rows_bind_oid(&r->immeuble_id) BIEN(COLUMN_BIND)));
}
