/*
 * Who may call a route: the peer's address, the client's key and secret, the client's rate.
 */
#include "access/guard.h"

#include <string.h>

#include "access/app.h"
#include "access/credentials.h"
#include "access/error.h"
#include "access/login.h"
#include "access/memo.h"
#include "access/rate.h"
#include "base/clock.h"
#include "domain/mot_de_passe.h"
#include "domain/premium.h"

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
static bool is_genuine(const struct credentials *credentials, const uint8_t hash[SECRET_HASH],
                       const struct client *client, bool found)
{
	static const uint8_t nobody[SECRET_HASH];
	bool same = secret_compare(hash, found ? client->secret_hash : nobody, SECRET_HASH) == 0;
	return same && found && strcmp(client->auth_key, credentials->key) == 0 && !client->disabled;
}

/* By memory alone. */
static bool is_known(struct app *app, struct request *request, const struct credentials *credentials,
                     uint8_t hash_r[SECRET_HASH], struct client *client_r)
{
	secret_hash(credentials->secret, hash_r);
	return memo_client(app->memo, request->pool, credentials->key, hash_r, clock_mono_us(), client_r);
}

static bool check_client(struct app *app, struct request *request)
{
	struct credentials credentials;
	if (credentials_read(request, &credentials) != 0)
		return refuse(request);
	uint8_t hash[SECRET_HASH];
	if (is_known(app, request, &credentials, hash, &app->client))
		return true;
	struct client client = {0};
	int64_t now = clock_mono_us();
	enum db_status status = client_by_key(app->db, request->pool, credentials.key, &client);
	if (status != DB_OK && status != DB_NONE) {
		error_database(request, app->db, status, "client-by-key");
		return false;
	}
	if (!is_genuine(&credentials, hash, &client, status == DB_OK))
		return refuse(request);
	memo_keep_client(app->memo, &client, now);
	app->client = client;
	return true;
}

static uint32_t at_least_one(uint32_t n)
{
	return n > 0 ? n : 1;
}

/* Not by its number: after a reload the same number may be another client's, in another database. */
static uint64_t key_of(const struct client *client)
{
	return rate_key('c', NULL, client->auth_key, strlen(client->auth_key));
}

/* Takes one of the client's requests, and says in the answer what is left. */
static struct rate_answer take_rate(struct app *app, struct request *request, const struct client *client)
{
	struct rate_answer rate = rate_take(app->rates, key_of(client), at_least_one(client->rate),
	                                    at_least_one(client->burst), clock_mono_us());
	header_u32(request, "RateLimit-Limit", rate.limit);
	header_u32(request, "RateLimit-Remaining", rate.remaining);
	header_u32(request, "RateLimit-Reset", rate.reset);
	return rate;
}

static bool check_rate(struct app *app, struct request *request)
{
	struct rate_answer rate = take_rate(app, request, &app->client);
	if (rate.allowed)
		return true;
	error_answer(request, 429, "too many requests");
	header_u32(request, "Retry-After", rate.retry_after);
	return false;
}

bool guard_recognises_client(struct app *app, struct request *request, struct client *client_r)
{
	struct credentials credentials;
	uint8_t hash[SECRET_HASH];
	return credentials_read(request, &credentials) == 0 && is_known(app, request, &credentials, hash, client_r);
}

bool guard_takes_rate(struct app *app, struct request *request, const struct client *client)
{
	return take_rate(app, request, client).allowed;
}

void guard_returns_rate(struct app *app, const struct client *client)
{
	rate_give_back(app->rates, key_of(client), at_least_one(client->rate));
}

static bool refuse_login(struct request *request, enum login_result result, uint32_t retry_after)
{
	switch (result) {
	case LOGIN_LIMITED:
		error_gestion_http(request, 429, "");
		header_u32(request, "Retry-After", retry_after);
		break;
	case LOGIN_UNKNOWN:
		error_gestion(request, 200, GESTION_UNKNOWN_USER, LOGIN_UNKNOWN_MESSAGE);
		break;
	default:
		error_gestion(request, 200, GESTION_WRONG_PASSWORD, LOGIN_WRONG_MESSAGE);
	}
	return false;
}

bool guard_is_premium(const struct user *user)
{
	return premium_runs(user->premium_end, clock_now_ms());
}

/* What a request of a landlord shows of him. */
struct visitor {
	const char *login, *password;   /* NULL: none */
	uint8_t key_hash[SECRET_HASH];
};

static void read_visitor(const struct request *request, struct visitor *visitor)
{
	*visitor = (struct visitor){0};
	params_text(&request->params, "username", LOGIN_CHARS_MAX, &visitor->login);
	params_text(&request->params, "password", MOT_DE_PASSE_MAX, &visitor->password);
	secret_hash(request->api_key != NULL ? request->api_key : "", visitor->key_hash);
}

