/*
 * Errors as every client of /v1 knows them. What went wrong inside is for the log, never for the answer.
 */
#include "access/error.h"

#include <string.h>

#include "base/log.h"

void error_answer(struct request *request, unsigned status, const char *message)
{
	struct json_out *json = response_json(request, status);
	json_object(json);
	json_ku64(json, "status", status);
	json_kstr(json, "message", message);
	json_object_end(json);
}

void error_invalid(struct request *request, const char *name)
{
	error_answer(request, 400, pool_printf(request->pool, "invalid %s", name));
}

static void log_database(struct db *db, enum db_status status, const char *what)
{
	const char *detail = db_error(db);
	log_event(LOG_LEVEL_ERROR, "database", "what", what, "outcome", db_status_name(status),
	          "error", detail != NULL ? detail : "", NULL);
}

void error_database(struct request *request, struct db *db, enum db_status status, const char *what)
{
	log_database(db, status, what);
	error_answer(request, 500, "internal server error");
}

void error_gestion(struct request *request, unsigned status, int code, const char *message)
{
	struct json_out *json = response_json(request, status);
	json_object(json);
	json_kbool(json, "result", false);
	json_ki64(json, "code", code);
	json_kstr(json, "message", message);
	json_object_end(json);
}

static const char *http_message(struct request *request, unsigned status, const char *detail)
{
	static const char invalid[] = "invalid ";

	switch (status) {
	case 400:
		if (strncmp(detail, invalid, sizeof invalid - 1) == 0)
			return pool_printf(request->pool, "Paramètre invalide : %s", detail + sizeof invalid - 1);
		return "Requête incorrecte.";
	case 403:
		return "Clé d'API manquante ou invalide.";
	case 404:
		return "Adresse inconnue.";
	case 409:
		return "Une requête avec la même clé d'idempotence est en cours.";
	case 413:
		return "Requête trop volumineuse.";
	case 422:
		return "Cette clé d'idempotence a déjà servi à une autre requête.";
	case 429:
		return "Trop de tentatives. Réessayez plus tard.";
	default:
		return status >= 500 ? "Erreur interne du serveur. Réessayez plus tard." : "Requête incorrecte.";
	}
}

void error_gestion_http(struct request *request, unsigned status, const char *detail)
{
	error_gestion(request, status, (int)status, http_message(request, status, detail));
}

void error_gestion_database(struct request *request, struct db *db, enum db_status status, const char *what)
{
	log_database(db, status, what);
	error_gestion_http(request, 500, "");
}
