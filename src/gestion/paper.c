/*
 * A paper's two ways out.
 *
 * A mail is queued in one transaction with what the landlord sees of it; the PDF is made before, once, and stored with
 * the message: what is sent is what was decided here, whenever the sender gets to it.
 */
#include "gestion/paper.h"

#include "access/error.h"
#include "access/once.h"
#include "base/clock.h"
#include "domain/address.h"
#include "gestion/fields.h"
#include "store/attachment.h"
#include "store/outbox.h"

bool paper_dossier(struct app *app, struct request *request, struct dossier *dossier_r)
{
	struct oid id;
	enum db_status status = path_oid(request, 0, &id) == 0 ? DB_OK : DB_NONE;

	if (status == DB_OK)
		status = dossier_load(app->db, request->pool, &app->user, &id, dossier_r);
	if (status == DB_OK)
		return true;
	if (status == DB_NONE)
		path_refused(request, "locataireId");
	else
		error_gestion_database(request, app->db, status, "dossier");
	return false;
}

bool paper_has_address(struct paper *paper)
{
	const char *email = paper->dossier.locataire.email;

	if (email != NULL && address_email(paper->request->pool, email) != NULL)
		return true;
	error_gestion(paper->request, 200, GESTION_NO_EMAIL,
	              "Message non envoyé. Vous devez renseigner une adresse email pour votre locataire.");
	return false;
}

const char *paper_period(const struct paper *paper)
{
	char begin[JOUR_SIZE], end[JOUR_SIZE];

	return pool_printf(paper->request->pool, "du %s au %s", jour_french(paper->from, begin),
	                   jour_french(paper->to, end));
}

const char *paper_letter(const struct paper *paper, const char *what)
{
	const struct quittance_parties *parties = &paper->dossier.parties;

	return pool_printf(paper->request->pool,
	                   "Bonjour %s,\n\nVeuillez trouver ci-joint, au format PDF, %s concernant le logement que "
	                   "vous louez\u00a0:\n%s\n\nCordialement,\n%s", parties->locataire_name, what,
	                   parties->logement, parties->bailleur_name);
}

static void answer_pdf(struct paper *paper)
{
	struct request *request = paper->request;
	struct text *body = response_text(request, 200, "application/pdf");

	text_add(body, paper->pdf.data, paper->pdf.len);
	response_header(request, "Content-Disposition", pool_printf(request->pool, "inline; filename=\"%s\"",
	                                                            paper->file));
	response_header(request, "Cache-Control", "private, no-store");
}

/* The message, its attachment, and what the landlord's list of mails shows: together or not at all. */
static enum db_status queue_mail(struct db *db, void *arg)
{
	struct paper *paper = arg;
	struct request *request = paper->request;
	struct outbox_lifetime lifetime = {paper->app->settings->expire_mail, paper->app->settings->expire_sms};
	struct attachment attachment = {paper->file, "application/pdf", paper->pdf.data, paper->pdf.len};
	struct outbox_message message = {
		.channel = CHANNEL_EMAIL,
		.email = paper->mail.to,
		.email_to = address_email(request->pool, paper->mail.to),
		.email_subject = paper->mail.objet,
		.email_content = paper->mail.message,
		.email_originator = paper->dossier.parties.bailleur_name,
		.force_sending = true
	};
	uint64_t client;
	enum db_status status = tenant_mail_client(db, &client);
	struct json_out *json;

	if (status == DB_OK)
		status = outbox_queue_in(db, client, &lifetime, &message, 1);
	if (status == DB_OK)
		status = attachment_add(db, message.id, &attachment, 1);
	if (status == DB_OK)
		status = tenant_mail_add(db, request->pool, paper->app->user.id, message.id, &paper->mail);
	if (status != DB_OK)
		return status == DB_NONE ? DB_BUG : status;
	json = response_json(request, 200);
	json_object(json);
	json_kbool(json, "result", true);
	json_ki64(json, "code", GESTION_OK);
	json_kstr(json, "message", paper->sent_message);
	json_object_end(json);
	return DB_OK;
}

static void send_mail(struct paper *paper)
{
	struct request *request = paper->request;
	struct once once = {
		.db = paper->app->db,
		.request = request,
		.owner = pool_printf(request->pool, "u%llu", (unsigned long long)paper->app->user.id),
		.work = queue_mail,
		.arg = paper,
		.error = error_gestion_http
	};
	enum db_status status;

	if (!once_key_is_valid(request)) {
		error_gestion_http(request, 400, "invalid Idempotency-Key");
		return;
	}
	paper->mail.id = oid_new();
	paper->mail.locataire_id = paper->dossier.locataire.id;
	paper->mail.to = paper->dossier.locataire.email;
	paper->mail.sent_on = clock_now_ms();
	status = once_run(&once);
	if (status != DB_OK)
		error_gestion_database(request, paper->app->db, status, "mail");
}

void paper_finish(struct paper *paper, bool made, bool mails)
{
	if (!made)
		error_gestion_http(paper->request, 500, "");
	else if (mails)
		send_mail(paper);
	else
		answer_pdf(paper);
	text_free(&paper->pdf);
}
