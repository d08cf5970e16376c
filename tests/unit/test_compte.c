/*
 * The tenant's account: worked examples of what is due, paid and left.
 */
#include <stdlib.h>
#include <string.h>

#include "domain/compte.h"
#include "unit.h"

#define ALL JOUR_MIN, JOUR_MAX

static const struct compte_revision provisions[] = {{16743, 2500}};     /* 2015-11-04 */


static jour day(const char *s)
{
	jour d;

	if (s == NULL)
		return JOUR_NONE;
	ck_assert_int_eq(jour_parse(s, &d), 0);
	return d;
}

static const struct {
	const char *name, *entry, *quit, *from, *to;
	montant loyer, provision, due_loyer, due_provision;
} PERIODS[] = {
	{"a whole month", "01/01/2020", NULL, "01/01/2023", "31/01/2023", 51000, 2000, 51000, 2000},
	{"entry in the month: 23 of 31 days", "09/01/2023", NULL, "01/01/2023", "31/01/2023", 51000, 0, 37839, 0},
	{"departure in the month: 15 of 30 days", "01/01/2020", "15/04/2023", "01/04/2023", "30/04/2023", 60000, 3000,
	 30000, 1500},
	{"entry and departure in one month", "10/02/2024", "19/02/2024", "01/02/2024", "29/02/2024", 29000, 2900, 10000,
	 1000},
	{"two months and a half", "01/01/2020", NULL, "01/01/2023", "14/03/2023", 31000, 0, 31000 * 2 + 14000, 0},
	{"one day", "01/01/2020", NULL, "31/01/2023", "31/01/2023", 31000, 310, 1000, 10},
	{"before the entry", "01/02/2023", NULL, "01/01/2023", "31/01/2023", 50000, 0, 0, 0},
	{"after the departure", "01/01/2020", "31/12/2022", "01/01/2023", "31/01/2023", 50000, 0, 0, 0},
	{"entry on the last day", "31/01/2023", NULL, "01/01/2023", "31/01/2023", 31000, 0, 1000, 0},
	{"entry on the first day", "01/01/2023", NULL, "01/01/2023", "31/01/2023", 31000, 310, 31000, 310},
	{"entry on the second day", "02/01/2023", NULL, "01/01/2023", "31/01/2023", 31000, 310, 30000, 300},
	{"departure on the first day", "01/01/2020", "01/04/2023", "01/04/2023", "30/04/2023", 60000, 3000, 2000, 100},
	{"departure on the last day", "01/01/2020", "30/04/2023", "01/04/2023", "30/04/2023", 60000, 3000, 60000, 3000},
	{"departure on the day before", "01/01/2020", "29/04/2023", "01/04/2023", "30/04/2023", 60000, 3000, 58000,
	 2900},
	{"until a departure on the first day", "01/01/2020", "01/04/2023", "01/03/2023", "31/05/2023", 60000, 3000,
	 62000, 3100},
	{"until a departure on the last day", "01/01/2020", "31/03/2023", "01/03/2023", "31/05/2023", 60000, 3000,
	 60000, 3000},
	{"the day of the departure", "01/01/2020", "15/04/2023", "15/04/2023", "30/04/2023", 60000, 3000, 2000, 100},
	{"the day after it", "01/01/2020", "15/04/2023", "16/04/2023", "30/04/2023", 60000, 3000, 0, 0},
	{"the day of the entry", "15/04/2023", NULL, "01/04/2023", "15/04/2023", 60000, 3000, 2000, 100},
	{"the day before it", "15/04/2023", NULL, "01/04/2023", "14/04/2023", 60000, 3000, 0, 0},
	{"there for a day", "15/04/2023", "15/04/2023", "01/04/2023", "30/04/2023", 60000, 3000, 2000, 100},
	{"there for the first day", "01/04/2023", "01/04/2023", "01/04/2023", "30/04/2023", 60000, 3000, 2000, 100},
	{"halves go up", "01/01/2020", NULL, "01/02/2023", "14/02/2023", 1, 3, 1, 2},
};

START_TEST(period)
{
	const typeof(PERIODS[0]) *c = &PERIODS[_i];
	struct bail bail = {.entry = day(c->entry), .quit = day(c->quit), .day_loyer = 5, .loyer = c->loyer,
	                    .provision = c->provision};
	struct compte_total total = compte_period(&bail, NULL, 0, day(c->from), day(c->to));

	ck_assert_msg(total.loyer == c->due_loyer && total.provision == c->due_provision, "%s: %lld + %lld", c->name,
	              (long long)total.loyer, (long long)total.provision);
}
END_TEST

