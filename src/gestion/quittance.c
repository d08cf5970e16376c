/*
 * Papers for a tenant: answered as a PDF or as data, or queued as a mail with the PDF attached.
 *
 * A mail is queued in one transaction with what the landlord sees of it; the PDF is made before, once, and stored with the
 * message: what is sent is what was decided here, whenever the sender gets to it.
 */
#include "gestion/quittance.h"

#include <string.h>

#include "access/app.h"
#include "access/error.h"
#include "access/once.h"
#include "base/clock.h"
#include "domain/address.h"
#include "gestion/dossier.h"
#include "gestion/fields.h"
#include "gestion/form.h"
#include "store/attachment.h"
#include "store/outbox.h"
#include "store/tenant_mail.h"

/* One paper in the making. */
struct paper {
	struct app *app;
	struct request *request;
	struct dossier dossier;
	jour from, to, solde_from;
	bool with_solde;
	struct text pdf;
	const char *file;               /* its name */
	struct tenant_mail mail;        /* when it is to be mailed */
	const char *sent_message;       /* the answer then */
};

/* Loads the tenant of the path. False: answered. */
static bool load(struct paper *paper)
{
	struct oid id;
	enum db_status status = path_oid(paper->request, 0, &id) == 0 ? DB_OK : DB_NONE;

	if (status == DB_OK)
		status = dossier_load(paper->app->db, paper->request->pool, &paper->app->user, &id, &paper->dossier);
	if (status == DB_OK)
		return true;
	if (status == DB_NONE)
		path_refused(paper->request, "locataireId");
	else
		error_gestion_database(paper->request, paper->app->db, status, "dossier");
	return false;
}

/* Reads the dates of a quittance. False: answered. */
static bool read_period(struct paper *paper)
{
	struct fields fields = {.request = paper->request};
	const struct bail *bail = &paper->dossier.bail;
	jour today = jour_today();
	const char *ignore = NULL;

	paper->from = jour_first_of_month(today);
	paper->to = jour_last_of_month(today);
	paper->solde_from = jour_first_of_month(bail->entry);
	field_jour(&fields, "startDate", "Date de début", false, &paper->from);
	field_jour(&fields, "endDate", "Date de fin", false, &paper->to);
	field_jour(&fields, "startSolde", "Date de début du solde", false, &paper->solde_from);
	if (field_text(&fields, "ignoreSolde", "Ignorer le solde", false, 10, &ignore) == FIELD_GIVEN)
		paper->with_solde = strcmp(ignore, "off") == 0;
	if (fields.errors.len == 0 && (paper->to < paper->from || paper->to < bail->entry ||
	                               (bail->quit != JOUR_NONE && paper->from > bail->quit)))
		field_invalid(&fields, "Date de fin");
	return !fields_refused(&fields);
}

