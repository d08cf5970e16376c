/*
 * The mails a landlord had sent to a tenant.
 */
#ifndef STORE_TENANT_MAIL_H
#define STORE_TENANT_MAIL_H

#include "store/rows.h"

struct tenant_mail {
	struct oid id, locataire_id;
	const char *type;               /* "quittance" or "compte" */
	int64_t sent_on;                /* ms */
	const char *to, *objet, *message, *description;
	montant montant_final;
};

/* No client of Communication: in its name go mails to tenants, and those about landlords' accounts. */
#define TENANT_MAIL_CLIENT "Gestion"

enum db_status tenant_mail_client(struct db *db, uint64_t *client_id_r);

/* Inside the transaction that queued the message. DB_REFUSED: not this landlord's tenant. */
enum db_status tenant_mail_add(struct db *db, struct pool *pool, uint64_t user, uint64_t message_id,
                               const struct tenant_mail *mail);

/* Newest first. */
enum db_status tenant_mail_list(struct db *db, struct pool *pool, uint64_t user, const struct oid *locataire,
                                struct tenant_mail **list_r, size_t *n_r);

#endif
