/*
 * The quittance and the statement of account.
 *
 * What a quittance says follows loi n° 89-462 of 6 July 1989, article 21: rent and charges apart, free of charge, and
 * the name «quittance» only when all of the period is paid.
 */
#include "documents/quittance.h"

#include "documents/drawing.h"
#include "documents/page.h"
#include "domain/lettres.h"

static const struct page_style TITLE = {.size = 18, .bold = true, .align = PAGE_CENTER};
static const struct page_style PERIOD = {.size = 11, .align = PAGE_CENTER};
static const struct page_style BODY = {.size = 10};
static const struct page_style SMALL = {.size = 8.5, .italic = true};
static const struct page_style SIGNED = {.size = 10, .align = PAGE_RIGHT};

static void euros(struct text *out, montant amount)
{
	montant_french(out, amount);
	text_puts(out, "\u00a0€");
}

static void row(struct page *page, const char *label, montant amount, bool bold, bool rule)
{
	struct text figure = {0};

	euros(&figure, amount);
	page_row(page, label, NULL, figure.data, bold, rule);
	text_free(&figure);
}

static void period_words(struct text *out, jour from, jour to)
{
	text_puts(out, "du ");
	jour_words(out, from);
	text_puts(out, " au ");
	jour_words(out, to);
}

/* Title, period, parties, dwelling: the same on every paper. */
static struct page *head(const char *title, const struct quittance_parties *parties, jour from, jour to, jour made_on)
{
	struct text period = {0};
	struct page *page;
	struct page_meta meta;

	text_puts(&period, "Période ");
	period_words(&period, from, to);
	meta = (struct page_meta){title, parties->bailleur_name, period.data, jour_midnight(made_on)};
	page = page_begin(&meta);
	page_paragraph(page, title, &TITLE, 6);
	page_paragraph(page, period.data, &PERIOD, 22);
	page_columns(page, "BAILLEUR", parties->bailleur, "LOCATAIRE", parties->locataire, 16);
	page_columns(page, "LOGEMENT LOUÉ", parties->logement, "", "", 18);
	text_free(&period);
	return page;
}

montant quittance_final(const struct quittance *q)
{
	return q->previous - compte_due(&q->total) + compte_paid(&q->total);
}

static void amount_in_words(struct text *out, montant amount)
{
	euros(out, amount);
	text_puts(out, " (");
	lettres_montant(out, amount);
	text_puts(out, ")");
}

/* What the landlord declares: received and acquitted, received in part, or asked for. */
static void declaration(struct page *page, const struct quittance *q)
{
	struct text words = {0};

	if (q->title == QUITTANCE_AVIS) {
		text_printf(&words, "%s est redevable à %s de la somme de ", q->parties.locataire_name,
		            q->parties.bailleur_name);
		amount_in_words(&words, compte_due(&q->total));
		text_puts(&words, " au titre du loyer et des charges pour la période ");
		period_words(&words, q->from, q->to);
		text_puts(&words, ". Cet avis n'est pas une quittance.");
	} else {
		text_printf(&words,
		            "Je soussigné(e) %s, bailleur du logement désigné ci-dessus, déclare avoir reçu de %s la "
		            "somme de ", q->parties.bailleur_name, q->parties.locataire_name);
		amount_in_words(&words, compte_paid(&q->total));
		text_puts(&words, " au titre du paiement du loyer et des charges pour la période ");
		period_words(&words, q->from, q->to);
		if (q->title == QUITTANCE_LOYER)
			text_puts(&words, ", et lui en donne quittance, sous réserve de tous mes droits.");
		else
			text_puts(&words, ". Ce reçu d'un paiement partiel n'est pas une quittance.");
	}
	page_paragraph(page, words.data, &BODY, 18);
	text_free(&words);
}

