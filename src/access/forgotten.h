/*
 * Forgotten passwords: a mail with a link that lets a new one be set, once, within an hour.
 *
 * Who asks never learns whether an account exists: an unknown name, an account without e-mail and one that was asked
 * for too often take the same statements and the same commit as any other, and only the mail is taken back before it.
 */
#ifndef ACCESS_FORGOTTEN_H
#define ACCESS_FORGOTTEN_H

#include "access/app.h"

/* One request for a mail, from its parameters to the commit. */
struct forgotten_ask;

/* In the pool; the texts are borrowed. */
struct forgotten_ask *forgotten_begin(struct pool *pool, const char *login, const char *remote_addr);

/*
 * Inside an open transaction, which may run several times: queues the mail for the account of that user name or e-mail
 * address, to the address that the account has. Requests are limited by account, without a word, and by the client's
 * address: then DB_NONE and *retry_after_r is the seconds to wait, else 0. One that never gets here counts for neither.
 */
enum db_status forgotten_queue(struct app *app, struct pool *pool, struct forgotten_ask *ask, uint32_t *retry_after_r);

/* After the commit: the log tells of a request that was queued, and what has expired is deleted. */
void forgotten_asked(struct app *app, const struct forgotten_ask *ask);

/* Whose link is this? DB_NONE: it is not valid, or no longer. Changes nothing. */
enum db_status forgotten_owner(struct app *app, struct pool *pool, const char *token, struct user *user_r);

/*
 * Sets the password, uses the token up and queues a notice, all in one transaction. `user` is the token's owner.
 * DB_NONE: the token is no longer valid.
 */
enum db_status forgotten_set(struct app *app, struct pool *pool, const char *token, const struct user *user,
                             const char *password);

#endif
