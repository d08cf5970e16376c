/*
 * The application's own state: what workers share, made before the fork, and what each has for itself.
 */
#include "access/app.h"

#include "access/rate.h"

enum { RATE_KEYS = 4096 };

void app_share(struct app *app, struct settings *settings, struct prefork *prefork)
{
	app->settings = settings;
	app->prefork = prefork;
	if (app->rates == NULL)
		app->rates = rate_table_create(RATE_KEYS);
}

void app_start(struct app *app)
{
	app->db = db_open(app->settings);
}

void app_stop(struct app *app)
{
	db_close(app->db);
	app->db = NULL;
}
