/*
 * Who may call a route: checked here for all of them.
 */
#ifndef ACCESS_GUARD_H
#define ACCESS_GUARD_H

#include "access/app.h"
#include "http/router.h"

/* Bits of route.require. */
enum {
	/* auth_key and auth_secret (query, body or HTTP Basic), rate per client, RateLimit-* headers */
	REQUIRE_CLIENT = 1,
	REQUIRE_LOCAL = 2,      /* loopback peer only */
	REQUIRE_APP_KEY = 4,    /* X-API-KEY of a developer */
	REQUIRE_USER = 8        /* that, and a landlord's username and password (query or body) */
};

bool guard_check(struct app *app, struct request *request);

/*
 * The guard of requests that cannot be read (router.h). A client who can be told, by Basic or what could be read, is
 * checked, and it costs one of his requests; else he learns what is wrong with the request. Of what requires a
 * developer's key only that is checked: no password is tried.
 */
bool guard_check_unfit(struct app *app, struct request *request);

/*
 * Would guard_check() let the user of this request in without verifying anything, as far as memory knows? Then he is in
 * *user_r; that holds if his portfolio's version is still user_r->version.patrimoine.
 */
bool guard_recognises(struct app *app, struct request *request, struct user *user_r);

/*
 * The same of the client. What guard_check() would then do besides, guard_takes_rate() does: it takes one of his
 * requests, and sets the headers that tell. False, with nothing taken: he has none left. guard_returns_rate() gives
 * back what was taken for a request that goes to guard_check() after all.
 */
bool guard_recognises_client(struct app *app, struct request *request, struct client *client_r);
bool guard_takes_rate(struct app *app, struct request *request, const struct client *client);
void guard_returns_rate(struct app *app, const struct client *client);

/* Does the landlord's premium period run? */
bool guard_is_premium(const struct user *user);

#endif
