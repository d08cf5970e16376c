/*
 * bailleurctl user and devkey: the landlords' accounts, and the keys of the apps that call for them.
 *
 * A password is read from standard input, never from the command line, where other users of the machine would see it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/jour.h"
#include "base/secret.h"
#include "ctl.h"
#include "domain/address.h"
#include "domain/line.h"
#include "domain/mot_de_passe.h"
#include "store/user.h"

enum { NAME_CHARS = 100, OFFER_CHARS = 50 };

/* One line of text that a column of `most` characters takes. */
static bool is_line(const char *s, size_t most)
{
	size_t len = strlen(s);

	return text_is_utf8(s, len) && !text_is_blank(s) && text_codepoints(s, len) <= most && line_is_clean(s);
}

/* Reads one line without its end; on a terminal it asks, and shows nothing of what is typed. */
static int read_password(char *line, size_t size)
{
	struct termios before, quiet;
	bool asks = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
	char *got;

	if (asks) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		fputs("Password: ", stderr);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	got = fgets(line, (int)size, stdin);
	if (asks) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	if (got == NULL)
		return ctl_fail("a password is read from standard input, and none came");
	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] == '\0' || strlen(line) > MOT_DE_PASSE_MAX || !text_is_utf8(line, strlen(line)))
		return ctl_fail("a password is 1 to %d bytes of UTF-8", MOT_DE_PASSE_MAX);
	return CTL_OK;
}

static int hash_password(char hash[128])
{
	char line[MOT_DE_PASSE_MAX + 3];
	int exit_status = read_password(line, sizeof line);

	if (exit_status == CTL_OK && mot_de_passe_hash(line, hash) != 0)
		exit_status = ctl_fail("cannot hash the password");
	sodium_memzero(line, sizeof line);
	return exit_status;
}

int ctl_find_user(struct ctl *ctl, const char *login, struct user *user_r)
{
	enum db_status status = user_by_login(ctl->db, ctl->pool, login, user_r);

	if (status == DB_OK)
		return CTL_OK;
	if (status == DB_NONE)
		return ctl_fail("no landlord is named «%s» (see bailleurctl user list)", login);
	return ctl_db_failed(ctl, status, "look the landlord up");
}

static void show_done(struct ctl *ctl, const struct user *user, const char *done)
{
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "userid", user->id);
		json_kstr(&ctl->json, "username", user->username);
		json_object_end(&ctl->json);
		return;
	}
	ctl_put_safe(&ctl->out, user->username);
	text_printf(&ctl->out, " (%" PRIu64 ") %s\n", user->id, done);
}

int ctl_user_add(struct ctl *ctl)
{
	char hash[128];
	struct user user = {
		.username = ctl->args[0],
		.email = ctl->email,
		.password_hash = hash,
		.first_name = ctl->first_name != NULL ? ctl->first_name : "",
		.last_name = ctl->last_name != NULL ? ctl->last_name : ""
	};
	enum db_status status;

	if (!is_line(user.username, NAME_CHARS))
		return ctl_misuse("a user name is 1 to %d characters on one line", NAME_CHARS);
	if (user.email != NULL && address_email(ctl->pool, user.email) == NULL)
		return ctl_misuse("«%s» is not an e-mail address", user.email);
	if ((user.first_name[0] != '\0' && !is_line(user.first_name, NAME_CHARS)) ||
	    (user.last_name[0] != '\0' && !is_line(user.last_name, NAME_CHARS)))
		return ctl_misuse("a name is at most %d characters on one line", NAME_CHARS);
	if (hash_password(hash) != CTL_OK)
		return CTL_FAILED;
	status = user_add(ctl->db, &user);
	if (status == DB_DUPLICATE)
		return ctl_fail("a landlord with this user name or e-mail address is there already");
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "add the landlord");
	show_done(ctl, &user, "is added");
	return CTL_OK;
}

int ctl_user_passwd(struct ctl *ctl)
{
	struct user user = {0};
	char hash[128];
	enum db_status status;

	if (ctl_find_user(ctl, ctl->args[0], &user) != CTL_OK || hash_password(hash) != CTL_OK)
		return CTL_FAILED;
	status = user_set_password(ctl->db, user.id, hash);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "change the password");
	show_done(ctl, &user, "has a new password");
	return CTL_OK;
}

/* An ISO 8601 time, or a day (dd/mm/yyyy) up to its end in Paris. Returns 0, or -1. */
static int read_end(const char *given, int64_t *ms_r)
{
	jour day;

	if (strchr(given, '/') == NULL)
		return clock_parse_iso(given, ms_r);
	if (jour_parse(given, &day) != 0)
		return -1;
	*ms_r = (jour_midnight(day + 1) - 1) * 1000;
	return 0;
}

int ctl_user_premium(struct ctl *ctl)
{
	struct user user = {0};
	const char *offer = NULL;
	int64_t end = 0;
	enum db_status status;

	if (ctl->n_args == 2)
		return ctl_misuse("until when? usage: bailleurctl user premium USERNAME [OFFER UNTIL]");
	if (ctl->n_args == 3) {
		offer = ctl->args[1];
		if (!is_line(offer, OFFER_CHARS))
			return ctl_misuse("an offer is 1 to %d characters on one line", OFFER_CHARS);
		if (read_end(ctl->args[2], &end) != 0)
			return ctl_misuse("«%s» is neither a day (31/12/2030) nor an ISO 8601 time", ctl->args[2]);
	}
	if (ctl_find_user(ctl, ctl->args[0], &user) != CTL_OK)
		return CTL_FAILED;
	status = user_set_premium(ctl->db, user.id, offer, end);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "change the premium period");
	show_done(ctl, &user, offer != NULL ? "is premium" : "has no premium period");
	return CTL_OK;
}

