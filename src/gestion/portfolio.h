/*
 * One landlord's whole portfolio as one JSON document, in the API's own shapes and with what operations recur by: read,
 * stored, and given back.
 */
#ifndef GESTION_PORTFOLIO_H
#define GESTION_PORTFOLIO_H

#include <stdio.h>

#include "base/json_out.h"
#include "store/locataire.h"
#include "store/operation.h"
#include "store/patrimoine.h"
#include "store/user.h"

/* Rows in the order of the document. */
struct portfolio {
	struct user user;
	const char *password;           /* in clear, to be hashed; NULL when the document has a hash */
	struct immeuble *immeubles;
	struct emprunt *emprunts;
	struct declaration *declarations;
	struct bien *biens;
	struct locataire *locataires;
	struct operation *operations;
	size_t n_immeubles, n_emprunts, n_declarations, n_biens, n_locataires, n_operations;
};

/*
 * Reads a document of `len` bytes. Every error is written to `err` with its path. Returns 0; -1 with at least one
 * error. Members that the program derives (imageURL, totals, counts, loyerLast …) are passed over.
 */
int portfolio_read(struct pool *pool, const char *bytes, size_t len, struct portfolio *portfolio_r, FILE *err);

/*
 * Stores a portfolio in one transaction, all or nothing; the password is hashed before. DB_DUPLICATE: the landlord or
 * an identifier is there already; *where_r names what.
 */
enum db_status portfolio_store(struct db *db, struct pool *pool, struct portfolio *portfolio, const char **where_r);

/*
 * Loads what one landlord owns at one moment, as portfolio_read() would have it; no writer waits. DB_NONE: no such
 * user.
 */
enum db_status portfolio_load(struct db *db, struct pool *pool, uint64_t user_id, struct portfolio *portfolio_r);

/* Writes it as the document. */
void portfolio_write(struct json_out *json, struct pool *pool, const struct portfolio *portfolio);

#endif