START_TEST(revision)
{
	struct bail bail = {.entry = day("28/09/2012"), .quit = JOUR_NONE, .day_loyer = 28, .loyer = 30000,
	                    .provision = 1500, .provisions = provisions, .n_provisions = 1};

	ck_assert_int_eq(compte_period(&bail, NULL, 0, day("01/10/2015"), day("31/10/2015")).provision, 1500);
	/* In force from 4 November: the month that begins after it. */
	ck_assert_int_eq(compte_period(&bail, NULL, 0, day("01/11/2015"), day("30/11/2015")).provision, 1500);
	ck_assert_int_eq(compte_period(&bail, NULL, 0, day("01/12/2015"), day("31/12/2015")).provision, 2500);
}
END_TEST

/* What a month costs is what is in force on its first day, or on that of the entry. */
static const struct {
	const char *name, *entry, *from, *month, *to;
	montant due;
} REVISIONS[] = {
	{"from the first of the month", "01/01/2020", "01/03/2023", "01/03/2023", "31/03/2023", 62000},
	{"the month before", "01/01/2020", "01/03/2023", "01/02/2023", "28/02/2023", 31000},
	{"from the second: this month is charged as before", "01/01/2020", "02/03/2023", "01/03/2023", "31/03/2023",
	 31000},
	{"from the second: the next is not", "01/01/2020", "02/03/2023", "01/04/2023", "30/04/2023", 62000},
	{"from the last: this month is charged as before", "01/01/2020", "31/03/2023", "01/03/2023", "31/03/2023",
	 31000},
	{"from the last: the next is not", "01/01/2020", "31/03/2023", "01/04/2023", "30/04/2023", 62000},
	{"from the day of the entry", "30/03/2023", "30/03/2023", "01/03/2023", "31/03/2023", 4000},
	{"from the day after the entry", "30/03/2023", "31/03/2023", "01/03/2023", "31/03/2023", 2000},
};

START_TEST(revision_on_a_day)
{
	const typeof(REVISIONS[0]) *c = &REVISIONS[_i];
	/* Before the last one another, which it takes the place of. */
	struct compte_revision steps[] = {{day("01/06/2021"), 31000}, {day(c->from), 62000}};
	struct bail bail = {.entry = day(c->entry), .quit = JOUR_NONE, .day_loyer = 1, .loyer = 31000,
	                    .provision = 31000, .loyers = steps, .n_loyers = 2, .provisions = steps, .n_provisions = 2};
	struct compte_total total = compte_period(&bail, NULL, 0, day(c->month), day(c->to));
	struct pool *pool = pool_create();
	struct compte_line *lines;

	ck_assert_msg(total.loyer == c->due && total.provision == c->due, "%s: %lld + %lld", c->name,
	              (long long)total.loyer, (long long)total.provision);
	ck_assert_uint_eq(compte_lines(pool, &bail, NULL, 0, day(c->month), day(c->to), &lines), 1);
	ck_assert_msg(lines[0].amount == 2 * c->due, "%s: %lld", c->name, (long long)lines[0].amount);
	pool_free(pool);
}
END_TEST

/* A payment counts on the first day of a period and on its last, and neither before nor after. */
static const struct {
	const char *date;
	bool within;
} PAYMENTS[] = {
	{"28/02/2023", false}, {"01/03/2023", true}, {"02/03/2023", true}, {"30/03/2023", true}, {"31/03/2023", true},
	{"01/04/2023", false},
};

START_TEST(payment_at_the_ends)
{
	static const enum compte_kind kinds[] = {COMPTE_LOYER, COMPTE_PROVISION, COMPTE_CAF};
	jour from = day("01/03/2023"), to = day("31/03/2023"), date = day(PAYMENTS[_i].date);
	struct bail bail = {.entry = day("01/01/2020"), .quit = JOUR_NONE, .day_loyer = 1};
	struct pool *pool = pool_create();

	for (int i = 0; i < COUNT(kinds); i++) {
		struct paiement paid = {date, 30000, kinds[i]};
		struct compte_total total = compte_period(&bail, &paid, 1, from, to);
		struct compte_line *lines;

		ck_assert_int_eq(compte_paid(&total), PAYMENTS[_i].within ? 30000 : 0);
		ck_assert_uint_eq(compte_lines(pool, &bail, &paid, 1, from, to, &lines), PAYMENTS[_i].within);
		ck_assert_uint_eq(compte_lines_before(pool, &bail, &paid, 1, from, to + 1, &lines),
		                  PAYMENTS[_i].within);
		/* Of what was paid on the first day of the period, nothing is before it. */
		ck_assert_uint_eq(compte_lines_before(pool, &bail, &paid, 1, from, to, &lines),
		                  PAYMENTS[_i].within && date != to);
	}
	pool_free(pool);
}
END_TEST

