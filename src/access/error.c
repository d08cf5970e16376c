/*
 * Errors as every client of /v1 knows them. What went wrong inside is for the log, never for the answer.
 */
#include "access/error.h"

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

void error_database(struct request *request, struct db *db, enum db_status status, const char *what)
{
	const char *detail = db_error(db);
	log_event(LOG_LEVEL_ERROR, "database", "what", what, "outcome", db_status_name(status),
	          "error", detail != NULL ? detail : "", NULL);
	error_answer(request, 500, "internal server error");
}
