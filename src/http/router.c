/*
 * Finds a request's row in the table of routes and runs what it asks for, in one order for all of them.
 */
#include <string.h>

#include "base/log.h"
#include "http/router.h"

/* Text that a path element may hold: it ends up in handlers as it is. */
static bool is_clean_path(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7F)
			return false;
	return path[0] == '/' && text_is_utf8(path, len);
}

static size_t element_len(const char *at)
{
	return strcspn(at, "/");
}

/* Is what is left of the pattern one optional element, the last? */
static bool is_optional_end(const char *pattern)
{
	return pattern[0] == '/' && pattern[1] == ':' && strchr(pattern, '?') != NULL &&
		strchr(pattern + 1, '/') == NULL;
}

/* Walks pattern and path element by element; both stand on a '/'. */
static bool match(struct request *request, const char *pattern, const char *path)
{
	request->n_captures = 0;
	while (*pattern == '/' && *path == '/') {
		const char *want = pattern + 1, *have = path + 1;
		size_t want_len = element_len(want), have_len = element_len(have);

		if (*want == ':') {
			if (have_len == 0)
				return *have == '\0' && is_optional_end(pattern);
			if (request->n_captures == HTTP_MAX_CAPTURES)
				return false;
			request->capture[request->n_captures++] = pool_strndup(request->pool, have, have_len);
		} else if (want_len != have_len || memcmp(want, have, want_len) != 0) {
			return false;
		}
		pattern = want + want_len;
		path = have + have_len;
	}
	return *path == '\0' && (*pattern == '\0' || is_optional_end(pattern));
}

static bool allows(const struct route *route, enum http_method method)
{
	return (route->methods & method) != 0 || (method == HTTP_HEAD && (route->methods & HTTP_GET) != 0);
}

static const struct route *find_route(const struct router *router, struct request *request)
{
	if (!is_clean_path(request->path))
		return NULL;
	for (size_t i = 0; i < router->n_routes; i++) {
		const struct route *route = &router->routes[i];

		if (allows(route, request->method) && match(request, route->path, request->path))
			return route;
	}
	request->n_captures = 0;
	return NULL;
}

bool router_find(const struct router *router, struct request *request)
{
	request->route = find_route(router, request);
	return request->route != NULL;
}

void router_error(const struct router *router, struct request *request, unsigned status, const char *message)
{
	const struct route_family *family = router->families;

	while (strncmp(request->path, family->prefix, strlen(family->prefix)) != 0)
		family++;
	family->error(request, status, message);
}

/* Is it nothing that the handler may see, whoever asks? */
static bool is_unfit(const struct request *request)
{
	unsigned flags = request->route->flags;

	return (request->fault != HTTP_FAULT_NONE && (flags & ROUTE_RAW_FAULT) == 0) ||
	       (request->is_batch && (flags & ROUTE_BATCH) == 0);
}

static void refuse_unfit(const struct router *router, struct app *app, struct request *request)
{
	const char *what = request->fault != HTTP_FAULT_NONE ? request->fault_name : "body";

	if (router->guard_unfit != NULL && !router->guard_unfit(app, request))
		return;
	if (request->fault == HTTP_FAULT_TOO_LARGE)
		router_error(router, request, 413, "request entity too large");
	else
		router_error(router, request, 400, pool_printf(request->pool, "invalid %s", what));
}

void router_handle(const struct router *router, struct app *app, struct request *request)
{
	const struct route *route = router_find(router, request) ? request->route : NULL;

	if (route == NULL)
		router_error(router, request, 404, "not found");
	else if (is_unfit(request))
		refuse_unfit(router, app, request);
	else if (router->guard == NULL || router->guard(app, request))
		route->handler(app, request);
	if (request->status == 0) {
		log_event(LOG_LEVEL_ERROR, "no-answer", "route", route != NULL ? route->path : "-", NULL);
		router_error(router, request, 500, "internal server error");
	}
}