/* On a day that a month has not, its rent is due on its last; the entry's month, on the entry; the last, by its end. */
static const struct {
	const char *entry, *quit;
	int day_loyer;
	const char *to;
	const char *due[7];
} DUE_DATES[] = {
	{"15/12/2022", NULL, 28, "30/04/2023", {"15/12/2022", "28/01/2023", "28/02/2023", "28/03/2023", "28/04/2023"}},
	{"15/12/2022", NULL, 29, "30/04/2023", {"15/12/2022", "29/01/2023", "28/02/2023", "29/03/2023", "29/04/2023"}},
	{"15/12/2022", NULL, 30, "30/04/2023", {"15/12/2022", "30/01/2023", "28/02/2023", "30/03/2023", "30/04/2023"}},
	{"15/12/2022", NULL, 31, "30/04/2023", {"15/12/2022", "31/01/2023", "28/02/2023", "31/03/2023", "30/04/2023"}},
	{"15/12/2023", NULL, 29, "31/03/2024", {"15/12/2023", "29/01/2024", "29/02/2024", "29/03/2024"}},
	{"15/12/2023", NULL, 30, "31/03/2024", {"15/12/2023", "30/01/2024", "29/02/2024", "30/03/2024"}},
	{"15/12/2023", NULL, 31, "31/03/2024", {"15/12/2023", "31/01/2024", "29/02/2024", "31/03/2024"}},
	{"15/12/2022", NULL, 0, "28/02/2023", {"15/12/2022", "01/01/2023", "01/02/2023"}},
	{"01/12/2022", NULL, 1, "01/02/2023", {"01/12/2022", "01/01/2023", "01/02/2023"}},
	{"01/12/2022", NULL, 5, "04/02/2023", {"01/12/2022", "05/01/2023"}},
	{"31/12/2022", NULL, 31, "31/01/2023", {"31/12/2022", "31/01/2023"}},
	{"31/12/2022", NULL, 1, "31/01/2023", {"31/12/2022", "01/01/2023"}},
	{"01/12/2022", "01/02/2023", 1, "31/03/2023", {"01/12/2022", "01/01/2023", "01/02/2023"}},
	{"01/12/2022", "01/02/2023", 31, "31/03/2023", {"01/12/2022", "31/01/2023", "01/02/2023"}},
	{"01/12/2022", "31/01/2023", 31, "31/03/2023", {"01/12/2022", "31/01/2023"}},
	{"01/12/2022", "30/01/2023", 31, "31/03/2023", {"01/12/2022", "30/01/2023"}},
	{"01/12/2022", "28/02/2023", 29, "31/03/2023", {"01/12/2022", "29/01/2023", "28/02/2023"}},
	{"01/12/2022", "01/12/2022", 31, "31/03/2023", {"01/12/2022"}},
};

START_TEST(due_dates)
{
	const typeof(DUE_DATES[0]) *c = &DUE_DATES[_i];
	struct bail bail = {.entry = day(c->entry), .quit = day(c->quit), .day_loyer = c->day_loyer, .loyer = 51000};
	struct pool *pool = pool_create();
	struct compte_line *lines, *one;
	size_t n = compte_lines(pool, &bail, NULL, 0, bail.entry, day(c->to), &lines);

	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(c->due[i] != NULL && lines[i].date == day(c->due[i]), "line %zu of day %d on %d", i,
		              c->day_loyer, lines[i].date);
		/* A period of this day has it, those before and after it have not. */
		ck_assert_uint_eq(compte_lines(pool, &bail, NULL, 0, lines[i].date, lines[i].date, &one), 1);
		ck_assert_uint_eq(compte_lines(pool, &bail, NULL, 0, lines[i].date - 1, lines[i].date - 1, &one),
		                  i > 0 && lines[i - 1].date == lines[i].date - 1);
		ck_assert_uint_eq(compte_lines(pool, &bail, NULL, 0, lines[i].date + 1, lines[i].date + 1, &one),
		                  i + 1 < n && lines[i + 1].date == lines[i].date + 1);
	}
	ck_assert_ptr_null(c->due[n]);
	pool_free(pool);
}
END_TEST

