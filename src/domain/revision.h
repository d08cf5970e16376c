/*
 * What a tenant pays now: the lease's amount until a revision changed it.
 */
#ifndef DOMAIN_REVISION_H
#define DOMAIN_REVISION_H

#include "base/montant.h"
#include "base/pool.h"

/*
 * The amount called `field` ("loyerNew", "provisionNew") of the latest revision in `revisions`, a JSON object whose
 * keys are years as the API has it; `initial` when there is none. NULL, or JSON of another form, is no revision.
 */
montant revision_last(struct pool *pool, const char *revisions, const char *field, montant initial);

#endif