static void answer_pdf(struct paper *paper)
{
	struct request *request = paper->request;
	struct text *body = response_text(request, 200, "application/pdf");

	text_add(body, paper->pdf.data, paper->pdf.len);
	response_header(request, "Content-Disposition", pool_printf(request->pool, "inline; filename=\"%s\"", paper->file));
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

/* Can the tenant get mail? False: answered. */
static bool has_email(struct paper *paper)
{
	const char *email = paper->dossier.locataire.email;

	if (email != NULL && address_email(paper->request->pool, email) != NULL)
		return true;
	error_gestion(paper->request, 200, GESTION_NO_EMAIL,
	              "Message non envoyé. Vous devez renseigner une adresse email pour votre locataire.");
	return false;
}

/* `du 01/12/2016 au 31/12/2016` */
static const char *period(struct pool *pool, jour from, jour to)
{
	char begin[JOUR_SIZE], end[JOUR_SIZE];

	return pool_printf(pool, "du %s au %s", jour_french(from, begin), jour_french(to, end));
}

static const char *letter(struct pool *pool, const struct dossier *d, const char *what)
{
	return pool_printf(pool, "Bonjour %s,\n\nVeuillez trouver ci-joint, au format PDF, %s concernant le logement que vous louez :\n"
	                   "%s\n\nCordialement,\n%s", d->parties.locataire_name, what, d->parties.logement, d->parties.bailleur_name);
}

static void finish(struct paper *paper, bool made, bool mails)
{
	if (!made)
		error_gestion_http(paper->request, 500, "");
	else if (mails)
		send_mail(paper);
	else
		answer_pdf(paper);
	text_free(&paper->pdf);
}

static void describe_quittance(struct paper *paper, const struct quittance *q)
{
	struct pool *pool = paper->request->pool;
	char begin[JOUR_SIZE], end[JOUR_SIZE], amount[MONTANT_SIZE];
	const char *when = period(pool, paper->from, paper->to), *title = quittance_title_text(quittance_title(&q->total));

	paper->file = pool_printf(pool, "quittance-%s-%s.pdf", jour_sql(paper->from, begin), jour_sql(paper->to, end));
	paper->mail.type = "quittance";
	paper->mail.objet = pool_printf(pool, "%s %s", title, when);
	paper->mail.message = letter(pool, &paper->dossier, pool_printf(pool, "le document « %s » %s", title, when));
	paper->mail.montant_final = quittance_final(q);
	paper->mail.description = pool_printf(pool, "Quittance %s. Montant final: %s€.", when,
	                                      montant_text(paper->mail.montant_final, amount));
	paper->sent_message = "Un email avec la quittance a été envoyé à votre locataire.";
}

void quittance_answer(struct app *app, struct request *request)
{
	struct paper paper = {.app = app, .request = request};
	struct quittance q;
	struct quittance_line *lines = NULL;
	bool mails = request->n_captures > 1;

	if (!load(&paper) || !read_period(&paper) || (mails && !has_email(&paper)))
		return;
	q = (struct quittance){.parties = paper.dossier.parties, .from = paper.from, .to = paper.to, .made_on = jour_today(),
	                       .has_solde = paper.with_solde};
	q.total = compte_period(&paper.dossier.bail, paper.dossier.paiements, paper.dossier.n_paiements, paper.from, paper.to);
	if (q.has_solde)
		q.n_lines = dossier_lines_before(request->pool, &paper.dossier, paper.solde_from, paper.from, &lines, &q.previous);
	q.lines = lines;
	describe_quittance(&paper, &q);
	finish(&paper, quittance_pdf(&q, &paper.pdf) == 0, mails);
}

static void write_compte(struct app *app, struct request *request, const struct dossier *d,
                         const struct declaration *declarations, size_t n_declarations,
                         const struct compte_statement *statement)
{
	struct form form = {
		.json = response_json(request, 200),
		.pool = request->pool,
		.user_id = pool_printf(request->pool, "%llu", (unsigned long long)app->user.id),
		.maps_key = app->settings->maps_key
	};

	json_object(form.json);
	json_kbool(form.json, "result", true);
	json_key(form.json, "locataire");
	form_locataire(&form, &d->locataire);
	json_key(form.json, "immeuble");
	form_immeuble_embedded(&form, &d->immeuble, declarations, n_declarations);
	json_kmontant(form.json, "amount", statement->solde);
	json_key(form.json, "lines");
	json_array(form.json);
	for (size_t i = 0; i < statement->n_lines; i++) {
		json_object(form.json);
		json_ki64(form.json, "time", jour_midnight(statement->lines[i].date));
		json_kmontant(form.json, "montant", statement->lines[i].amount);
		json_kstr(form.json, "description", statement->lines[i].description);
		json_kbool(form.json, "positive", statement->lines[i].positive);
		json_object_end(form.json);
	}
	json_array_end(form.json);
	json_ki64(form.json, "code", GESTION_OK);
	json_object_end(form.json);
}

static void answer_data(struct paper *paper, const struct compte_statement *statement)
{
	struct declaration *declarations;
	size_t n;
	enum db_status status = declarations_of_immeuble(paper->app->db, paper->request->pool, paper->app->user.id,
	                                                 &paper->dossier.immeuble.id, &declarations, &n);

	if (status != DB_OK)
		error_gestion_database(paper->request, paper->app->db, status, "compte");
	else
		write_compte(paper->app, paper->request, &paper->dossier, declarations, n, statement);
}

/* The account runs from the month of entry to today, unless startSolde and endDate say otherwise. False: answered. */
static bool read_account_period(struct paper *paper)
{
	struct fields fields = {.request = paper->request};

	paper->from = jour_first_of_month(paper->dossier.bail.entry);
	paper->to = jour_today();
	field_jour(&fields, "startSolde", "Date de début du solde", false, &paper->from);
	field_jour(&fields, "endDate", "Date de fin", false, &paper->to);
	if (paper->request->n_captures > 1 && strcmp(paper->request->capture[1], "data") != 0 &&
	    strcmp(paper->request->capture[1], "pdf") != 0)
		field_invalid(&fields, "Mode");
	return !fields_refused(&fields);
}

static void describe_compte(struct paper *paper, montant solde)
{
	struct pool *pool = paper->request->pool;
	char day[JOUR_SIZE], amount[MONTANT_SIZE];
	const char *when = period(pool, paper->from, paper->to);

	paper->file = pool_printf(pool, "compte-%s.pdf", jour_sql(paper->to, day));
	paper->mail.type = "compte";
	paper->mail.objet = pool_printf(pool, "Compte du locataire %s", when);
	paper->mail.message = letter(pool, &paper->dossier, pool_printf(pool, "votre compte %s", when));
	paper->mail.montant_final = solde;
	paper->mail.description = pool_printf(pool, "Compte %s. Montant final: %s€.", when, montant_text(solde, amount));
	paper->sent_message = "Un email avec le compte a été envoyé à votre locataire.";
}

void compte_answer(struct app *app, struct request *request)
{
	struct paper paper = {.app = app, .request = request};
	struct compte_statement statement = {.made_on = jour_today()};
	struct quittance_line *lines = NULL;
	bool mails = request->n_captures > 2;

	if (!load(&paper) || !read_account_period(&paper) || (mails && !has_email(&paper)))
		return;
	statement.parties = paper.dossier.parties;
	statement.from = paper.from;
	statement.to = paper.to;
	statement.n_lines = dossier_lines(request->pool, &paper.dossier, paper.from, paper.to, &lines, &statement.solde);
	statement.lines = lines;
	if (!mails && request->n_captures > 1 && strcmp(request->capture[1], "data") == 0) {
		answer_data(&paper, &statement);
		return;
	}
	describe_compte(&paper, statement.solde);
	finish(&paper, compte_pdf(&statement, &paper.pdf) == 0, mails);
}

static void write_named(struct json_out *json, const char *key, const struct oid *id, const char *name)
{
	json_key(json, key);
	json_object(json);
	form_oid(json, "id", id);
	json_kstr(json, "name", name != NULL ? name : "");
	json_object_end(json);
}

static void write_email(struct json_out *json, const char *user_id, const struct tenant_mail *mail, const struct dossier *d)
{
	struct form form = {.json = json};

	json_object(json);
	json_kstr(json, "user_id", user_id);
	json_kinstant(json, "sentOn", mail->sent_on);
	json_kstr(json, "to", mail->to);
	json_kstr(json, "objet", mail->objet);
	json_kstr(json, "message", mail->message);
	write_named(json, "immeuble", &d->immeuble.id, d->immeuble.name);
	write_named(json, "bien", &d->bien.id, d->bien.nom);
	json_key(json, "locataire");
	form_locataire_short(&form, &d->locataire.id, d->locataire.nom, d->locataire.prenom);
	json_kmontant(json, "montant", mail->montant_final);
	json_kstr(json, "type", mail->type);
	json_kstr(json, "description", mail->description);
	form_oid(json, "id", &mail->id);
	json_object_end(json);
}

void emails_answer(struct app *app, struct request *request)
{
	struct paper paper = {.app = app, .request = request};
	const char *user_id = pool_printf(request->pool, "%llu", (unsigned long long)app->user.id);
	struct tenant_mail *mails;
	struct json_out *json;
	enum db_status status;
	size_t n;

	if (!load(&paper))
		return;
	status = tenant_mail_list(app->db, request->pool, app->user.id, &paper.dossier.locataire.id, &mails, &n);
	if (status != DB_OK) {
		error_gestion_database(request, app->db, status, "emails");
		return;
	}
	json = response_json(request, 200);
	json_object(json);
	json_key(json, "emails");
	json_array(json);
	for (size_t i = 0; i < n; i++)
		write_email(json, user_id, &mails[i], &paper.dossier);
	json_array_end(json);
	json_kbool(json, "result", true);
	json_ki64(json, "code", GESTION_OK);
	json_kstr(json, "message", "");
	json_object_end(json);
}