static void amounts(struct page *page, const struct quittance *q)
{
	const struct compte_total *t = &q->total;
	montant left = compte_due(t) - compte_paid(t);

	row(page, "Loyer hors charges", t->loyer, false, true);
	row(page, "Provision pour charges", t->provision, false, false);
	row(page, "Total de la période", compte_due(t), true, true);
	if (t->paid_caf != 0)
		row(page, "Aide au logement (CAF) versée au bailleur", t->paid_caf, false, false);
	row(page, "Payé par le locataire", t->paid_loyer + t->paid_provision, false, false);
	row(page, left >= 0 ? "Reste à payer pour la période" : "Payé en plus du montant de la période",
	    left >= 0 ? left : -left, true, true);
	page_space(page, 8);
}

/* A balance in words and without its sign, so that nobody has to know what that means. */
static void row_solde(struct page *page, const char *label, montant solde, bool bold, bool rule)
{
	struct text words = {0};

	text_puts(&words, label);
	text_puts(&words, solde < 0 ? ", dû par le locataire" : solde > 0 ? ", en faveur du locataire" : "");
	row(page, words.data, solde < 0 ? -solde : solde, bold, rule);
	text_free(&words);
}

static void lines(struct page *page, const struct quittance_line *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct text figure = {0};
		char date[JOUR_SIZE];

		text_puts(&figure, list[i].positive ? "+\u00a0" : "\u2212\u00a0");
		euros(&figure, list[i].amount);
		page_row(page, jour_french(list[i].date, date), list[i].description, figure.data, false, i == 0);
		text_free(&figure);
	}
}

static void balance(struct page *page, const struct quittance *q)
{
	if (!q->has_solde)
		return;
	lines(page, q->lines, q->n_lines);
	row_solde(page, "Solde précédent", q->previous, false, true);
	row_solde(page, "Solde à la fin de la période", quittance_final(q), true, false);
	page_space(page, 8);
}

static void signature(struct page *page, const struct quittance_parties *parties, jour made_on)
{
	struct text words = {0};

	text_puts(&words, "Fait ");
	if (parties->place[0] != '\0')
		text_printf(&words, "à %s, ", parties->place);
	text_puts(&words, "le ");
	jour_words(&words, made_on);
	page_space(page, 10);
	page_paragraph(page, words.data, &SIGNED, 4);
	page_paragraph(page, parties->bailleur_name, &SIGNED, 16);
	text_free(&words);
}

/* A paper to be drawn, and where. */
struct job {
	const void *paper;
	struct text *out;
	int result;
};

static void draw_quittance(void *arg)
{
	struct job *job = arg;
	const struct quittance *q = job->paper;
	struct page *page = head(quittance_title_text(q->title), &q->parties, q->from, q->to, q->made_on);

	declaration(page, q);
	amounts(page, q);
	balance(page, q);
	signature(page, &q->parties, q->made_on);
	if (q->title == QUITTANCE_LOYER)
		page_paragraph(page,
		               "Cette quittance annule tous les reçus donnés pour un paiement partiel de la même "
		               "période. À conserver pendant trois ans (loi n° 89-462 du 6 juillet 1989, article 7-1).",
		               &SMALL, 0);
	page_foot(page, "Document délivré gratuitement (loi n° 89-462 du 6 juillet 1989, article 21).");
	job->result = page_end(page, job->out);
}

static void draw_compte(void *arg)
{
	struct job *job = arg;
	const struct compte_statement *s = job->paper;
	struct page *page = head("Compte du locataire", &s->parties, s->from, s->to, s->made_on);

	lines(page, s->lines, s->n_lines);
	row_solde(page, "Solde", s->solde, true, true);
	signature(page, &s->parties, s->made_on);
	page_foot(page, "Document délivré gratuitement.");
	job->result = page_end(page, job->out);
}

static int drawn(void (*draw)(void *arg), const void *paper, struct text *out)
{
	struct job job = {.paper = paper, .out = out};

	drawing_do(draw, &job);
	return job.result;
}

int quittance_pdf(const struct quittance *q, struct text *out)
{
	return drawn(draw_quittance, q, out);
}

int compte_pdf(const struct compte_statement *s, struct text *out)
{
	return drawn(draw_compte, s, out);
}
