/*
 * Who asks is recognised by what is remembered; the version, asked last, tells whether all of it still holds.
 *
 * The list of everything is worth more: after a write to an operation all who ask for it find nothing kept at the same
 * moment. One statement renews it here, for all of them. Whoever has so many unpaid operations that counting them takes
 * long is left to workers for a while.
 */
#include "gestion/at_once.h"

#include "access/answer_cache.h"
#include "access/app.h"
#include "access/guard.h"
#include "access/login.h"
#include "base/clock.h"
#include "base/jour.h"
#include "gestion/reading.h"

enum {
	REST_US = 5000000,              /* after the database failed */
	RENEWALS_MOST = 4,              /* in a row: the others wait for them */
	COUNTED_MOST = 2000,            /* unpaid operations, some half a millisecond */
	HEAVY_US = 60000000,
	HEAVY_MOST = 64                 /* accounts noted as heavy, by their number */
};

_Static_assert((int)AT_ONCE_MOST <= (int)VERSIONS_MOST, "one query for all");

/* A request of somebody who is remembered, as of some version. */
struct visit {
	struct request *request;
	struct user user;
};

static struct heavy {
	uint64_t user;
	int64_t until;
} heavy[HEAVY_MOST];

static size_t recognise(struct app *app, struct request *const *requests, size_t n, struct visit *visits)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		visits[known].request = requests[i];
		known += guard_recognises(app, requests[i], &visits[known].user);
	}
	return known;
}

static bool still_holds(const struct visit *visit, const struct version_wish *wish)
{
	return wish->found && wish->version.patrimoine == visit->user.version.patrimoine;
}

static bool find(struct app *app, const struct visit *visit, uint64_t version, jour today)
{
	struct request *request = visit->request;

	response_json(request, 200);
	if (answer_cache_get(app->answers, visit->user.id, &version, today, request->path, request->body))
		return true;
	request->status = 0;
	return false;
}

/* Returns false when the database failed. */
static bool renew(struct app *app, const struct visit *visit, struct version version)
{
	struct heavy *note = &heavy[visit->user.id % HEAVY_MOST];
	int64_t now = clock_mono_us();
	uint64_t counted = 0;
	enum db_status status;

	if (note->user == visit->user.id && note->until > now)
		return true;
	status = read_immeubles_renewed(app, visit->request, visit->user.id, version, &counted);
	if (counted > COUNTED_MOST)
		*note = (struct heavy){visit->user.id, now + HEAVY_US};
	return status == DB_OK || status == DB_NONE;
}

/* What is kept first; of the others a landlord's first may have been renewed for all of his. */
static bool answer(struct app *app, const struct visit *visits, const struct version_wish *wishes, size_t n)
{
	jour today = jour_today();
	size_t missing[AT_ONCE_MOST], n_missing = 0;
	unsigned left = RENEWALS_MOST;
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		if (still_holds(&visits[i], &wishes[i]) && !find(app, &visits[i], wishes[i].version.all, today) &&
		    visits[i].request->route->handler == read_immeubles)
			missing[n_missing++] = i;
	for (size_t k = 0; k < n_missing && ok; k++) {
		size_t i = missing[k];

		if ((k == 0 || !find(app, &visits[i], wishes[i].version.all, today)) && left > 0) {
			ok = renew(app, &visits[i], wishes[i].version);
			left--;
		}
	}
	return ok;
}

void at_once_answer(struct app *app, struct request *const *requests, size_t n)
{
	static int64_t not_before;      /* workers, who can wait, tell of a database that is not there */
	struct visit visits[AT_ONCE_MOST];
	struct version_wish wishes[AT_ONCE_MOST];
	size_t known = clock_mono_us() < not_before ? 0 : recognise(app, requests, n, visits);

	if (known == 0)
		return;
	for (size_t i = 0; i < known; i++)
		wishes[i] = (struct version_wish){.user = visits[i].user.id};
	if (user_versions_now(app->db, wishes, known) != DB_OK || !answer(app, visits, wishes, known))
		not_before = clock_mono_us() + REST_US;
}