START_TEST(due_lines)
{
	struct pool *pool = pool_create();
	struct bail bail = {.entry = day("09/01/2023"), .quit = day("10/04/2023"), .day_loyer = 28, .loyer = 51000,
	                    .provision = 0};
	static const struct { const char *date; montant amount; } expected[] = {
		{"09/01/2023", 37839}, {"28/02/2023", 51000}, {"28/03/2023", 51000}, {"10/04/2023", 17000}
	};
	struct compte_line *lines;
	size_t n = compte_lines(pool, &bail, NULL, 0, ALL, &lines);

	ck_assert_uint_eq(n, 4);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(lines[i].date, day(expected[i].date));
		ck_assert_int_eq(lines[i].amount, expected[i].amount);
		ck_assert_int_eq(lines[i].kind, COMPTE_DUE);
	}
	ck_assert_int_eq(compte_solde(lines, n), -(37839 + 51000 + 51000 + 17000));
	/* A period shows the lines dated in it, whole months of them. */
	ck_assert_uint_eq(compte_lines(pool, &bail, NULL, 0, day("10/01/2023"), day("27/03/2023"), &lines), 1);
	ck_assert_int_eq(lines[0].amount, 51000);
	pool_free(pool);
}
END_TEST

START_TEST(balance)
{
	struct pool *pool = pool_create();
	struct bail bail = {.entry = day("01/02/2015"), .quit = JOUR_NONE, .day_loyer = 1, .loyer = 30000,
	                    .provision = 3000};
	struct paiement paid[] = {
		{day("05/02/2015"), 30000, COMPTE_LOYER}, {day("05/02/2015"), 3000, COMPTE_PROVISION},
		{day("01/03/2015"), 16500, COMPTE_CAF}, {day("01/06/2015"), 99999, COMPTE_LOYER}
	};
	struct compte_line *lines;
	size_t n = compte_lines(pool, &bail, paid, 4, day("01/02/2015"), day("30/04/2015"), &lines);

	ck_assert_uint_eq(n, 6);
	ck_assert_int_eq(lines[0].kind, COMPTE_DUE);
	ck_assert_int_eq(lines[0].amount, 33000);
	ck_assert_int_eq(lines[3].kind, COMPTE_DUE);    /* due before paid on 1 March */
	ck_assert_int_eq(lines[4].kind, COMPTE_CAF);
	ck_assert_int_eq(compte_solde(lines, n), 33000 + 16500 - 3 * 33000);
	/* 28 months unpaid at 330 € but one of them: what the API's example shows is a sum of such lines. */
	n = compte_lines(pool, &bail, NULL, 0, day("01/02/2015"), day("30/04/2017"), &lines);
	ck_assert_int_eq(compte_solde(lines, n), -27 * 33000);
	ck_assert_int_eq(compte_solde(lines, n), -891000);
	pool_free(pool);
}
END_TEST

/*
 * What a period does not have itself is before it, no more and no less: a balance plus its period is the balance after
 * it.
 */
START_TEST(balance_before_a_period)
{
	static const struct { const char *from, *to; int day_loyer; montant before; } cases[] = {
		{"01/01/2023", "31/01/2023", 5, 53000},
		{"15/01/2023", "14/02/2023", 5, 53000 + 53000 - 27968 - 1097},
		/* January is due on the 20th: its first days are owed */
		{"15/01/2023", "31/01/2023", 20, 53000 + 53000 - 27968 - 1097},
		{"31/01/2023", "31/01/2023", 1, 53000 + 53000 - 1645 - 65},
		{"02/12/2022", "31/12/2022", 1, 53000 - 49355 - 1935},
		{"01/12/2022", "31/12/2022", 1, 0},
	};
	struct pool *pool = pool_create();
	struct bail bail = {.entry = day("01/12/2022"), .quit = JOUR_NONE, .day_loyer = cases[_i].day_loyer,
	                    .loyer = 51000, .provision = 2000};
	jour from = day(cases[_i].from), after = day(cases[_i].to) + 1;
	struct compte_total total = compte_period(&bail, NULL, 0, from, after - 1);
	struct compte_line *lines;
	size_t n = compte_lines_before(pool, &bail, NULL, 0, bail.entry, from, &lines);

	ck_assert_int_eq(-compte_solde(lines, n), cases[_i].before);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_lt(lines[i].date, from);
	n = compte_lines_before(pool, &bail, NULL, 0, bail.entry, after, &lines);
	ck_assert_int_eq(-compte_solde(lines, n), cases[_i].before + total.loyer + total.provision);
	pool_free(pool);
}
END_TEST

