/*
 * Amounts of money: whole cents in 64 bits, never binary floating point.
 */
#ifndef BASE_MONTANT_H
#define BASE_MONTANT_H

#include <stdint.h>

#include "base/json_out.h"
#include "base/text.h"

typedef int64_t montant;        /* cents; negative: owed */

/* What a column DECIMAL(12,2) holds: 9,999,999,999.99. */
#define MONTANT_MAX INT64_C(999999999999)

/*
 * Reads an exact decimal with at most two places: `1234`, `1234.5`, `1234.56`, also `1234,56` (the French comma), and a
 * leading '-'. No exponent, no separator of thousands, no space, no '+'. Returns 0, or -1 when it is not one, has more
 * places than can be kept (trailing zeros are no places) or is beyond MONTANT_MAX.
 */
int montant_parse(const char *s, montant *value_r);

/* The same without MONTANT_MAX, for a sum that was stored: any amount that 64 bits hold as cents. */
int montant_read(const char *s, montant *value_r);

/* The shortest form: `3703.7`, `6500`, `-0.05`. */
enum { MONTANT_SIZE = 24 };
const char *montant_text(montant value, char out[MONTANT_SIZE]);

/*
 * The French form: `1 234,56` with no-break spaces (U+202F) between thousands, always two places; no currency sign.
 * What is owed begins with a minus sign (U+2212).
 */
void montant_french(struct text *out, montant value);

/* As a JSON number in the shortest form. */
void json_montant(struct json_out *json, montant value);
void json_kmontant(struct json_out *json, const char *name, montant value);

/*
 * value × numerator / denominator, rounded to the nearest cent, halves away from zero, exact in between. The
 * denominator is positive; numerator and denominator are below 2^31.
 */
montant montant_prorata(montant value, int64_t numerator, int64_t denominator);

#endif
