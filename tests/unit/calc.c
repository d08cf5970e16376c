/*
 * The project's own arithmetic on standard input and output, one question a line, so that a test in another language
 * can compare it with an independent calculation.
 *
 *   montant TEXT            cents, shortest form, French form; or "refused"
 *   prorata CENTS NUM DEN   cents
 *   jour TEXT               yyyy-mm-dd and its midnight in Paris; or "refused"
 *   jour-of TIME            yyyy-mm-dd of that instant in Paris
 *   months yyyy-mm-dd N D   yyyy-mm-dd
 *   lettres CENTS           the amount in French words
 *   ventilation TOTAL LOYER PROVISION CAF   cents: loyerHC provision restantAPayer
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/jour.h"
#include "base/montant.h"
#include "domain/lettres.h"
#include "domain/ventilation.h"

static void montants(const char *text)
{
	char shortest[MONTANT_SIZE];
	struct text french = {0};
	montant value;

	if (montant_parse(text, &value) != 0) {
		puts("refused");
		return;
	}
	montant_french(&french, value);
	printf("%" PRId64 " %s %s\n", value, montant_text(value, shortest), french.data);
	text_free(&french);
}

static void jours(const char *text)
{
	char sql[JOUR_SIZE];
	jour day;

	if (jour_parse(text, &day) != 0)
		puts("refused");
	else
		printf("%s %" PRId64 "\n", jour_sql(day, sql), jour_midnight(day));
}

static void letters(montant amount)
{
	struct text words = {0};

	lettres_montant(&words, amount);
	puts(words.data);
	text_free(&words);
}

static int numbers(char *line)
{
	int64_t a, b, c, d;
	int months, of_month;
	char text[JOUR_SIZE], sql[JOUR_SIZE];
	jour day;

	if (sscanf(line, "prorata %" SCNd64 " %" SCNd64 " %" SCNd64, &a, &b, &c) == 3)
		printf("%" PRId64 "\n", montant_prorata(a, b, c));
	else if (sscanf(line, "jour-of %" SCNd64, &a) == 1)
		printf("%s\n", jour_sql(jour_of_time(a), sql));
	else if (sscanf(line, "lettres %" SCNd64, &a) == 1)
		letters(a);
	else if (sscanf(line, "months %11s %d %d", text, &months, &of_month) == 3 && jour_parse_sql(text, &day) == 0)
		printf("%s\n", jour_sql(jour_add_months(day, months, of_month), sql));
	else if (sscanf(line, "ventilation %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64, &a, &b, &c, &d) == 4) {
		struct ventilation v = ventilation_split(a, b, c, d);

		printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", v.loyer_hc, v.provision, v.restant_a_payer);
	} else {
		return -1;
	}
	return 0;
}

int main(void)
{
	char line[256];

	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "montant ", 8) == 0)
			montants(line + 8);
		else if (strncmp(line, "jour ", 5) == 0)
			jours(line + 5);
		else if (numbers(line) != 0)
			return 2;
	}
	return 0;
}