/* 2023-01-05 */
#define ON_THE_5TH 19362
#define JANUARY "01/01/2023", "31/01/2023"

/* At most two payments; a lease that began long before. */
static const struct {
	const char *name, *from, *to;
	montant loyer, provision;
	struct paiement paiements[2];
	const char *title;
} TITLES[] = {
	{"all", JANUARY, 50000, 2000, {{ON_THE_5TH, 50000, COMPTE_LOYER}, {ON_THE_5TH, 2000, COMPTE_PROVISION}},
	 "Quittance de loyer"},
	{"with CAF", JANUARY, 50000, 2000, {{ON_THE_5TH, 35500, COMPTE_LOYER}, {ON_THE_5TH, 16500, COMPTE_CAF}},
	 "Quittance de loyer"},
	{"more than all", JANUARY, 50000, 2000, {{ON_THE_5TH, 60000, COMPTE_LOYER}}, "Quittance de loyer"},
	{"a cent less", JANUARY, 50000, 2000, {{ON_THE_5TH, 51999, COMPTE_LOYER}}, "Reçu de paiement partiel"},
	{"a cent of CAF", JANUARY, 50000, 2000, {{ON_THE_5TH, 1, COMPTE_CAF}}, "Reçu de paiement partiel"},
	{"nothing", JANUARY, 50000, 2000, {{0}}, "Avis d'échéance"},
	{"nothing, of nothing", JANUARY, 0, 0, {{0}}, "Avis d'échéance"},
	{"half a month, paid by a part of the month", "01/01/2023", "15/01/2023", 50000, 2000,
	 {{ON_THE_5TH, 51999, COMPTE_LOYER}}, "Reçu de paiement partiel"},
	{"half a month, all of the month paid", "01/01/2023", "15/01/2023", 50000, 2000,
	 {{ON_THE_5TH, 52000, COMPTE_LOYER}}, "Quittance de loyer"},
	{"half a month, paid in the other half", "16/01/2023", "31/01/2023", 50000, 2000,
	 {{ON_THE_5TH, 52000, COMPTE_LOYER}}, "Avis d'échéance"},
	{"a month and half of the next", "01/01/2023", "14/02/2023", 50000, 2000,
	 {{ON_THE_5TH, 52000, COMPTE_LOYER}, {ON_THE_5TH, 26000, COMPTE_LOYER}}, "Reçu de paiement partiel"},
};

START_TEST(titles)
{
	const typeof(TITLES[0]) *c = &TITLES[_i];
	struct bail bail = {.entry = day("01/01/2020"), .quit = JOUR_NONE, .day_loyer = 5, .loyer = c->loyer,
	                    .provision = c->provision};

	ck_assert_msg(strcmp(quittance_title_text(quittance_title(&bail, c->paiements, COUNT(c->paiements),
	                                                          day(c->from), day(c->to))), c->title) == 0, "%s",
	              c->name);
}
END_TEST

/* Who leaves on the 15th has paid all when the days until then are paid. */
START_TEST(title_of_a_last_month)
{
	const struct paiement paid = {day("05/01/2023"), 25161, COMPTE_LOYER};      /* 520 € for 15 of 31 days */
	struct bail bail = {.entry = day("01/01/2020"), .quit = day("15/01/2023"), .day_loyer = 5, .loyer = 52000};

	ck_assert_int_eq(compte_period(&bail, &paid, 1, day("01/01/2023"), day("31/01/2023")).loyer, paid.amount);
	ck_assert_int_eq(quittance_title(&bail, &paid, 1, day("01/01/2023"), day("31/01/2023")), QUITTANCE_LOYER);
	ck_assert_int_eq(quittance_title(&bail, &paid, 1, day("01/01/2023"), day("15/01/2023")), QUITTANCE_LOYER);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("compte");
	TCase *tcase = tcase_create("compte");

	tcase_add_loop_test(tcase, period, 0, COUNT(PERIODS));
	tcase_add_test(tcase, revision);
	tcase_add_loop_test(tcase, revision_on_a_day, 0, COUNT(REVISIONS));
	tcase_add_loop_test(tcase, payment_at_the_ends, 0, COUNT(PAYMENTS));
	tcase_add_loop_test(tcase, due_dates, 0, COUNT(DUE_DATES));
	tcase_add_test(tcase, due_lines);
	tcase_add_test(tcase, balance);
	tcase_add_loop_test(tcase, balance_before_a_period, 0, 6);
	tcase_add_loop_test(tcase, titles, 0, COUNT(TITLES));
	tcase_add_test(tcase, title_of_a_last_month);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
