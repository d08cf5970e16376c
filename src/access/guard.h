/*
 * Who may call a route: checked here for all of them.
 */
#ifndef ACCESS_GUARD_H
#define ACCESS_GUARD_H

#include "http/router.h"

/* Bits of route.require. */
enum {
	/* auth_key and auth_secret (query, body or HTTP Basic), rate per client, RateLimit-* headers */
	REQUIRE_CLIENT = 1,
	REQUIRE_LOCAL = 2       /* loopback peer only */
};

bool guard_check(struct app *app, struct request *request);

#endif
