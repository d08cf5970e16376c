/*
 * Amounts of money in cents: reading, writing, sharing out.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/montant.h"

/* Reads digits into *value_r; returns how many there were, -1 beyond `max`. */
static int digits(const char **s, int64_t max, int64_t *value_r)
{
	int64_t value = 0;
	int n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
		if (value > (max - (**s - '0')) / 10)
			return -1;
		value = value * 10 + (**s - '0');
	}
	*value_r = value;
	return n;
}

/* Reads what follows the decimal mark into cents; -1 when it has places that are not zero beyond the second. */
static int places(const char **s, int64_t *cents_r)
{
	int64_t cents = 0;
	int n = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, n++) {
		if (n < 2)
			cents = cents * 10 + (**s - '0');
		else if (**s != '0' || n > 15)
			return -1;
	}
	if (n == 0)
		return -1;
	*cents_r = n == 1 ? cents * 10 : cents;
	return 0;
}

/* `max` is of the whole euros. */
static int parse(const char *s, int64_t max, montant *value_r)
{
	bool negative = *s == '-';
	int64_t whole, cents = 0;

	if (negative)
		s++;
	if (digits(&s, max, &whole) <= 0)
		return -1;
	if (*s == '.' || *s == ',') {
		s++;
		if (places(&s, &cents) != 0)
			return -1;
	}
	if (*s != '\0')
		return -1;
	*value_r = whole * 100 + cents;
	if (negative)
		*value_r = -*value_r;
	return 0;
}

int montant_parse(const char *s, montant *value_r)
{
	return parse(s, MONTANT_MAX / 100, value_r);
}

int montant_read(const char *s, montant *value_r)
{
	return parse(s, INT64_MAX / 100 - 1, value_r);
}

static uint64_t magnitude(montant value)
{
	return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

const char *montant_text(montant value, char out[MONTANT_SIZE])
{
	uint64_t whole = magnitude(value) / 100;
	unsigned cents = (unsigned)(magnitude(value) % 100);
	char text[MONTANT_SIZE], *end = text + sizeof text, *at = end;

	*--at = '\0';
	if (cents % 10 != 0)
		*--at = (char)('0' + cents % 10);
	if (cents != 0) {
		*--at = (char)('0' + cents / 10);
		*--at = '.';
	}
	do
		*--at = (char)('0' + whole % 10);
	while ((whole /= 10) != 0);
	if (value < 0)
		*--at = '-';
	return memcpy(out, at, (size_t)(end - at));
}

void montant_french(struct text *out, montant value)
{
	char whole[MONTANT_SIZE];
	size_t n = (size_t)snprintf(whole, sizeof whole, "%" PRIu64, magnitude(value) / 100);

	if (value < 0)
		text_puts(out, "\u2212");
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			text_puts(out, "\u202f");
		text_putc(out, whole[i]);
	}
	text_printf(out, ",%02u", (unsigned)(magnitude(value) % 100));
}

void json_montant(struct json_out *json, montant value)
{
	char out[MONTANT_SIZE];

	montant_text(value, out);
	json_raw(json, out, strlen(out));
}

void json_kmontant(struct json_out *json, const char *name, montant value)
{
	json_key(json, name);
	json_montant(json, value);
}

montant montant_prorata(montant value, int64_t numerator, int64_t denominator)
{
	__int128 product = (__int128)value * numerator;
	__int128 half = denominator / 2;

	if (denominator % 2 != 0)       /* compare twice the remainder, so that odd denominators round exactly */
		return (montant)((2 * product + (product < 0 ? -denominator : denominator)) /
		                 (2 * (__int128)denominator));
	return (montant)((product + (product < 0 ? -half : half)) / denominator);
}
