/*
 * A tenant's account.
 */
#include "domain/compte.h"

#include <stdlib.h>

static jour earlier(jour a, jour b)
{
	return a < b ? a : b;
}

static jour later(jour a, jour b)
{
	return a > b ? a : b;
}

/* The amount in force on a day. */
static montant in_force(montant initial, const struct compte_revision *revisions, size_t n, jour day)
{
	montant amount = initial;

	for (size_t i = 0; i < n && revisions[i].from <= day; i++)
		amount = revisions[i].amount;
	return amount;
}

/* The part of a month in which the tenant is there: its days, and what they cost. */
struct part {
	jour from, to;                  /* from > to: none */
	montant loyer, provision;
};

/* `day` is any of the month; only the days from..to count. */
static struct part part_of_month(const struct bail *bail, jour day, jour from, jour to)
{
	jour first = jour_first_of_month(day), last = jour_last_of_month(day);
	jour present = later(first, bail->entry);
	jour end = bail->quit != JOUR_NONE ? earlier(last, bail->quit) : last;
	struct part part = {.from = later(present, from), .to = earlier(end, to)};
	int days = part.to - part.from + 1;

	if (days <= 0)
		return part;
	part.loyer = montant_prorata(in_force(bail->loyer, bail->loyers, bail->n_loyers, present), days,
	                             last - first + 1);
	part.provision = montant_prorata(in_force(bail->provision, bail->provisions, bail->n_provisions, present), days,
	                                 last - first + 1);
	return part;
}

static jour next_month(jour day)
{
	return jour_last_of_month(day) + 1;
}

static void count_paid(struct compte_total *total, const struct paiement *paiement)
{
	switch (paiement->kind) {
	case COMPTE_LOYER:
		total->paid_loyer += paiement->amount;
		break;
	case COMPTE_PROVISION:
		total->paid_provision += paiement->amount;
		break;
	case COMPTE_CAF:
		total->paid_caf += paiement->amount;
		break;
	case COMPTE_DUE:
		break;
	}
}

struct compte_total compte_period(const struct bail *bail, const struct paiement *paiements, size_t n, jour from,
                                  jour to)
{
	struct compte_total total = {0};

	for (jour day = later(from, bail->entry); day <= to; day = next_month(day)) {
		struct part part = part_of_month(bail, day, from, to);

		if (bail->quit != JOUR_NONE && day > bail->quit)
			break;
		total.loyer += part.loyer;
		total.provision += part.provision;
	}
	for (size_t i = 0; i < n; i++)
		if (paiements[i].date >= from && paiements[i].date <= to)
			count_paid(&total, &paiements[i]);
	return total;
}

/* When the rent of a month falls due. */
static jour due_date(const struct bail *bail, const struct part *part, jour day)
{
	struct jour_civil civil = jour_civil(day);
	int last = jour_in_month(civil.year, civil.month);
	int of_month = bail->day_loyer == 0 ? 1 : bail->day_loyer < last ? bail->day_loyer : last;

	if (bail->entry >= jour_first_of_month(day))
		return bail->entry;
	return earlier(jour_of(civil.year, civil.month, of_month), part->to);
}

/*
 * A month's rent and charges but for those of the days after `last`: with what these cost, they make up the month to
 * the cent.
 */
static montant due_until(const struct bail *bail, jour day, jour last)
{
	struct part whole = part_of_month(bail, day, JOUR_MIN, JOUR_MAX);
	struct part rest = part_of_month(bail, day, last + 1, JOUR_MAX);

	return whole.loyer + whole.provision - rest.loyer - rest.provision;
}

/* Months due, each as one line, those dated from..to; of the days up to `last` only. */
static void add_due(struct pool *pool, const struct bail *bail, jour from, jour to, jour last,
                    struct compte_line **lines, size_t *n, size_t *capacity)
{
	for (jour day = later(bail->entry, jour_first_of_month(from)); day <= to; day = next_month(day)) {
		struct part part = part_of_month(bail, day, JOUR_MIN, last);
		montant amount = due_until(bail, day, last);
		jour due;

		if (part.to < part.from)
			break;
		due = due_date(bail, &part, day);
		if (due < from || due > to || amount == 0)
			continue;
		*lines = pool_grow(pool, *lines, *n, capacity, sizeof **lines);
		(*lines)[(*n)++] = (struct compte_line){due, amount, COMPTE_DUE};
	}
}

static int by_date(const void *a, const void *b)
{
	const struct compte_line *one = a, *other = b;

	if (one->date != other->date)
		return one->date < other->date ? -1 : 1;
	if (one->kind != other->kind)
		return one->kind < other->kind ? -1 : 1;
	return (one->amount > other->amount) - (one->amount < other->amount);
}

static size_t make_lines(struct pool *pool, const struct bail *bail, const struct paiement *paiements,
                         size_t n_paiements, jour from, jour to, jour last, struct compte_line **lines_r)
{
	struct compte_line *lines = NULL;
	size_t n = 0, capacity = 0;

	add_due(pool, bail, from, to, last, &lines, &n, &capacity);
	for (size_t i = 0; i < n_paiements; i++) {
		if (paiements[i].date < from || paiements[i].date > to)
			continue;
		lines = pool_grow(pool, lines, n, &capacity, sizeof *lines);
		lines[n++] = (struct compte_line){paiements[i].date, paiements[i].amount, paiements[i].kind};
	}
	if (n > 0)
		qsort(lines, n, sizeof *lines, by_date);
	*lines_r = lines;
	return n;
}

size_t compte_lines(struct pool *pool, const struct bail *bail, const struct paiement *paiements, size_t n, jour from,
                    jour to, struct compte_line **lines_r)
{
	return make_lines(pool, bail, paiements, n, from, to, JOUR_MAX, lines_r);
}

size_t compte_lines_before(struct pool *pool, const struct bail *bail, const struct paiement *paiements, size_t n,
                           jour from, jour before, struct compte_line **lines_r)
{
	return make_lines(pool, bail, paiements, n, from, before - 1, before - 1, lines_r);
}

montant compte_solde(const struct compte_line *lines, size_t n)
{
	montant solde = 0;

	for (size_t i = 0; i < n; i++)
		solde += lines[i].kind == COMPTE_DUE ? -lines[i].amount : lines[i].amount;
	return solde;
}

montant compte_due(const struct compte_total *total)
{
	return total->loyer + total->provision;
}

montant compte_paid(const struct compte_total *total)
{
	return total->paid_loyer + total->paid_provision + total->paid_caf;
}

static bool all_paid(const struct compte_total *total)
{
	return compte_paid(total) >= compte_due(total);
}

enum quittance_title quittance_title(const struct bail *bail, const struct paiement *paiements, size_t n, jour from,
                                     jour to)
{
	struct compte_total total = compte_period(bail, paiements, n, from, to);
	struct compte_total months = compte_period(bail, paiements, n, jour_first_of_month(from), jour_last_of_month(to));

	if (compte_paid(&total) <= 0)
		return QUITTANCE_AVIS;
	return all_paid(&total) && all_paid(&months) ? QUITTANCE_LOYER : QUITTANCE_PARTIEL;
}

const char *quittance_title_text(enum quittance_title title)
{
	switch (title) {
	case QUITTANCE_LOYER:
		return "Quittance de loyer";
	case QUITTANCE_PARTIEL:
		return "Reçu de paiement partiel";
	case QUITTANCE_AVIS:
		break;
	}
	return "Avis d'échéance";
}
