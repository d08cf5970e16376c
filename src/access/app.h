/*
 * What every handler of this product can reach.
 */
#ifndef ACCESS_APP_H
#define ACCESS_APP_H

#include "base/settings.h"
#include "db/db.h"
#include "store/client.h"
#include "store/user.h"

struct answer_cache;
struct login_cache;
struct memo;
struct memo_shared;
struct rate_table;
struct prefork;

struct app {
	struct settings *settings;
	struct db *db;
	struct memo *memo;              /* who was let in before */
	struct rate_table *rates;       /* shared by the workers of this host */
	struct rate_table *failures;    /* shared likewise: wrong passwords, by account and address */
	struct login_cache *logins;    /* shared likewise: user name and password pairs found correct */
	struct memo_shared *remembered; /* shared likewise, of memo */
	struct answer_cache *answers;   /* shared likewise: finished answers of portfolios */
	struct prefork *prefork;        /* for /metrics */
	struct client client;           /* of the request in progress, when its route requires a client */
	struct user user;               /* likewise, when it requires a user */
	bool user_remembered;           /* its version was asked for by any worker, perhaps of another server */
};

/*
 * In the master, before the first fork and again at a reload: what the workers share. A reload may lead to another
 * database, where a number is another's, and that need not show in the configuration (a host's name): so processes of
 * before and after it share nothing that is remembered of accounts, clients and answers. Rates, failures and pairs found
 * correct are kept: these say by themselves whose they are, or err for minutes at worst.
 */
void app_share(struct app *app, struct settings *settings, struct prefork *prefork);

/* In a worker: a database connection of its own (opened at first use). */
void app_start(struct app *app);
void app_stop(struct app *app);

#endif
