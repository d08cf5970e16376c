/*
 * Logging a landlord in.
 */
#include "gestion/login.h"

#include "access/error.h"
#include "access/guard.h"
#include "access/login.h"
#include "base/jour.h"
#include "domain/mot_de_passe.h"

static void answer_begin(struct json_out *json, bool auth, const char *code, const char *message)
{
	json_object(json);
	json_kbool(json, "auth", auth);
	json_kstr(json, "Code", code);
	json_kstr(json, "Message", message);
}

static void refuse(struct request *request, const char *code, const char *message)
{
	struct json_out *json = response_json(request, 200);

	answer_begin(json, false, code, message);
	json_object_end(json);
}

static void answer_user(struct request *request, const struct user *user)
{
	struct json_out *json = response_json(request, 200);
	bool premium = guard_is_premium(user);

	if (premium)
		answer_begin(json, true, "0", "Bienvenue!");
	else
		answer_begin(json, false, "-3", "Bienvenue! Vous disposez d'un accès gratuit.");
	json_kstr(json, "userid", pool_printf(request->pool, "%llu", (unsigned long long)user->id));
	if (user->premium_end != 0)
		json_kstr(json, "premium_end", jour_paris_iso(request->pool, user->premium_end));
	if (user->premium_offer != NULL)
		json_kstr(json, "premium_offer", user->premium_offer);
	json_kstr(json, "username", user->username);
	json_kstr(json, "last_name", user->last_name);
	json_kstr(json, "first_name", user->first_name);
	json_object_end(json);
}

void gestion_login(struct app *app, struct request *request)
{
	const char *login = NULL, *password = NULL;
	struct user user = {0};
	uint32_t retry_after = 0;
	enum db_status status;

	params_text(&request->params, "username", LOGIN_CHARS_MAX, &login);
	params_text(&request->params, "password", MOT_DE_PASSE_MAX, &password);
	if (login == NULL) {
		refuse(request, "-1", LOGIN_UNKNOWN_MESSAGE);
		return;
	}
	status = user_by_login(app->db, request->pool, login, &user);
	if (status != DB_OK && status != DB_NONE) {
		error_gestion_database(request, app->db, status, "login");
		return;
	}
	switch (login_check(app, request->pool, login, password != NULL ? password : "", request->remote_addr,
	                    status == DB_OK ? &user : NULL, &retry_after)) {
	case LOGIN_OK:
		answer_user(request, &user);
		break;
	case LOGIN_UNKNOWN:
		refuse(request, "-1", LOGIN_UNKNOWN_MESSAGE);
		break;
	case LOGIN_WRONG:
		refuse(request, "-2", LOGIN_WRONG_MESSAGE);
		break;
	case LOGIN_LIMITED:
		error_gestion_http(request, 429, "");
		response_header(request, "Retry-After", pool_printf(request->pool, "%u", retry_after));
		break;
	}
}
