/*
 * The quittance.
 */
#include "gestion/quittance.h"

#include <string.h>

#include "gestion/fields.h"
#include "gestion/paper.h"

/* The balance that the quittance shows, if any. */
struct solde {
	bool shown;
	jour from;                      /* its first day */
};

/* Reads the dates of a quittance. False: answered. */
static bool read_period(struct paper *paper, struct solde *solde)
{
	struct fields fields = {.request = paper->request};
	const struct bail *bail = &paper->dossier.bail;
	jour today = jour_today();
	const char *ignore = NULL;

	paper->from = jour_first_of_month(today);
	paper->to = jour_last_of_month(today);
	solde->from = jour_first_of_month(bail->entry);
	field_jour(&fields, "startDate", "Date de début", false, &paper->from);
	field_jour(&fields, "endDate", "Date de fin", false, &paper->to);
	field_jour(&fields, "startSolde", "Date de début du solde", false, &solde->from);
	if (field_text(&fields, "ignoreSolde", "Ignorer le solde", false, 10, &ignore) == FIELD_GIVEN)
		solde->shown = strcmp(ignore, "off") == 0;
	if (fields.errors.len == 0 && (paper->to < paper->from || paper->to < bail->entry ||
	                               (bail->quit != JOUR_NONE && paper->from > bail->quit)))
		field_invalid(&fields, "Date de fin");
	return !fields_refused(&fields);
}

/* What the file is called, by its title. */
static const char *const FILES[] = {
	[QUITTANCE_AVIS] = "avis-echeance", [QUITTANCE_PARTIEL] = "recu", [QUITTANCE_LOYER] = "quittance",
};

static void describe_quittance(struct paper *paper, const struct quittance *q)
{
	struct pool *pool = paper->request->pool;
	char begin[JOUR_SIZE], end[JOUR_SIZE], amount[MONTANT_SIZE];
	const char *when = paper_period(paper), *title = quittance_title_text(q->title);

	paper->file = pool_printf(pool, "%s-%s-%s.pdf", FILES[q->title], jour_sql(paper->from, begin),
	                          jour_sql(paper->to, end));
	paper->mail.type = "quittance";
	paper->mail.objet = pool_printf(pool, "%s %s", title, when);
	paper->mail.message = paper_letter(paper, pool_printf(pool, "le document «\u00a0%s\u00a0» %s", title, when));
	paper->mail.montant_final = quittance_final(q);
	paper->mail.description = pool_printf(pool, "Quittance %s. Montant final: %s€.", when,
	                                      montant_text(paper->mail.montant_final, amount));
	paper->sent_message = "Un email avec la quittance a été envoyé à votre locataire.";
}

void quittance_answer(struct app *app, struct request *request)
{
	struct paper paper = {.app = app, .request = request};
	struct solde solde = {0};
	struct quittance q;
	struct quittance_line *lines = NULL;
	bool mails = request->n_captures > 1;

	if (!paper_dossier(app, request, &paper.dossier) || !read_period(&paper, &solde) ||
	    (mails && !paper_has_address(&paper)))
		return;
	q = (struct quittance){.parties = paper.dossier.parties, .from = paper.from, .to = paper.to,
	                       .made_on = jour_today(), .has_solde = solde.shown};
	q.total = compte_period(&paper.dossier.bail, paper.dossier.paiements, paper.dossier.n_paiements, paper.from,
	                        paper.to);
	q.title = quittance_title(&paper.dossier.bail, paper.dossier.paiements, paper.dossier.n_paiements, paper.from,
	                          paper.to);
	if (q.has_solde)
		q.n_lines = dossier_lines_before(request->pool, &paper.dossier, solde.from, paper.from, &lines,
		                                 &q.previous);
	q.lines = lines;
	describe_quittance(&paper, &q);
	paper_finish(&paper, quittance_pdf(&q, &paper.pdf) == 0, mails);
}
