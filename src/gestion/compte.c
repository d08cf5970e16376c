/*
 * A tenant's statement of account.
 */
#include "gestion/compte.h"

#include <string.h>

#include "access/error.h"
#include "gestion/fields.h"
#include "gestion/form.h"
#include "gestion/paper.h"

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
	const char *when = paper_period(paper);

	paper->file = pool_printf(pool, "compte-%s.pdf", jour_sql(paper->to, day));
	paper->mail.type = "compte";
	paper->mail.objet = pool_printf(pool, "Compte du locataire %s", when);
	paper->mail.message = paper_letter(paper, pool_printf(pool, "votre compte %s", when));
	paper->mail.montant_final = solde;
	paper->mail.description = pool_printf(pool, "Compte %s. Montant final: %s€.", when,
	                                      montant_text(solde, amount));
	paper->sent_message = "Un email avec le compte a été envoyé à votre locataire.";
}

void compte_answer(struct app *app, struct request *request)
{
	struct paper paper = {.app = app, .request = request};
	struct compte_statement statement = {.made_on = jour_today()};
	struct quittance_line *lines = NULL;
	bool mails = request->n_captures > 2;

	if (!paper_dossier(app, request, &paper.dossier) || !read_account_period(&paper) ||
	    (mails && !paper_has_address(&paper)))
		return;
	statement.parties = paper.dossier.parties;
	statement.from = paper.from;
	statement.to = paper.to;
	statement.n_lines = dossier_lines(request->pool, &paper.dossier, paper.from, paper.to, &lines,
	                                  &statement.solde);
	statement.lines = lines;
	if (!mails && request->n_captures > 1 && strcmp(request->capture[1], "data") == 0) {
		answer_data(&paper, &statement);
		return;
	}
	describe_compte(&paper, statement.solde);
	paper_finish(&paper, compte_pdf(&statement, &paper.pdf) == 0, mails);
}
