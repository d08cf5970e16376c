/*
 * What a telephone number may be, and what an SMS may come from.
 */
#include <stdbool.h>
#include <string.h>

#include "domain/address.h"

enum { E164_MIN = 7, E164_MAX = 15, NATIONAL = 10, FRENCH_DIGITS = 9 };

/* Overseas numbers are written like the others but have a country code of their own (ARCEP's numbering plan). */
static const struct {
	const char *national;
	const char *international;
} overseas[] = {
	{ "0262", "262262" }, { "0263", "262263" }, { "0692", "262692" }, { "0693", "262693" },        /* La Réunion */
	{ "0269", "262269" }, { "0639", "262639" },                                                     /* Mayotte */
	{ "0590", "590590" }, { "0690", "590690" }, { "0691", "590691" },                               /* Guadeloupe */
	{ "0594", "594594" }, { "0694", "594694" },                                                     /* Guyane */
	{ "0596", "596596" }, { "0696", "596696" }, { "0697", "596697" },                               /* Martinique */
	{ "0508", "508" }                                                                /* Saint-Pierre-et-Miquelon */
};

/* Country codes after which the number of digits is fixed. */
static const struct {
	const char *code;
	size_t digits;
} fixed[] = { { "33", FRENCH_DIGITS }, { "262", 9 }, { "590", 9 }, { "594", 9 }, { "596", 9 } };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Length of the first of `list` that `s` begins with, 0 when none. */
static size_t one_of(const char *s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strncmp(s, *list, strlen(*list)) == 0)
			return strlen(*list);
	return 0;
}

/* The plain, the no-break, the narrow no-break and the thin space. */
static size_t space_at(const char *s)
{
	static const char *const spaces[] = { " ", "\xC2\xA0", "\xE2\x80\xAF", "\xE2\x80\x89", NULL };

	return one_of(s, spaces);
}

/* Dot, dash, and the dashes word processors make of it. */
static size_t mark_at(const char *s)
{
	static const char *const marks[] = {
		".", "-", "\xE2\x80\x90", "\xE2\x80\x91", "\xE2\x80\x92", "\xE2\x80\x93", NULL
	};

	return one_of(s, marks);
}

static const char *skip_spaces(const char *s)
{
	size_t len;

	while ((len = space_at(s)) > 0)
		s += len;
	return s;
}

/* Are these `n` digits no more than a country code, `+` or `00` before it? */
static bool is_country_code(bool international, const char *digits, size_t n)
{
	if (international)
		return n >= 1 && n <= 3;
	return n >= 3 && n <= 5 && strncmp(digits, "00", 2) == 0;
}

/*
 * The digits of `given`, at most E164_MAX + 2 of them ("00" may precede). A dot or a dash stands between two digits.
 * `(0)`, which people put after a country code for whoever dials from within, is left out. Returns 0, or -1.
 */
static int read_digits(const char *s, bool international, char digits[E164_MAX + 3])
{
	size_t n = 0, len;
	bool zero_seen = false, mark = false;

	for (s = skip_spaces(s); *s != '\0'; s = skip_spaces(s)) {
		if (is_digit(*s)) {
			if (n == E164_MAX + 2)
				return -1;
			digits[n++] = *s++;
			mark = false;
		} else if ((len = mark_at(s)) > 0 && n > 0 && !mark) {
			s += len;
			mark = true;
		} else if (strncmp(s, "(0)", 3) == 0 && !zero_seen && !mark &&
		           is_country_code(international, digits, n)) {
			s += 3;
			zero_seen = true;
		} else {
			return -1;
		}
	}
	digits[n] = '\0';
	return mark ? -1 : 0;
}

static const char *from_national(struct pool *pool, const char *digits)
{
	if (strlen(digits) != NATIONAL || digits[0] != '0' || digits[1] == '0')
		return NULL;
	for (size_t i = 0; i < sizeof(overseas) / sizeof(overseas[0]); i++)
		if (strncmp(digits, overseas[i].national, 4) == 0)
			return pool_printf(pool, "+%s%s", overseas[i].international, digits + 4);
	return pool_printf(pool, "+33%s", digits + 1);
}

static const char *from_international(struct pool *pool, const char *digits)
{
	size_t len = strlen(digits);

	if (len < E164_MIN || len > E164_MAX || digits[0] == '0')
		return NULL;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		size_t code = strlen(fixed[i].code);

		if (strncmp(digits, fixed[i].code, code) == 0 && (len - code != fixed[i].digits || digits[code] == '0'))
			return NULL;
	}
	return pool_printf(pool, "+%s", digits);
}

const char *address_phone(struct pool *pool, const char *given)
{
	char digits[E164_MAX + 3] = "";
	bool international;

	if (given == NULL)
		return NULL;
	given = skip_spaces(given);
	international = *given == '+';
	if (international && !is_digit(given[1]))
		return NULL;
	if (read_digits(given + international, international, digits) != 0)
		return NULL;
	if (international)
		return from_international(pool, digits);
	if (strncmp(digits, "00", 2) == 0)
		return from_international(pool, digits + 2);
	return from_national(pool, digits);
}

static bool is_number_originator(const char *s)
{
	size_t len;

	s += *s == '+';
	len = strlen(s);
	return len >= 3 && len <= 15 && strspn(s, "0123456789") == len;
}

int address_is_originator(const char *given)
{
	size_t len = given != NULL ? strlen(given) : 0;
	bool letter = false;

	if (len == 0)
		return 0;
	if (is_number_originator(given))
		return 1;
	if (len > 11 || given[0] == ' ' || given[len - 1] == ' ')
		return 0;
	for (; *given != '\0'; given++) {
		if ((*given >= 'a' && *given <= 'z') || (*given >= 'A' && *given <= 'Z'))
			letter = true;
		else if (!is_digit(*given) && *given != ' ')
			return 0;
	}
	return letter;
}
