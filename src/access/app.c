/*
 * The application's own state: what workers share, made before the fork, and what each has for itself.
 */
#include "access/app.h"

#include "access/answer_cache.h"
#include "access/login.h"
#include "access/memo.h"
#include "access/rate.h"

enum { RATE_KEYS = 4096, FAILURE_KEYS = 16384, LOGINS = 131072, ANSWERS = 4096, ANSWER_SIZE = 128 * 1024 };

void app_share(struct app *app, struct settings *settings, struct prefork *prefork)
{
	app->settings = settings;
	app->prefork = prefork;
	user_share();
	memo_unshare(app->remembered);
	app->remembered = memo_share();
	answer_cache_free(app->answers);
	app->answers = answer_cache_create(ANSWERS, ANSWER_SIZE);
	if (app->rates != NULL)
		return;
	app->rates = rate_table_create(RATE_KEYS);
	app->failures = rate_table_create(FAILURE_KEYS);
	app->logins = login_cache_create(LOGINS);
}

void app_start(struct app *app)
{
	app->db = db_open(app->settings);
	app->memo = memo_create(app->remembered);
}

void app_stop(struct app *app)
{
	db_close(app->db);
	app->db = NULL;
	memo_free(app->memo);
	app->memo = NULL;
}
