/*
 * Every route of the product, what each requires, and how each family of paths tells an error.
 */
#include "routes.h"

#include "access/error.h"
#include "access/guard.h"
#include "communication/list.h"
#include "communication/report.h"
#include "communication/send.h"
#include "gestion/compte.h"
#include "gestion/emails.h"
#include "gestion/login.h"
#include "gestion/pass.h"
#include "gestion/quittance.h"
#include "gestion/read.h"
#include "gestion/write.h"
#include "pages/operator.h"
#include "pages/page.h"
#include "pages/reset.h"
#include "pages/unsubscribe.h"
#include "rendezvous/appointment.h"

/* The documents' clients read with POST, since credentials travel in a body; a GET that carries them does as well. */
enum { READ = HTTP_GET | HTTP_POST };

/* Landlords' apps read more than they write: an answer is kept, or the next request is near one that is. */
enum { NEAR = ROUTE_EXPRESS, KEPT = ROUTE_AT_ONCE | NEAR };

/* Many clients send one message after the other. */
enum { SEND = ROUTE_BATCH | ROUTE_TOGETHER };

static const struct route ROUTES[] = {
	{HTTP_POST, "/v1/send_email", send_email, REQUIRE_CLIENT, SEND},
	{HTTP_POST, "/v1/send_sms", send_sms, REQUIRE_CLIENT, SEND},
	{HTTP_POST, "/v1/messages", send_message, REQUIRE_CLIENT, SEND},
	{HTTP_GET, "/v1/messages", list_messages, REQUIRE_CLIENT, 0},
	{HTTP_GET | HTTP_POST, "/v1/messages_status", list_status, REQUIRE_CLIENT, 0},
	{HTTP_GET, "/v1/unsubscribes", list_unsubscribes, REQUIRE_CLIENT, 0},
	{HTTP_POST, "/v1/appointments", appointments_create, REQUIRE_CLIENT, ROUTE_BATCH},
	{HTTP_GET, "/v1/appointments", appointments_list, REQUIRE_CLIENT, 0},
	{HTTP_POST, "/v1/appointments/:id", appointments_change, REQUIRE_CLIENT, 0},
	{HTTP_POST, "/v1/appointments/:id/approve", appointments_approve, REQUIRE_CLIENT, 0},
	{HTTP_POST, "/v1/appointments/:id/cancel", appointments_cancel, REQUIRE_CLIENT, 0},
	{HTTP_GET | HTTP_POST, "/hooks/sms/:token", report_sms, 0, 0},
	{HTTP_GET, "/u/:token", unsubscribe_ask, 0, ROUTE_RAW_FAULT},
	{HTTP_POST, "/u/:token", unsubscribe_do, 0, ROUTE_RAW_FAULT},
	{HTTP_GET, "/reset/:token", reset_ask, 0, 0},
	{HTTP_POST, "/reset/:token", reset_do, 0, 0},
	{READ, "/api/login", gestion_login, REQUIRE_APP_KEY, 0},
	{HTTP_POST, "/api/pass", gestion_pass, REQUIRE_APP_KEY, 0},
	{READ, "/api/gestion/2/immeubles", read_immeubles, REQUIRE_USER, KEPT},
	{READ, "/api/gestion/2/immeuble/:immeubleId?", read_immeuble, REQUIRE_USER, KEPT},
	{READ, "/api/gestion/2/bien/:bienId?", read_bien, REQUIRE_USER, KEPT},
	{READ, "/api/gestion/2/locataires/:id?", read_locataires, REQUIRE_USER, KEPT},
	{READ, "/api/gestion/2/locataires/:id/:limit?", read_locataires, REQUIRE_USER, KEPT},
	{READ, "/api/gestion/2/locataire/:locataireId?", read_locataire, REQUIRE_USER, KEPT},
	{READ, "/api/gestion/2/operations/:immeubleId?", read_operations, REQUIRE_USER, KEPT},
	{READ, "/api/gestion/2/operations/:immeubleId/:limit?", read_operations, REQUIRE_USER, KEPT},
	{READ, "/api/gestion/2/ventilationLoyer/:locataireId?", ventilation_loyer, REQUIRE_USER, NEAR},
	{READ, "/api/gestion/2/ventilationLoyer/:locataireId/:montantTotal?", ventilation_loyer, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/saveOperation/:immeubleId?", save_operation, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/saveOperation/:immeubleId/:operationId?", save_operation, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/saveLocataire/:bienId?", save_locataire, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/saveLocataire/:bienId/:locataireId?", save_locataire, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/setLocataireGone/:locataireId?", set_locataire_gone, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/markOperationPaid/:operationId?", mark_operation_paid, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/markOperationUnPaid/:operationId?", mark_operation_unpaid, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/deleteOperation/:operationId?", delete_operation, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/quittance/:locataireId?", quittance_answer, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/quittance/:locataireId/:mail?", quittance_answer, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/compteLocataire/:locataireId?", compte_answer, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/compteLocataire/:locataireId/:mode?", compte_answer, REQUIRE_USER, NEAR},
	{HTTP_POST, "/api/gestion/2/compteLocataire/:locataireId/:mode/:mail?", compte_answer, REQUIRE_USER, NEAR},
	{READ, "/api/gestion/2/emails/:locataireId?", emails_answer, REQUIRE_USER, NEAR},
	{HTTP_GET, "/health", operator_health, REQUIRE_LOCAL, 0},
	{HTTP_GET, "/metrics", operator_metrics, REQUIRE_LOCAL, 0},
};

static const struct route_family FAMILIES[] = {
	{"/api/", error_gestion_http},
	{"/u/", page_error},
	{"/reset/", page_error},
	{"", error_answer},
};

const struct router routes_router = {
	.routes = ROUTES,
	.n_routes = sizeof ROUTES / sizeof ROUTES[0],
	.families = FAMILIES,
	.guard = guard_check,
	.guard_unfit = guard_check_unfit,
};