/* The key's owner and the account, by memory alone. */
static bool is_remembered(struct app *app, struct pool *pool, const struct visitor *visitor, struct user *user_r)
{
	return visitor->login != NULL && memo_key(app->memo, visitor->key_hash, clock_mono_us()) &&
	       memo_user(app->memo, pool, visitor->login, user_r);
}

bool guard_recognises(struct app *app, struct request *request, struct user *user_r)
{
	struct visitor visitor;

	read_visitor(request, &visitor);
	return visitor.password != NULL && is_remembered(app, request->pool, &visitor, user_r) &&
	       login_is_remembered(app, user_r, visitor.password, request->remote_addr) &&
	       (!app->settings->premium_only || guard_is_premium(user_r));
}

/*
 * One look at the version of an account that is remembered tells whether what it knows still holds; everyone else
 * is looked up whole.
 */
static enum db_status authenticate(struct app *app, struct pool *pool, const struct visitor *visitor,
                                   struct user *user_r, bool *key_ok_r)
{
	bool known = is_remembered(app, pool, visitor, user_r);
	struct version version = {0};
	enum db_status status = known ? user_version_now(app->db, user_r->id, &version) : DB_NONE;

	if (status == DB_OK && version.patrimoine == user_r->version.patrimoine) {
		user_r->version = version;
		app->user_remembered = true;
		*key_ok_r = true;
		return DB_OK;
	}
	if (status != DB_OK && status != DB_NONE)
		return status;
	int64_t now = clock_mono_us();
	status = user_authenticate(app->db, pool, visitor->login != NULL ? visitor->login : "", visitor->key_hash,
	                           user_r, key_ok_r);
	if (*key_ok_r)
		memo_keep_key(app->memo, visitor->key_hash, now);
	if (status == DB_OK && *key_ok_r)
		memo_keep_user(app->memo, user_r);
	return status;
}

static bool check_user(struct app *app, struct request *request)
{
	struct visitor visitor;
	struct user user = {0};
	bool key_ok = false;
	uint32_t retry_after = 0;
	read_visitor(request, &visitor);
	enum db_status status = authenticate(app, request->pool, &visitor, &user, &key_ok);
	if (status != DB_OK && status != DB_NONE) {
		error_gestion_database(request, app->db, status, "user-authenticate");
		return false;
	}
	if (!key_ok) {
		error_gestion_http(request, 403, "");
		return false;
	}
	const char *login = visitor.login, *password = visitor.password;
	if (login == NULL || password == NULL)
		return refuse_login(request, login == NULL ? LOGIN_UNKNOWN : LOGIN_WRONG, 0);
	enum login_result result = login_check(app, request->pool, login, password, request->remote_addr,
	                                       status == DB_OK ? &user : NULL, &retry_after);
	if (result != LOGIN_OK)
		return refuse_login(request, result, retry_after);
	if (app->settings->premium_only && !guard_is_premium(&user)) {
		error_gestion(request, 200, GESTION_FREE_ACCESS, "Votre période premium est terminée.");
		return false;
	}
	app->user = user;
	return true;
}

static bool check_app_key(struct app *app, struct request *request)
{
	uint8_t key_hash[SECRET_HASH];
	secret_hash(request->api_key != NULL ? request->api_key : "", key_hash);
	enum db_status status = devkey_check(app->db, key_hash);
	if (status == DB_OK)
		return true;
	if (status == DB_NONE)
		error_gestion_http(request, 403, "");
	else
		error_gestion_database(request, app->db, status, "devkey-check");
	return false;
}

/* The beginning of every check: nobody is known, and the peer is one of those it is for. */
static bool check_peer(struct app *app, struct request *request)
{
	app->client = (struct client){0};
	app->user = (struct user){0};
	app->user_remembered = false;
	if ((request->route->require & REQUIRE_LOCAL) == 0 || is_local(request->remote_addr))
		return true;
	error_answer(request, 404, "not found");
	return false;
}

bool guard_check(struct app *app, struct request *request)
{
	unsigned require = request->route->require;
	if (!check_peer(app, request))
		return false;
	if (require & REQUIRE_CLIENT)
		return check_client(app, request) && check_rate(app, request);
	if (require & REQUIRE_USER)
		return check_user(app, request);
	if (require & REQUIRE_APP_KEY)
		return check_app_key(app, request);
	return true;
}

bool guard_check_unfit(struct app *app, struct request *request)
{
	unsigned require = request->route->require;
	struct credentials credentials;
	if (!check_peer(app, request))
		return false;
	if (require & REQUIRE_CLIENT)
		return credentials_read(request, &credentials) != 0 ||
		       (check_client(app, request) && check_rate(app, request));
	if (require & (REQUIRE_USER | REQUIRE_APP_KEY))
		return check_app_key(app, request);
	return true;
}
