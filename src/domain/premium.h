/*
 * The period for which a landlord has paid.
 */
#ifndef DOMAIN_PREMIUM_H
#define DOMAIN_PREMIUM_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Does the period that ends at `end` run at `now` (both ms)? It runs to the end of that second, which is all that is
 * kept of the moment: whoever pays up to 23:59:59 pays for the day. 0: there never was one.
 */
bool premium_runs(int64_t end, int64_t now);

#endif
