/*
 * Who asks is recognised by what is remembered, and the versions of all of them are asked for; then what is kept of
 * these versions is found.
 *
 * The list of everything is worth more: after a write to an operation all who ask for it find nothing kept at the same
 * moment. One statement renews it here, for all of them. The others wait meanwhile: so that is done for a short time
 * only, and whoever has so much to be counted that it takes long, or fails, is left to workers for a while.
 */
#include "gestion/at_once.h"

#include "access/answer_cache.h"
#include "access/app.h"
#include "access/guard.h"
#include "access/login.h"
#include "base/clock.h"
#include "base/jour.h"
#include "base/log.h"
#include "gestion/reading.h"

enum {
	LOST_REST_US = 5000000,         /* after the database was not there */
	BUSY_REST_US = 1000000,         /* after it did not answer in time */
	RENEWALS_US = 2000,             /* for all of a call, and the statement that is begun before */
	COUNTED_MOST = 2000,            /* unpaid operations, some half a millisecond */
	HEAVY_US = 60000000,            /* for which an account is left to workers */
	HEAVY_BUCKETS = 1024
};

_Static_assert((int)AT_ONCE_MOST <= (int)VERSIONS_MOST, "one query for all");

/* A request of somebody who is remembered, and what the database says of him now. */
struct visit {
	struct request *request;
	struct user user;
	struct version version;
};

/* Until when accounts are left to workers, by their number: who shares a bucket with such a one is too. */
static int64_t heavy_until[HEAVY_BUCKETS];

static size_t recognise(struct app *app, struct request *const *requests, size_t n, struct visit *visits)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		visits[known].request = requests[i];
		known += guard_recognises(app, requests[i], &visits[known].user);
	}
	return known;
}

/* Leaves only those whose account is as it is remembered. */
static enum db_status verify(struct app *app, struct visit *visits, size_t *n)
{
	struct version_wish wishes[AT_ONCE_MOST];
	size_t kept = 0;
	enum db_status status;

	for (size_t i = 0; i < *n; i++)
		wishes[i] = (struct version_wish){.user = visits[i].user.id};
	status = user_versions_now(app->db, wishes, *n);
	for (size_t i = 0; i < *n && status == DB_OK; i++) {
		if (!wishes[i].found || wishes[i].version.patrimoine != visits[i].user.version.patrimoine)
			continue;
		visits[kept] = visits[i];
		visits[kept++].version = wishes[i].version;
	}
	*n = kept;
	return status;
}

static bool find_answer(struct app *app, const struct visit *visit, jour today)
{
	struct request *request = visit->request;
	uint64_t version = visit->version.all;

	response_json(request, 200);
	if (answer_cache_get(app->answers, visit->user.id, &version, today, request->path, request->body))
		return true;
	request->status = 0;
	return false;
}

static enum db_status renew(struct app *app, const struct visit *visit)
{
	int64_t *until = &heavy_until[visit->user.id % HEAVY_BUCKETS], now = clock_mono_us();
	uint64_t counted = 0;
	enum db_status status;

	if (*until > now)
		return DB_NONE;
	log_set_request(visit->request->id);
	status = read_immeubles_renewed(app, visit->request, visit->user.id, visit->version, &counted);
	log_set_request(NULL);
	if ((status != DB_OK && status != DB_NONE) || counted > COUNTED_MOST)
		*until = now + HEAVY_US;
	return status;
}

/*
 * Of those who ask for the same list the first has it renewed, and the others find it. DB_OK, or DB_LOST; that
 * somebody's list could not be renewed says nothing of the others'.
 */
static enum db_status renew_all(struct app *app, struct visit *const *missing, size_t n, jour today)
{
	int64_t deadline = clock_mono_us() + RENEWALS_US;

	for (size_t i = 0; i < n; i++)
		if ((i == 0 || !find_answer(app, missing[i], today)) && clock_mono_us() < deadline &&
		    renew(app, missing[i]) == DB_LOST)
			return DB_LOST;
	return DB_OK;
}

static void answer(struct app *app, struct request *const *requests, size_t n, bool renews)
{
	static int64_t not_before;      /* workers, who can wait, tell of a database that is not there */
	struct visit visits[AT_ONCE_MOST], *missing[AT_ONCE_MOST];
	size_t known = clock_mono_us() < not_before ? 0 : recognise(app, requests, n, visits), n_missing = 0;
	enum db_status status;
	jour today;

	if (known == 0)
		return;
	status = verify(app, visits, &known);
	today = jour_today();
	for (size_t i = 0; i < known; i++)
		if (!find_answer(app, &visits[i], today) && visits[i].request->route->handler == read_immeubles)
			missing[n_missing++] = &visits[i];
	if (status == DB_OK && renews)
		status = renew_all(app, missing, n_missing, today);
	if (status != DB_OK)
		not_before = clock_mono_us() + (status == DB_LOST ? LOST_REST_US : BUSY_REST_US);
}

void at_once_answer(struct app *app, struct request *const *requests, size_t n)
{
	answer(app, requests, n, true);
}

void at_once_find(struct app *app, struct request *const *requests, size_t n)
{
	answer(app, requests, n, false);
}
