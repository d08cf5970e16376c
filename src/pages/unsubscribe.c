/*
 * The page behind the unsubscribe link. Whoever holds the link may use it, so it shows the address only masked: a mail
 * that is forwarded does not tell its recipient's address to the next reader.
 */
#include "pages/unsubscribe.h"

#include "access/error.h"
#include "base/log.h"
#include "domain/mask.h"
#include "domain/token.h"
#include "pages/page.h"
#include "store/unsubscribe.h"

static void show(struct request *request, bool done, const struct delivery_target *target)
{
	bool mail = target->channel == DELIVERY_MAIL;
	struct pool *pool = request->pool;
	const struct template_value values[] = {
		{"title", done ? "Désinscription enregistrée" : "Se désinscrire"},
		{"ask", done ? NULL : "1"},
		{"done", done ? "1" : NULL},
		{"mail", mail ? "1" : NULL},
		{"address", mail ? mask_email(pool, target->recipient) : mask_phone(pool, target->recipient)},
		{"client", target->client_name},
	};
	page_answer(request, 200, values, sizeof values / sizeof values[0]);
}

static void fail(struct app *app, struct request *request, enum db_status status, const char *what)
{
	error_database(request, app->db, status, what);
	page_error(request, 500, NULL);
}

/* Finds whom the link is for; answers itself and returns -1 when it is for nobody. */
static int find_target(struct app *app, struct request *request, struct delivery_target *target_r)
{
	uint64_t delivery;
	if (token_verify(app->settings->secret, TOKEN_UNSUBSCRIBE, request->capture[0], &delivery) != 0) {
		page_error(request, 404, NULL);
		return -1;
	}
	enum db_status status = delivery_target(app->db, request->pool, delivery, target_r);
	if (status == DB_OK)
		return 0;
	if (status == DB_NONE)
		page_error(request, 404, NULL);
	else
		fail(app, request, status, "unsubscribe-target");
	return -1;
}

void unsubscribe_ask(struct app *app, struct request *request)
{
	struct delivery_target target;
	if (find_target(app, request, &target) == 0)
		show(request, false, &target);
}

void unsubscribe_do(struct app *app, struct request *request)
{
	struct delivery_target target;
	if (find_target(app, request, &target) != 0)
		return;
	enum db_status status = unsubscribe_add(app->db, target.client_id, target.channel, target.recipient);
	if (status != DB_OK) {
		fail(app, request, status, "unsubscribe-add");
		return;
	}
	log_event(LOG_LEVEL_INFO, "unsubscribed", "client", log_num((int64_t)target.client_id), NULL);
	show(request, true, &target);
}
