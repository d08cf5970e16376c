/*
 * Immeubles, loans, declarations, biens: one statement a list, scoped by landlord.
 */
#include "store/patrimoine.h"

#define IMMEUBLE_COLUMNS "id, name, type, address, ville, villevalue, ville_seule, codepostal, country, country_long, " \
	"active, robot, milliemes, surface, prixnet, prixtoday, comagence, comcourtier, fraisnotaire, meubles, travauxr, " \
	"date_achat, date_created, date_last_modified, options, attributes"

static void read_immeuble(const struct db_rows *row, struct pool *pool, void *element)
{
	struct immeuble *i = element;
	const char **text[] = {&i->name, &i->type, &i->address, &i->ville, &i->villevalue, &i->ville_seule, &i->codepostal,
	                       &i->country, &i->country_long};
	const char **decimal[] = {&i->surface, &i->prixnet, &i->prixtoday, &i->comagence, &i->comcourtier,
	                          &i->fraisnotaire, &i->meubles, &i->travauxr};
	unsigned c = 0;

	i->id = rows_oid(row, c++);
	for (size_t k = 0; k < sizeof text / sizeof text[0]; k++)
		*text[k] = db_col_dup(row, c++, pool);
	i->active = rows_tri(row, c++);
	i->robot = rows_tri(row, c++);
	i->milliemes = rows_integer(row, c++, pool);
	for (size_t k = 0; k < sizeof decimal / sizeof decimal[0]; k++)
		*decimal[k] = rows_decimal(row, c++, pool);
	i->date_achat = rows_jour(row, c++);
	i->date_created = db_col_time(row, c++);
	i->date_last_modified = db_col_time(row, c++);
	i->options = db_col_dup(row, c++, pool);
	i->attributes = db_col_dup(row, c++, pool);
}

static void read_immeuble_unpaid(const struct db_rows *row, struct pool *pool, void *element)
{
	read_immeuble(row, pool, element);
	((struct immeuble *)element)->unpaid = db_col_u64(row, 26);
}

enum db_status immeubles_of_user(struct db *db, struct pool *pool, uint64_t user, struct immeuble **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " IMMEUBLE_COLUMNS ", (SELECT COUNT(*) FROM operation o WHERE o.user_id = ? AND "
	                 "o.paid = 0 AND o.immeuble_id = immeuble.id) FROM immeuble WHERE user_id = ? ORDER BY seq",
	                 DB_ARGS(db_u64(user), db_u64(user)), sizeof **list_r, read_immeuble_unpaid, list_r, n_r);
}

enum db_status immeuble_get(struct db *db, struct pool *pool, uint64_t user, const struct oid *id, struct immeuble *r)
{
	return rows_one(db, pool, "SELECT " IMMEUBLE_COLUMNS " FROM immeuble WHERE user_id = ? AND id = ?",
	                DB_ARGS(db_u64(user), rows_bind_oid(id)), read_immeuble, r);
}

enum db_status immeuble_insert(struct db *db, struct pool *pool, uint64_t user, const struct immeuble *i)
{
	return db_run(db, "INSERT INTO immeuble (" IMMEUBLE_COLUMNS ", user_id) VALUES "
	              "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	              DB_ARGS(rows_bind_oid(&i->id), db_text(i->name), db_text(i->type), db_text(i->address),
	                      db_text(i->ville), db_text(i->villevalue), db_text(i->ville_seule), db_text(i->codepostal),
	                      db_text(i->country), db_text(i->country_long), rows_bind_tri(i->active),
	                      rows_bind_tri(i->robot), db_text(i->milliemes), db_text(i->surface), db_text(i->prixnet),
	                      db_text(i->prixtoday), db_text(i->comagence), db_text(i->comcourtier),
	                      db_text(i->fraisnotaire), db_text(i->meubles), db_text(i->travauxr),
	                      rows_bind_jour(pool, i->date_achat), rows_bind_instant(i->date_created),
	                      rows_bind_instant(i->date_last_modified), db_text(i->options), db_text(i->attributes),
	                      db_u64(user)));
}

