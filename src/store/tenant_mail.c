/*
 * The mails a landlord had sent to a tenant.
 */
#include "store/tenant_mail.h"

enum db_status tenant_mail_client(struct db *db, uint64_t *client_id_r)
{
	struct db_rows *rows;
	enum db_status status = db_one(db, "SELECT id FROM api_client WHERE name = '" TENANT_MAIL_CLIENT "'",
	                               DB_NO_ARGS, &rows);

	if (status != DB_OK)
		return status;
	*client_id_r = db_col_u64(rows, 0);
	db_rows_end(rows);
	return DB_OK;
}

enum db_status tenant_mail_add(struct db *db, struct pool *pool, uint64_t user, uint64_t message_id,
                               const struct tenant_mail *m)
{
	return db_run(db, "INSERT INTO tenant_mail (id, user_id, locataire_id, message_id, type, sent_on, recipient, "
	              "objet, body, montant, description) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	              DB_ARGS(rows_bind_oid(&m->id), db_u64(user), rows_bind_oid(&m->locataire_id), db_u64(message_id),
	                      db_text(m->type), db_time(m->sent_on), db_text(m->to), db_text(m->objet),
	                      db_text(m->message), rows_bind_montant(pool, m->montant_final), db_text(m->description)));
}

static void read_mail(const struct db_rows *row, struct pool *pool, void *element)
{
	*(struct tenant_mail *)element = (struct tenant_mail){
		.id = rows_oid(row, 0),
		.locataire_id = rows_oid(row, 1),
		.type = db_col_dup(row, 2, pool),
		.sent_on = db_col_time(row, 3),
		.to = db_col_dup(row, 4, pool),
		.objet = db_col_dup(row, 5, pool),
		.message = db_col_dup(row, 6, pool),
		.montant_final = rows_montant(row, 7),
		.description = db_col_dup(row, 8, pool)
	};
}

enum db_status tenant_mail_list(struct db *db, struct pool *pool, uint64_t user, const struct oid *locataire,
                                struct tenant_mail **list_r, size_t *n_r)
{
	return rows_list(db, pool,
	                 "SELECT id, locataire_id, type, sent_on, recipient, objet, body, montant, description FROM "
	                 "tenant_mail WHERE user_id = ? AND locataire_id = ? ORDER BY sent_on DESC, id DESC",
	                 DB_ARGS(db_u64(user), rows_bind_oid(locataire)), sizeof **list_r, read_mail, list_r, n_r);
}
