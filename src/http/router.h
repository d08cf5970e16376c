/*
 * The table of routes: what a row requires is checked once, centrally, before its handler runs.
 */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "http/request.h"

struct app;     /* the product: database, settings, caches; http/ only hands it on */

/* One row. `path` elements that begin with ':' are captured; a last element ":name?" may be absent. */
struct route {
	unsigned methods;               /* HTTP_GET | HTTP_POST */
	const char *path;
	void (*handler)(struct app *app, struct request *request);
	unsigned require;               /* what the product's guard checks: bits of its own */
	unsigned flags;                 /* ROUTE_… */
};

enum {
	ROUTE_BATCH = 1,        /* a JSON array is welcome */
	ROUTE_RAW_FAULT = 2,    /* the handler wants to see faulty requests itself (pages) */
	ROUTE_EXPRESS = 4,      /* the next request on its connection may be one that the express answers */
	ROUTE_AT_ONCE = 8,      /* its answer may be known already: the express is to look */
	ROUTE_TOGETHER = 16     /* done with others of its kind, if it is one of those; the next one may be, too */
};

/* Paths that share a form of error. The first prefix that matches wins; the last one is "" for everything else. */
struct route_family {
	const char *prefix;
	void (*error)(struct request *request, unsigned status, const char *message);
};

struct router {
	const struct route *routes;
	size_t n_routes;
	const struct route_family *families;
	/* Checks credentials, limits and rate of the row; answers itself and returns false to stop. */
	bool (*guard)(struct app *app, struct request *request);
	/*
	 * The same for a request that is refused in any case: it has a fault, or an array where none is welcome. False:
	 * it was refused for its caller already. NULL: that does not matter.
	 */
	bool (*guard_unfit)(struct app *app, struct request *request);
};

/* Finds the row alone, and sets request->route and captures. Returns false when there is none. */
bool router_find(const struct router *router, struct request *request);

/* Finds the row, runs the guard, refuses faults or runs the handler. Always leaves an answer in the request. */
void router_handle(const struct router *router, struct app *app, struct request *request);

/* Answers an error in the form of the request's family. */
void router_error(const struct router *router, struct request *request, unsigned status, const char *message);

#endif
