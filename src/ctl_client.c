/*
 * bailleurctl client: the API clients, their keys, secrets and limits.
 *
 * A secret is shown once, when it is made, and kept only as its hash.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "ctl.h"
#include "domain/line.h"
#include "store/tenant_mail.h"

enum { DEFAULT_RATE = 6000, DEFAULT_BURST = 1000, KEY_CHARS = 22, NAME_MAX_CHARS = 100 };

/* A name is shown in mails and pages: text of one line, not blank, of a length the table takes. */
static bool name_is_fit(const char *name)
{
	size_t len = strlen(name);

	return text_is_utf8(name, len) && !text_is_blank(name) && text_codepoints(name, len) <= NAME_MAX_CHARS &&
	       line_is_clean(name);
}

int ctl_find_client(struct ctl *ctl, const char *name, struct client *client_r)
{
	struct client *clients = NULL;
	size_t n = 0;
	enum db_status status = client_list(ctl->db, ctl->pool, &clients, &n);

	if (status != DB_OK && status != DB_NONE)
		return ctl_db_failed(ctl, status, "look the client up");
	for (size_t i = 0; i < n; i++)
		if (strcmp(clients[i].name, name) == 0) {
			*client_r = clients[i];
			return CTL_OK;
		}
	return ctl_fail("no client is named «%s» (see bailleurctl client list)", name);
}

/* Shows a key and its new secret. */
static void show_secret(struct ctl *ctl, const struct client *client, const char *secret)
{
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "id", client->id);
		json_kstr(&ctl->json, "name", client->name);
		json_kstr(&ctl->json, "auth_key", client->auth_key);
		json_kstr(&ctl->json, "auth_secret", secret);
		json_ku64(&ctl->json, "rate", client->rate);
		json_ku64(&ctl->json, "burst", client->burst);
		json_object_end(&ctl->json);
		return;
	}
	ctl_put_field(&ctl->out, "name", client->name);
	ctl_put_field(&ctl->out, "auth_key", client->auth_key);
	ctl_put_field(&ctl->out, "auth_secret", secret);
	text_puts(&ctl->out, "The secret is shown this once; only its hash is kept.\n");
}

/* An insert whose commit got no answer is settled by looking for the key, which nobody else can have made. */
static enum db_status add_settled(struct ctl *ctl, struct client *client)
{
	struct client found;
	enum db_status status = client_add(ctl->db, client);

	if (status != DB_UNCERTAIN)
		return status;
	status = client_by_key(ctl->db, ctl->pool, client->auth_key, &found);
	if (status == DB_OK)
		client->id = found.id;
	return status == DB_NONE ? DB_LOST : status;
}

int ctl_client_add(struct ctl *ctl)
{
	char key[SECRET_TEXT], secret[SECRET_TEXT];
	struct client client = {
		.name = ctl->args[0],
		.auth_key = key,
		.rate = (ctl->given & CTL_RATE) ? ctl->rate : DEFAULT_RATE,
		.burst = (ctl->given & CTL_BURST) ? ctl->burst : DEFAULT_BURST,
		.created_at = clock_now_ms(),
	};
	enum db_status status;

	if (!name_is_fit(client.name))
		return ctl_misuse("a client's name is 1 to %d characters on one line", NAME_MAX_CHARS);
	secret_random(key);
	key[KEY_CHARS] = '\0';
	secret_random(secret);
	secret_hash(secret, client.secret_hash);

	status = add_settled(ctl, &client);
	if (status == DB_DUPLICATE)
		return ctl_fail("a client named «%s» is there already (rotate gives it a new secret)", client.name);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "add the client");
	show_secret(ctl, &client, secret);
	return CTL_OK;
}

static void list_json(struct ctl *ctl, const struct client *clients, size_t n)
{
	json_object(&ctl->json);
	json_key(&ctl->json, "clients");
	json_array(&ctl->json);
	for (size_t i = 0; i < n; i++) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "id", clients[i].id);
		json_kstr(&ctl->json, "name", clients[i].name);
		json_kstr(&ctl->json, "auth_key", clients[i].auth_key);
		json_ku64(&ctl->json, "rate", clients[i].rate);
		json_ku64(&ctl->json, "burst", clients[i].burst);
		json_kbool(&ctl->json, "disabled", clients[i].disabled);
		ctl_json_time(&ctl->json, "created_at", clients[i].created_at);
		json_object_end(&ctl->json);
	}
	json_array_end(&ctl->json);
	json_object_end(&ctl->json);
}

static void list_text(struct ctl *ctl, const struct client *clients, size_t n)
{
	struct ctl_table table = {.n_columns = 7};

	ctl_table_row(&table, (const char *const[]){"ID", "NAME", "KEY", "RATE/MIN", "BURST", "STATE", "CREATED"});
	for (size_t i = 0; i < n; i++)
		ctl_table_row(&table, (const char *const[]){
			pool_printf(ctl->pool, "%" PRIu64, clients[i].id), clients[i].name, clients[i].auth_key,
			pool_printf(ctl->pool, "%" PRIu32, clients[i].rate),
			pool_printf(ctl->pool, "%" PRIu32, clients[i].burst),
			clients[i].disabled ? "disabled" : "enabled", ctl_time(ctl->pool, clients[i].created_at)});
	ctl_table_end(&table, &ctl->out);
}

int ctl_client_list(struct ctl *ctl)
{
	struct client *clients = NULL;
	size_t n = 0;
	enum db_status status = client_list(ctl->db, ctl->pool, &clients, &n);

	if (status != DB_OK && status != DB_NONE)
		return ctl_db_failed(ctl, status, "list the clients");
	(ctl->want_json ? list_json : list_text)(ctl, clients, n);
	return CTL_OK;
}

/* Whoever could use the programs' own row would read the mails of all landlords to their tenants. */
static int refuse_own(const struct client *client)
{
	if (strcmp(client->name, TENANT_MAIL_CLIENT) != 0)
		return CTL_OK;
	return ctl_fail("«%s» stands for the landlords' mails and is nobody's to use", client->name);
}

static int set_disabled(struct ctl *ctl, bool disabled)
{
	struct client client;
	enum db_status status;
	int exit_status = ctl_find_client(ctl, ctl->args[0], &client);

	if (exit_status == CTL_OK && !disabled)
		exit_status = refuse_own(&client);
	if (exit_status != CTL_OK)
		return exit_status;
	status = client_set_disabled(ctl->db, client.name, disabled);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, disabled ? "disable the client" : "enable the client");
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "id", client.id);
		json_kstr(&ctl->json, "name", client.name);
		json_kbool(&ctl->json, "disabled", disabled);
		json_object_end(&ctl->json);
	} else {
		ctl_put_safe(&ctl->out, client.name);
		text_puts(&ctl->out, disabled ? " is disabled\n" : " is enabled\n");
	}
	return CTL_OK;
}

int ctl_client_disable(struct ctl *ctl)
{
	return set_disabled(ctl, true);
}

int ctl_client_enable(struct ctl *ctl)
{
	return set_disabled(ctl, false);
}

int ctl_client_rotate(struct ctl *ctl)
{
	char secret[SECRET_TEXT];
	struct client client;
	enum db_status status;
	int exit_status = ctl_find_client(ctl, ctl->args[0], &client);

	if (exit_status == CTL_OK)
		exit_status = refuse_own(&client);
	if (exit_status != CTL_OK)
		return exit_status;
	secret_random(secret);
	secret_hash(secret, client.secret_hash);
	status = client_set_secret(ctl->db, client.name, client.secret_hash);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "change the secret");
	show_secret(ctl, &client, secret);
	return CTL_OK;
}
