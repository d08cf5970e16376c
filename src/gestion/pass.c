/*
 * A landlord has forgotten the password.
 */
#include "gestion/pass.h"

#include "access/error.h"
#include "access/forgotten.h"
#include "access/login.h"

static void answer(struct request *request, bool pass, const char *code, const char *message)
{
	struct json_out *json = response_json(request, 200);

	json_object(json);
	json_kbool(json, "pass", pass);
	json_kstr(json, "Code", code);
	json_kstr(json, "message", message);
	json_object_end(json);
}

void gestion_pass(struct app *app, struct request *request)
{
	const char *login = NULL;
	uint32_t retry_after = 0;
	enum param_result result = params_text(&request->params, "email", LOGIN_CHARS_MAX, &login);
	enum db_status status;

	if (result == PARAM_ABSENT)
		result = params_text(&request->params, "username", LOGIN_CHARS_MAX, &login);
	if (result != PARAM_OK || text_is_blank(login)) {
		answer(request, false, "-21", "Indiquez votre adresse e-mail.");
		return;
	}
	status = forgotten_ask(app, request->pool, login, request->remote_addr, &retry_after);
	if (status != DB_OK) {
		error_gestion_database(request, app->db, status, "pass");
	} else if (retry_after != 0) {
		error_gestion_http(request, 429, "");
		response_header(request, "Retry-After", pool_printf(request->pool, "%u", retry_after));
	} else {
		answer(request, true, "0",
		       "Vous allez recevoir un email qui va vous permettre de réinitialiser votre mot de passe.!");
	}
}
