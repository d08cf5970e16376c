/*
 * Numbers in French words.
 */
#include "domain/lettres.h"

#include <stdbool.h>

static const char *const units[] = {
	"zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
	"treize",
	"quatorze", "quinze", "seize", "dix-sept", "dix-huit", "dix-neuf"
};
static const char *const tens[] = {
	"", "", "vingt", "trente", "quarante", "cinquante", "soixante", "soixante", "quatre-vingt", "quatre-vingt"
};

/*
 * 1 to 99. Seventy and ninety count on from sixty and eighty; «et» joins a one or an eleven, but not after eighty.
 * `ends`: nothing that takes away the plural of vingts follows.
 */
static void below_hundred(struct text *out, unsigned n, bool ends)
{
	unsigned ten = n / 10, rest = n % 10;

	if (n < 20) {
		text_puts(out, units[n]);
		return;
	}
	if (ten == 7 || ten == 9)
		rest += 10;
	text_puts(out, tens[ten]);
	if (rest == 0) {
		if (ten == 8 && ends)
			text_putc(out, 's');
		return;
	}
	text_puts(out, (rest == 1 || rest == 11) && ten < 8 ? " et " : "-");
	text_puts(out, units[rest]);
}

/* 1 to 999. */
static void below_thousand(struct text *out, unsigned n, bool ends)
{
	unsigned hundreds = n / 100, rest = n % 100;

	if (hundreds > 1) {
		text_puts(out, units[hundreds]);
		text_putc(out, ' ');
	}
	if (hundreds > 0) {
		text_puts(out, "cent");
		if (hundreds > 1 && rest == 0 && ends)
			text_putc(out, 's');
		if (rest > 0)
			text_putc(out, ' ');
	}
	if (rest > 0)
		below_hundred(out, rest, ends);
}

static void space(struct text *out, size_t start)
{
	if (out->len > start)
		text_putc(out, ' ');
}

/* Millions, milliards and billions are nouns: what counts them keeps its plural, and they take one. */
static void nouns(struct text *out, size_t start, uint64_t n, uint64_t scale, const char *noun)
{
	unsigned count = (unsigned)(n / scale % 1000);

	if (count == 0)
		return;
	space(out, start);
	below_thousand(out, count, true);
	text_printf(out, " %s%s", noun, count > 1 ? "s" : "");
}

void lettres_nombre(struct text *out, uint64_t n)
{
	size_t start = out->len;
	unsigned thousands = (unsigned)(n / 1000 % 1000), rest = (unsigned)(n % 1000);

	if (n == 0)
		text_puts(out, units[0]);
	nouns(out, start, n, UINT64_C(1000000000000), "billion");
	nouns(out, start, n, UINT64_C(1000000000), "milliard");
	nouns(out, start, n, UINT64_C(1000000), "million");
	if (thousands > 0) {
		space(out, start);
		if (thousands > 1) {
			below_thousand(out, thousands, false);
			text_putc(out, ' ');
		}
		text_puts(out, "mille");
	}
	if (rest > 0) {
		space(out, start);
		below_thousand(out, rest, true);
	}
}

void lettres_montant(struct text *out, montant amount)
{
	uint64_t cents = amount < 0 ? -(uint64_t)amount : (uint64_t)amount;
	uint64_t euros = cents / 100, rest = cents % 100;

	if (amount < 0)
		text_puts(out, "moins ");
	if (euros > 0 || rest == 0) {
		lettres_nombre(out, euros);
		/* A number that ends in a noun is followed by «de». */
		text_puts(out, euros > 0 && euros % 1000000 == 0 ? " d'" : " ");
		text_puts(out, euros > 1 ? "euros" : "euro");
		if (rest > 0)
			text_puts(out, " et ");
	}
	if (rest > 0) {
		lettres_nombre(out, rest);
		text_puts(out, rest > 1 ? " centimes" : " centime");
	}
}
