/*
 * Changing a portfolio: operations and tenants (API document, «Save an Operation» to «Delete an Operation»).
 */
#ifndef GESTION_WRITE_H
#define GESTION_WRITE_H

#include "access/app.h"
#include "http/router.h"

void save_operation(struct app *app, struct request *request);           /* :immeubleId, :operationId? */
void save_locataire(struct app *app, struct request *request);           /* :bienId, :locataireId? */
void set_locataire_gone(struct app *app, struct request *request);       /* :locataireId */
void mark_operation_paid(struct app *app, struct request *request);      /* :operationId */
void mark_operation_unpaid(struct app *app, struct request *request);
void delete_operation(struct app *app, struct request *request);
void ventilation_loyer(struct app *app, struct request *request);        /* :locataireId, :montantTotal */

/*
 * The transaction of every write: counts the version up first, so that the writers of one landlord wait for each other
 * and no remembered answer outlives the write; then runs work(). It answers by itself on DB_NONE and DB_OK.
 */
struct write {
	struct app *app;
	struct request *request;
	enum db_status (*touch)(struct db *db, uint64_t user_id);
	enum db_status (*work)(struct db *db, struct write *write);
	void *arg;
};
typedef enum db_status write_fn(struct db *db, struct write *write);

void write_run(struct app *app, struct request *request, write_fn *work, void *arg);

/* For work that writes nothing but operations: what was made of the rest of the portfolio stays good. */
void write_operations(struct app *app, struct request *request, write_fn *work, void *arg);

#endif
