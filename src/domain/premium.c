/*
 * The period for which a landlord has paid.
 */
#include "domain/premium.h"

enum { SECOND_MS = 1000 };

bool premium_runs(int64_t end, int64_t now)
{
	return end != 0 && now < end - end % SECOND_MS + SECOND_MS;
}
