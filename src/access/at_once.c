/*
 * Who asks is recognised by what is remembered; the version, asked last, tells whether all of it still holds.
 */
#include "access/at_once.h"

#include "access/answer_cache.h"
#include "access/app.h"
#include "access/guard.h"
#include "access/login.h"
#include "base/clock.h"
#include "base/jour.h"

enum { REST_US = 5000000 };             /* after the database failed */

_Static_assert((int)AT_ONCE_MOST <= (int)VERSIONS_MOST, "one query for all");

/* A request of somebody who is remembered, as of some version. */
struct visit {
	struct request *request;
	struct user user;
};

static size_t recognise(struct app *app, struct request *const *requests, size_t n, struct visit *visits)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		visits[known].request = requests[i];
		known += guard_recognises(app, requests[i], &visits[known].user);
	}
	return known;
}

static void answer(struct app *app, const struct visit *visit, const struct version_wish *wish, jour today)
{
	struct request *request = visit->request;
	uint64_t version = wish->version.all;

	if (!wish->found || wish->version.patrimoine != visit->user.version.patrimoine)
		return;
	response_json(request, 200);
	if (!answer_cache_get(app->answers, visit->user.id, &version, today, request->path, request->body))
		request->status = 0;
}

void at_once_answer(struct app *app, struct request *const *requests, size_t n)
{
	static int64_t not_before;      /* workers, who can wait, tell of a database that is not there */
	struct visit visits[AT_ONCE_MOST];
	struct version_wish wishes[AT_ONCE_MOST];
	size_t known = clock_mono_us() < not_before ? 0 : recognise(app, requests, n, visits);
	jour today = jour_today();

	if (known == 0)
		return;
	for (size_t i = 0; i < known; i++)
		wishes[i] = (struct version_wish){.user = visits[i].user.id};
	if (user_versions_now(app->db, wishes, known) != DB_OK) {
		not_before = clock_mono_us() + REST_US;
		return;
	}
	for (size_t i = 0; i < known; i++)
		answer(app, &visits[i], &wishes[i], today);
}
