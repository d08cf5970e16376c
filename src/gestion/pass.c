/*
 * A landlord has forgotten the password.
 */
#include "gestion/pass.h"

#include <sodium.h>

#include "access/error.h"
#include "access/forgotten.h"
#include "access/login.h"
#include "access/once.h"

struct pass {
	struct app *app;
	struct request *request;
	struct forgotten_ask *ask;
};

static void answer(struct request *request, bool pass, const char *code, const char *message)
{
	struct json_out *json = response_json(request, 200);

	json_object(json);
	json_kbool(json, "pass", pass);
	json_kstr(json, "Code", code);
	json_kstr(json, "message", message);
	json_object_end(json);
}

static enum db_status queue(struct db *db, void *arg)
{
	struct pass *pass = arg;
	struct request *request = pass->request;
	uint32_t retry_after = 0;
	enum db_status status = forgotten_queue(pass->app, request->pool, pass->ask, &retry_after);

	(void)db;
	if (status == DB_OK) {
		answer(request, true, "0",
		       "Vous allez recevoir un email qui va vous permettre de réinitialiser votre mot de passe.!");
	} else if (retry_after != 0) {
		error_gestion_http(request, 429, "");
		response_header(request, "Retry-After", pool_printf(request->pool, "%u", retry_after));
	}
	return status;
}

/* Nobody is logged in: a key belongs to the application that sends it. 96 bits of its hash fit the column. */
static const char *owner(const struct request *request)
{
	enum { PART = 12 };
	uint8_t hash[SECRET_HASH];
	char text[2 * PART + 1];

	secret_hash(request->api_key, hash);
	return pool_printf(request->pool, "k%s", sodium_bin2hex(text, sizeof text, hash, PART));
}

/* Without a key, a commit of unknown outcome is an error: to queue again might be a second mail. */
static enum db_status run(struct pass *pass)
{
	struct request *request = pass->request;
	struct once once = {
		.db = pass->app->db,
		.request = request,
		.owner = owner(request),
		.work = queue,
		.arg = pass,
		.error = error_gestion_http
	};

	return request->idempotency_key != NULL ? once_run(&once) : db_transaction(once.db, queue, pass);
}

void gestion_pass(struct app *app, struct request *request)
{
	struct pass pass = {.app = app, .request = request};
	const char *login = NULL;
	enum param_result result = params_text(&request->params, "email", LOGIN_CHARS_MAX, &login);
	enum db_status status;

	if (!once_key_is_valid(request)) {
		error_gestion_http(request, 400, "invalid Idempotency-Key");
		return;
	}
	if (result == PARAM_ABSENT)
		result = params_text(&request->params, "username", LOGIN_CHARS_MAX, &login);
	if (result != PARAM_OK || text_is_blank(login)) {
		answer(request, false, "-21", "Indiquez votre adresse e-mail.");
		return;
	}
	pass.ask = forgotten_begin(request->pool, login, request->remote_addr);
	status = run(&pass);
	if (status == DB_OK)
		forgotten_asked(app, pass.ask);
	else if (status != DB_NONE)
		error_gestion_database(request, app->db, status, "pass");
}
