/*
 * Dates, amounts and identifiers: what is read is within bounds, and is the same when it is written and read again.
 */
#include <string.h>

#include "base/jour.h"
#include "base/montant.h"
#include "base/oid.h"
#include "base/pool.h"
#include "fuzz.h"

static void check_jour(jour day)
{
	char out[JOUR_SIZE];
	struct jour_civil civil = jour_civil(day);
	int64_t midnight = jour_midnight(day);
	jour again;

	MUST(day >= JOUR_MIN && day <= JOUR_MAX);
	MUST(jour_exists(civil.year, civil.month, civil.day) && jour_of(civil.year, civil.month, civil.day) == day);
	MUST(jour_parse(jour_french(day, out), &again) == 0 && again == day);
	MUST(jour_parse_sql(jour_sql(day, out), &again) == 0 && again == day);
	MUST(jour_of_time(midnight) == day && jour_of_time(midnight - 1) == day - 1);
	MUST(jour_first_of_month(day) <= day && day <= jour_last_of_month(day));
	MUST(jour_add_months(jour_add_months(day, 1, civil.day), -1, civil.day) == day);
}

static void check_montant(montant amount)
{
	char out[MONTANT_SIZE];
	montant again;

	MUST(amount >= -MONTANT_MAX && amount <= MONTANT_MAX);
	MUST(montant_parse(montant_text(amount, out), &again) == 0 && again == amount);
	MUST(strpbrk(out, "eE,+ ") == NULL);
}

static void check_oid(const struct oid *oid, const char *given)
{
	char out[OID_TEXT];
	struct oid again;

	MUST(strlen(given) == 24 && strlen(oid_text(oid, out)) == 24);
	MUST(oid_parse(out, &again) == 0 && oid_same(oid, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_create();
	const char *given = pool_strndup(pool, (const char *)data, size);
	struct oid oid;
	montant amount;
	jour day;

	if (jour_parse(given, &day) == 0)
		check_jour(day);
	if (jour_parse_sql(given, &day) == 0)
		MUST(jour_civil(day).year >= 1 && jour_civil(day).year <= 9999);
	if (montant_parse(given, &amount) == 0)
		check_montant(amount);
	if (oid_parse(given, &oid) == 0)
		check_oid(&oid, given);
	pool_free(pool);
	return 0;
}
