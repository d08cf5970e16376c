/*
 * Every route of the product, what each requires, and how each family of paths tells an error.
 */
#include "routes.h"

#include "access/error.h"
#include "access/guard.h"
#include "communication/list.h"
#include "communication/report.h"
#include "communication/send.h"
#include "pages/operator.h"
#include "pages/page.h"
#include "pages/unsubscribe.h"

static const struct route ROUTES[] = {
	{HTTP_POST, "/v1/send_email", send_email, REQUIRE_CLIENT, ROUTE_BATCH},
	{HTTP_POST, "/v1/send_sms", send_sms, REQUIRE_CLIENT, ROUTE_BATCH},
	{HTTP_POST, "/v1/messages", send_message, REQUIRE_CLIENT, ROUTE_BATCH},
	{HTTP_GET, "/v1/messages", list_messages, REQUIRE_CLIENT, 0},
	{HTTP_GET | HTTP_POST, "/v1/messages_status", list_status, REQUIRE_CLIENT, 0},
	{HTTP_GET, "/v1/unsubscribes", list_unsubscribes, REQUIRE_CLIENT, 0},
	{HTTP_GET | HTTP_POST, "/hooks/sms/:token", report_sms, 0, 0},
	{HTTP_GET, "/u/:token", unsubscribe_ask, 0, ROUTE_RAW_FAULT},
	{HTTP_POST, "/u/:token", unsubscribe_do, 0, ROUTE_RAW_FAULT},
	{HTTP_GET, "/health", operator_health, REQUIRE_LOCAL, 0},
	{HTTP_GET, "/metrics", operator_metrics, REQUIRE_LOCAL, 0},
};

/* The form of /api; its messages are read by people, in French. */
static void api_error(struct request *request, unsigned status, const char *message)
{
	(void)message;
	struct json_out *json = response_json(request, status);
	json_object(json);
	json_kbool(json, "result", false);
	json_ku64(json, "code", status);
	json_kstr(json, "message", status == 404   ? "Adresse inconnue."
	                           : status >= 500 ? "Erreur interne du serveur. Réessayez plus tard."
	                                           : "Requête incorrecte.");
	json_object_end(json);
}

static const struct route_family FAMILIES[] = {
	{"/api/", api_error},
	{"/u/", page_error},
	{"/reset/", page_error},
	{"", error_answer},
};

const struct router routes_router = {
	.routes = ROUTES,
	.n_routes = sizeof ROUTES / sizeof ROUTES[0],
	.families = FAMILIES,
	.guard = guard_check,
};