static void users_json(struct ctl *ctl, const struct user *users, size_t n)
{
	json_object(&ctl->json);
	json_key(&ctl->json, "users");
	json_array(&ctl->json);
	for (size_t i = 0; i < n; i++) {
		json_object(&ctl->json);
		json_ku64(&ctl->json, "userid", users[i].id);
		json_kstr(&ctl->json, "username", users[i].username);
		json_kstr(&ctl->json, "email", users[i].email);
		json_kstr(&ctl->json, "first_name", users[i].first_name);
		json_kstr(&ctl->json, "last_name", users[i].last_name);
		json_kstr(&ctl->json, "premium_offer", users[i].premium_offer);
		ctl_json_time(&ctl->json, "premium_end", users[i].premium_end);
		json_object_end(&ctl->json);
	}
	json_array_end(&ctl->json);
	json_object_end(&ctl->json);
}

static void users_text(struct ctl *ctl, const struct user *users, size_t n)
{
	struct ctl_table table = {.n_columns = 6};

	ctl_table_row(&table, (const char *const[]){"ID", "USERNAME", "EMAIL", "NAME", "OFFER", "UNTIL"});
	for (size_t i = 0; i < n; i++)
		ctl_table_row(&table, (const char *const[]){
			pool_printf(ctl->pool, "%" PRIu64, users[i].id), users[i].username,
			users[i].email != NULL ? users[i].email : "-",
			pool_printf(ctl->pool, "%s %s", users[i].first_name, users[i].last_name),
			users[i].premium_offer != NULL ? users[i].premium_offer : "-",
			ctl_time(ctl->pool, users[i].premium_end)});
	ctl_table_end(&table, &ctl->out);
}

int ctl_user_list(struct ctl *ctl)
{
	struct user *users = NULL;
	size_t n = 0;
	enum db_status status = user_list(ctl->db, ctl->pool, &users, &n);

	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "list the landlords");
	(ctl->want_json ? users_json : users_text)(ctl, users, n);
	return CTL_OK;
}

int ctl_devkey_add(struct ctl *ctl)
{
	char key[SECRET_TEXT];
	uint8_t hash[SECRET_HASH];
	enum db_status status;

	if (!is_line(ctl->args[0], NAME_CHARS))
		return ctl_misuse("a key's name is 1 to %d characters on one line", NAME_CHARS);
	secret_random(key);
	secret_hash(key, hash);
	status = devkey_add(ctl->db, ctl->args[0], hash);
	if (status == DB_DUPLICATE)
		return ctl_fail("a key named «%s» is there already", ctl->args[0]);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "add the key");
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "name", ctl->args[0]);
		json_kstr(&ctl->json, "key", key);
		json_object_end(&ctl->json);
		return CTL_OK;
	}
	ctl_put_field(&ctl->out, "name", ctl->args[0]);
	ctl_put_field(&ctl->out, "key", key);
	text_puts(&ctl->out, "The key is shown this once; only its hash is kept.\n");
	return CTL_OK;
}

static int set_disabled(struct ctl *ctl, bool disabled)
{
	const char *name = ctl->args[0];
	enum db_status status = devkey_set_disabled(ctl->db, name, disabled);

	if (status == DB_NONE)
		return ctl_fail("no key is named «%s» (see bailleurctl devkey list)", name);
	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "change the key");
	if (ctl->want_json) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "name", name);
		json_kbool(&ctl->json, "disabled", disabled);
		json_object_end(&ctl->json);
	} else {
		ctl_put_safe(&ctl->out, name);
		text_puts(&ctl->out, disabled ? " is disabled\n" : " is enabled\n");
	}
	return CTL_OK;
}

int ctl_devkey_disable(struct ctl *ctl)
{
	return set_disabled(ctl, true);
}

int ctl_devkey_enable(struct ctl *ctl)
{
	return set_disabled(ctl, false);
}

static void keys_json(struct ctl *ctl, const struct devkey *keys, size_t n)
{
	json_object(&ctl->json);
	json_key(&ctl->json, "devkeys");
	json_array(&ctl->json);
	for (size_t i = 0; i < n; i++) {
		json_object(&ctl->json);
		json_kstr(&ctl->json, "name", keys[i].name);
		json_kbool(&ctl->json, "disabled", keys[i].disabled);
		ctl_json_time(&ctl->json, "created_at", keys[i].created_at);
		json_object_end(&ctl->json);
	}
	json_array_end(&ctl->json);
	json_object_end(&ctl->json);
}

static void keys_text(struct ctl *ctl, const struct devkey *keys, size_t n)
{
	struct ctl_table table = {.n_columns = 3};

	ctl_table_row(&table, (const char *const[]){"NAME", "STATE", "CREATED"});
	for (size_t i = 0; i < n; i++)
		ctl_table_row(&table, (const char *const[]){keys[i].name, keys[i].disabled ? "disabled" : "enabled",
		                                            ctl_time(ctl->pool, keys[i].created_at)});
	ctl_table_end(&table, &ctl->out);
}

int ctl_devkey_list(struct ctl *ctl)
{
	struct devkey *keys = NULL;
	size_t n = 0;
	enum db_status status = devkey_list(ctl->db, ctl->pool, &keys, &n);

	if (status != DB_OK)
		return ctl_db_failed(ctl, status, "list the keys");
	(ctl->want_json ? keys_json : keys_text)(ctl, keys, n);
	return CTL_OK;
}
