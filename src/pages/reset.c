/*
 * The page behind the link of a mail about a forgotten password. The address of the page is the secret that opens it.
 */
#include "pages/reset.h"

#include <string.h>

#include "access/error.h"
#include "access/forgotten.h"
#include "domain/mot_de_passe.h"
#include "domain/mot_de_passe_regle.h"
#include "pages/page.h"

static void fail(struct app *app, struct request *request, enum db_status status, const char *what)
{
	error_database(request, app->db, status, what);
	page_error(request, 500, NULL);
}

/* Bad, expired, used, replaced: all the same to who opens it. */
static void refuse_link(struct request *request)
{
	const struct template_value values[] = {
		{"title", "Ce lien n’est plus valable"},
		{"error", "Un lien ne sert qu’une fois, pendant une heure, et seul celui du dernier message compte. "
		 "Pour en recevoir un autre, choisissez «\u00a0mot de passe oublié\u00a0» dans l’application."}
	};
	page_answer(request, 404, values, sizeof values / sizeof values[0]);
}

static void show_form(struct request *request, const struct user *user, const char *problem)
{
	const struct template_value values[] = {
		{"title", "Nouveau mot de passe"},
		{"reset", "1"},
		{"username", user->username},
		{"problem", problem},
		{"minimum", pool_printf(request->pool, "%d", MOT_DE_PASSE_CHARS_MIN)}
	};
	page_answer(request, problem != NULL ? 422 : 200, values, sizeof values / sizeof values[0]);
}

static void show_done(struct request *request)
{
	const struct template_value values[] = {{"title", "Mot de passe changé"}, {"reset_done", "1"}};

	page_answer(request, 200, values, sizeof values / sizeof values[0]);
}

/* Finds whose link it is; answers itself and returns -1 when it is nobody's. */
static int find_owner(struct app *app, struct request *request, struct user *user_r)
{
	enum db_status status = forgotten_owner(app, request->pool, request->capture[0], user_r);

	if (status == DB_NONE)
		refuse_link(request);
	else if (status != DB_OK)
		fail(app, request, status, "reset-owner");
	return status == DB_OK ? 0 : -1;
}

/* What is wrong with the new password, in French; NULL: nothing. */
static const char *problem_of(struct request *request, const struct user *user, const char *password, const char *again)
{
	const char *personal[] = {user->username, user->email, user->first_name, user->last_name};

	switch (mot_de_passe_judge(password, personal, sizeof personal / sizeof personal[0])) {
	case MOT_DE_PASSE_TROP_COURT:
		return pool_printf(request->pool, "Ce mot de passe est trop court : il faut au moins %d caractères.",
		                   MOT_DE_PASSE_CHARS_MIN);
	case MOT_DE_PASSE_TROP_LONG:
		return "Ce mot de passe est trop long.";
	case MOT_DE_PASSE_DEVINABLE:
		return "Ce mot de passe est trop facile à deviner : évitez les mots de passe courants, les suites "
		       "comme 12345 ou azerty, les répétitions et votre nom.";
	case MOT_DE_PASSE_BON:
		break;
	}
	return strcmp(password, again) != 0 ? "Les deux mots de passe ne sont pas les mêmes." : NULL;
}

void reset_ask(struct app *app, struct request *request)
{
	struct user user;

	if (find_owner(app, request, &user) == 0)
		show_form(request, &user, NULL);
}

void reset_do(struct app *app, struct request *request)
{
	const char *password = "", *again = "", *problem;
	struct user user;
	enum db_status status;

	if (find_owner(app, request, &user) != 0)
		return;
	if (params_text(&request->params, "password", MOT_DE_PASSE_MAX, &password) == PARAM_INVALID ||
	    params_text(&request->params, "again", MOT_DE_PASSE_MAX, &again) == PARAM_INVALID) {
		show_form(request, &user, "Ce mot de passe est trop long.");
		return;
	}
	problem = problem_of(request, &user, password, again);
	if (problem != NULL) {
		show_form(request, &user, problem);
		return;
	}
	status = forgotten_set(app, request->pool, request->capture[0], &user, password);
	if (status == DB_OK)
		show_done(request);
	else if (status == DB_NONE)
		refuse_link(request);
	else
		fail(app, request, status, "reset");
}
