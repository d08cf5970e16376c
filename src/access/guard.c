/*
 * Who may call a route: the peer's address, the client's key and secret, the client's rate.
 */
#include "access/guard.h"

#include <string.h>

#include "access/app.h"
#include "access/credentials.h"
#include "access/error.h"
#include "access/rate.h"
#include "base/clock.h"

static void header_u32(struct request *request, const char *name, uint32_t value)
{
	response_header(request, name, pool_printf(request->pool, "%u", value));
}

static bool is_local(const char *address)
{
	return address != NULL
	       && (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 || strcmp(address, "unix:") == 0);
}

static bool refuse(struct request *request)
{
	error_answer(request, 401, "invalid credentials");
	response_header(request, "WWW-Authenticate", "Basic realm=\"bailleur\", charset=\"UTF-8\"");
	return false;
}

/*
 * Do the credentials belong to this row? An unknown key costs the same work as a wrong secret. The key is compared
 * again because a collation may be more generous than a credential can be.
 */
static bool is_genuine(const struct credentials *credentials, const struct client *client, bool found)
{
	static const uint8_t nobody[SECRET_HASH];
	uint8_t hash[SECRET_HASH];
	secret_hash(credentials->secret, hash);
	bool same = secret_compare(hash, found ? client->secret_hash : nobody, SECRET_HASH) == 0;
	return same && found && strcmp(client->auth_key, credentials->key) == 0 && !client->disabled;
}

static bool check_client(struct app *app, struct request *request)
{
	struct credentials credentials;
	if (credentials_read(request, &credentials) != 0)
		return refuse(request);
	struct client client = {0};
	enum db_status status = client_by_key(app->db, request->pool, credentials.key, &client);
	if (status != DB_OK && status != DB_NONE) {
		error_database(request, app->db, status, "client-by-key");
		return false;
	}
	if (!is_genuine(&credentials, &client, status == DB_OK))
		return refuse(request);
	app->client = client;
	return true;
}

static bool check_rate(struct app *app, struct request *request)
{
	const struct client *client = &app->client;
	struct rate_answer rate = rate_take(app->rates, client->id, client->rate > 0 ? client->rate : 1,
	                                    client->burst > 0 ? client->burst : 1, clock_mono_us());
	if (!rate.allowed)
		error_answer(request, 429, "too many requests");
	header_u32(request, "RateLimit-Limit", rate.limit);
	header_u32(request, "RateLimit-Remaining", rate.remaining);
	header_u32(request, "RateLimit-Reset", rate.reset);
	if (!rate.allowed)
		header_u32(request, "Retry-After", rate.retry_after);
	return rate.allowed;
}

bool guard_check(struct app *app, struct request *request)
{
	unsigned require = request->route->require;
	app->client = (struct client){0};
	if ((require & REQUIRE_LOCAL) && !is_local(request->remote_addr)) {
		error_answer(request, 404, "not found");
		return false;
	}
	if (require & REQUIRE_CLIENT)
		return check_client(app, request) && check_rate(app, request);
	return true;
}