#define EMPRUNT_COLUMNS "immeuble_id, idx, montant, mensualite, taux, type_emprunt, mensualite_assurance, date_first, " \
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
	return rows_list(db, pool, "SELECT " EMPRUNT_COLUMNS " FROM emprunt WHERE user_id = ? ORDER BY immeuble_id, idx",
	                 DB_ARGS(db_u64(user)), sizeof **list_r, read_emprunt, list_r, n_r);
}

enum db_status emprunts_of_immeuble(struct db *db, struct pool *pool, uint64_t user, const struct oid *immeuble,
                                    struct emprunt **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " EMPRUNT_COLUMNS " FROM emprunt WHERE user_id = ? AND immeuble_id = ? ORDER BY idx",
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
	return rows_list(db, pool, "SELECT " DECLARATION_COLUMNS " FROM declaration WHERE user_id = ? AND immeuble_id = ? "
	                 "ORDER BY position", DB_ARGS(db_u64(user), rows_bind_oid(immeuble)), sizeof **list_r, read_declaration,
	                 list_r, n_r);
}

enum db_status declarations_of_user(struct db *db, struct pool *pool, uint64_t user, struct declaration **list_r, size_t *n_r)
{
	return rows_list(db, pool, "SELECT " DECLARATION_COLUMNS " FROM declaration WHERE user_id = ? "
	                 "ORDER BY immeuble_id, position", DB_ARGS(db_u64(user)), sizeof **list_r, read_declaration, list_r,
	                 n_r);
}

enum db_status declaration_insert(struct db *db, uint64_t user, const struct declaration *d, uint32_t position)
{
	return db_run(db, "INSERT INTO declaration (" DECLARATION_COLUMNS ", user_id, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	              DB_ARGS(rows_bind_oid(&d->immeuble_id), rows_bind_oid(&d->id), db_text(d->year), db_text(d->regime),
	                      db_text(d->type), db_text(d->attributes), db_u64(user), db_u64(position)));
}

#define BIEN_COLUMNS "id, immeuble_id, nom, type, pieces, energy, ges, annonce_title, annonce_desc, active, robot, " \
	"surface, milliemes, etage, chambres, date_created, date_last_modified, attributes"

static void read_bien(const struct db_rows *row, struct pool *pool, void *element)
{
	struct bien *b = element;
	const char **text[] = {&b->nom, &b->type, &b->pieces, &b->energy, &b->ges, &b->annonce_title, &b->annonce_desc};
	const char **integer[] = {&b->milliemes, &b->etage, &b->chambres};
	unsigned c = 0;

	b->id = rows_oid(row, c++);
	b->immeuble_id = rows_oid(row, c++);
	for (size_t k = 0; k < sizeof text / sizeof text[0]; k++)
		*text[k] = db_col_dup(row, c++, pool);
	b->active = rows_tri(row, c++);
	b->robot = rows_tri(row, c++);
	b->surface = rows_decimal(row, c++, pool);
	for (size_t k = 0; k < sizeof integer / sizeof integer[0]; k++)
		*integer[k] = rows_integer(row, c++, pool);
	b->date_created = db_col_time(row, c++);
	b->date_last_modified = db_col_time(row, c++);
	b->attributes = db_col_dup(row, c++, pool);
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

enum db_status bien_insert(struct db *db, uint64_t user, const struct bien *b)
{
	return db_run(db, "INSERT INTO bien (" BIEN_COLUMNS ", user_id) VALUES "
	              "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	              DB_ARGS(rows_bind_oid(&b->id), rows_bind_oid(&b->immeuble_id), db_text(b->nom), db_text(b->type),
	                      db_text(b->pieces), db_text(b->energy), db_text(b->ges), db_text(b->annonce_title),
	                      db_text(b->annonce_desc), rows_bind_tri(b->active), rows_bind_tri(b->robot),
	                      db_text(b->surface), db_text(b->milliemes), db_text(b->etage), db_text(b->chambres),
	                      rows_bind_instant(b->date_created), rows_bind_instant(b->date_last_modified),
	                      db_text(b->attributes), db_u64(user)));
}
