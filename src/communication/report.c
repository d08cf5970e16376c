/*
 * Delivery reports. The token alone says which attempt of which delivery, and nobody can make one: there are no other
 * credentials.
 *
 * `status` is Kannel's dlr type (1 delivered, 2 not delivered, 4 queued at the SMSC, 8 accepted by it, 16 refused by
 * it), or the words `delivered` and `failed` for gateways that speak otherwise. A report that repeats is answered like
 * the first.
 */
#include "communication/report.h"

#include <string.h>

#include "access/error.h"
#include "base/log.h"
#include "domain/token.h"
#include "store/delivery.h"

static const struct report_status {
	const char *status;
	bool final;
	bool delivered;
	const char *detail;
} STATUSES[] = {
	{"1", true, true, "delivered"},
	{"2", true, false, "not delivered"},
	{"4", false, false, NULL},
	{"8", false, false, NULL},
	{"16", true, false, "refused by the operator"},
	{"delivered", true, true, "delivered"},
	{"failed", true, false, "not delivered"},
};

static const struct report_status *find_status(const struct params *params)
{
	const char *status = NULL;
	if (params_text(params, "status", 16, &status) != PARAM_OK)
		return NULL;
	for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++)
		if (strcmp(STATUSES[i].status, status) == 0)
			return &STATUSES[i];
	return NULL;
}

static void accept_report(struct request *request)
{
	struct json_out *json = response_json(request, 200);
	json_object(json);
	json_ku64(json, "status", 200);
	json_object_end(json);
}

void report_sms(struct app *app, struct request *request)
{
	uint64_t delivery, attempt;
	if (token_verify_report(app->settings->secret, request->capture[0], &delivery, &attempt) != 0) {
		error_answer(request, 404, "not found");
		return;
	}
	const struct report_status *report = find_status(&request->params);
	if (report == NULL) {
		error_invalid(request, "status");
		return;
	}
	if (!report->final) {
		accept_report(request);
		return;
	}
	enum db_status status = delivery_report(app->db, delivery, attempt, report->delivered, report->detail);
	if (status == DB_OK)
		accept_report(request);
	else if (status == DB_NONE)
		error_answer(request, 404, "not found");
	else
		error_database(request, app->db, status, "delivery-report");
}
