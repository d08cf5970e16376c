/*
 * The mails a landlord had sent to a tenant.
 */
#include "gestion/emails.h"

#include "access/app.h"
#include "access/error.h"
#include "gestion/form.h"
#include "gestion/paper.h"
#include "store/tenant_mail.h"

static void write_named(struct json_out *json, const char *key, const struct oid *id, const char *name)
{
	json_key(json, key);
	json_object(json);
	form_oid(json, "id", id);
	json_kstr(json, "name", name != NULL ? name : "");
	json_object_end(json);
}

static void write_email(struct json_out *json, const char *user_id, const struct tenant_mail *mail,
                        const struct dossier *d)
{
	struct form form = {.json = json};

	json_object(json);
	json_kstr(json, "user_id", user_id);
	json_kinstant(json, "sentOn", mail->sent_on);
	json_kstr(json, "to", mail->to);
	json_kstr(json, "objet", mail->objet);
	json_kstr(json, "message", mail->message);
	write_named(json, "immeuble", &d->immeuble.id, d->immeuble.name);
	write_named(json, "bien", &d->bien.id, d->bien.nom);
	json_key(json, "locataire");
	form_locataire_short(&form, &d->locataire.id, d->locataire.nom, d->locataire.prenom);
	json_kmontant(json, "montant", mail->montant_final);
	json_kstr(json, "type", mail->type);
	json_kstr(json, "description", mail->description);
	form_oid(json, "id", &mail->id);
	json_object_end(json);
}

void emails_answer(struct app *app, struct request *request)
{
	struct dossier dossier;
	const char *user_id = pool_printf(request->pool, "%llu", (unsigned long long)app->user.id);
	struct tenant_mail *mails;
	struct json_out *json;
	enum db_status status;
	size_t n;

	if (!paper_dossier(app, request, &dossier))
		return;
	status = tenant_mail_list(app->db, request->pool, app->user.id, &dossier.locataire.id, &mails, &n);
	if (status != DB_OK) {
		error_gestion_database(request, app->db, status, "emails");
		return;
	}
	json = response_json(request, 200);
	json_object(json);
	json_key(json, "emails");
	json_array(json);
	for (size_t i = 0; i < n; i++)
		write_email(json, user_id, &mails[i], &dossier);
	json_array_end(json);
	json_kbool(json, "result", true);
	json_ki64(json, "code", GESTION_OK);
	json_kstr(json, "message", "");
	json_object_end(json);
}
