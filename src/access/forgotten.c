/*
 * Forgotten passwords.
 */
#include "access/forgotten.h"

#include "access/rate.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/seal.h"
#include "documents/letter.h"
#include "domain/address.h"
#include "domain/mot_de_passe.h"
#include "store/outbox.h"
#include "store/password_reset.h"
#include "store/tenant_mail.h"

enum { LIFETIME = 3600 };       /* seconds */

/*
 * Requests at once, and the seconds in which one more is allowed. A stranger who uses an account's up locks nobody out:
 * its owner then has a mail with a link that is still good, since a request that is not answered voids nothing.
 */
enum { ACCOUNT_BURST = 3, ACCOUNT_EVERY = 1200, ADDRESS_BURST = 20, ADDRESS_EVERY = 30 };

/* Where the mail that is taken back would have gone. */
#define NOBODY "personne@example.invalid"

struct forgotten_ask {
	const char *login, *remote_addr;
	bool counted, prepared, goes_out;
	uint32_t retry_after;
	struct password_reset reset;
	struct outbox_message message;
	struct outbox_lifetime lifetime;
	uint64_t client;
};

/* The same statements and one commit, whether or not the mail goes out: when it does not, it is taken back before. */
static enum db_status queue_ask(struct db *db, struct forgotten_ask *ask)
{
	enum db_status status = password_reset_put(db, &ask->reset);

	if (status == DB_OK)
		status = db_run(db, "SAVEPOINT mail", DB_NO_ARGS);
	if (status == DB_OK)
		status = outbox_queue_in(db, ask->client, &ask->lifetime, &ask->message, 1);
	if (status == DB_OK)
		status = db_run(db, ask->goes_out ? "RELEASE SAVEPOINT mail" : "ROLLBACK TO SAVEPOINT mail",
		                DB_NO_ARGS);
	return status;
}

static struct outbox_message message_to(const char *email, const char *to, const char *subject, const char *content)
{
	return (struct outbox_message){
		.channel = CHANNEL_EMAIL, .email = email, .email_to = to, .email_subject = subject,
		.email_content = content, .force_sending = true
	};
}

/* A new token, its hash in `ask`; the letter with its link, sealed for `to`. */
static const char *write_letter(const struct app *app, struct pool *pool, struct forgotten_ask *ask,
                                const char *username, const char *to)
{
	char token[SECRET_TEXT];
	const char *link, *letter;

	secret_random(token);
	secret_hash(token, ask->reset.token_hash);
	link = pool_printf(pool, "%s/reset/%s", app->settings->base_url, token);
	letter = letter_write(pool, LETTER_RESET, (const struct template_value[]){
		{"username", username}, {"link", link}, {"minutes", pool_printf(pool, "%d", LIFETIME / 60)}
	}, 3);
	return seal_close(pool, app->settings->secret, to, letter);
}

/* The account as the limits and the table know it: by its id, however it was named. */
static void account_of(struct pool *pool, const struct user *user, const char *login, uint8_t out[SECRET_HASH])
{
	secret_hash(user != NULL ? pool_printf(pool, "user %llu", (unsigned long long)user->id)
	                         : pool_printf(pool, "name %s", login), out);
}

/* Fills everything in for `user`, NULL when there is none. */
static void fill_in(struct app *app, struct pool *pool, struct forgotten_ask *ask, const struct user *user)
{
	const char *login = ask->login, *email = user != NULL && user->email != NULL ? user->email : login;
	const char *to = address_email(pool, email);
	int64_t expire = app->settings->expire_mail;

	account_of(pool, user, login, ask->reset.account);
	ask->goes_out = rate_take_every(app->failures, rate_key('q', NULL, ask->reset.account, SECRET_HASH),
	                                ACCOUNT_EVERY, ACCOUNT_BURST, clock_mono_us()).allowed &&
	                user != NULL && user->email != NULL && to != NULL;
	if (!ask->goes_out) {
		account_of(pool, NULL, login, ask->reset.account);
		email = to = NOBODY;
	}
	ask->reset.user_id = ask->goes_out ? user->id : 0;
	ask->reset.lifetime = LIFETIME;
	secret_hash(ask->goes_out ? user->password_hash : "", ask->reset.password_mark);
	/* Nobody needs the mail once its link is dead. */
	ask->lifetime = (struct outbox_lifetime){.mail = expire < LIFETIME ? expire : LIFETIME, .sms = LIFETIME};
	ask->message = message_to(email, to, "Votre nouveau mot de passe",
	                          write_letter(app, pool, ask, user != NULL ? user->username : login, to));
}

struct forgotten_ask *forgotten_begin(struct pool *pool, const char *login, const char *remote_addr)
{
	struct forgotten_ask *ask = pool_alloc(pool, sizeof *ask);

	*ask = (struct forgotten_ask){.login = login, .remote_addr = remote_addr};
	return ask;
}

/* Once, however often the transaction runs: a limit counts requests, and all mails of one have the same link. */
static enum db_status prepare(struct app *app, struct pool *pool, struct forgotten_ask *ask)
{
	struct user user;
	enum db_status found = password_reset_user(app->db, pool, ask->login, &user), status;

	if (found != DB_OK && found != DB_NONE)
		return found;
	status = tenant_mail_client(app->db, &ask->client);
	if (status != DB_OK)
		return status == DB_NONE ? DB_BUG : status;
	fill_in(app, pool, ask, found == DB_OK ? &user : NULL);
	ask->prepared = true;
	return DB_OK;
}

enum db_status forgotten_queue(struct app *app, struct pool *pool, struct forgotten_ask *ask, uint32_t *retry_after_r)
{
	enum db_status status = DB_OK;

	if (!ask->counted)
		ask->retry_after = rate_take_every(app->failures, rate_key('p', ask->remote_addr, "", 0),
		                                   ADDRESS_EVERY, ADDRESS_BURST, clock_mono_us()).retry_after;
	ask->counted = true;
	*retry_after_r = ask->retry_after;
	if (ask->retry_after != 0)
		return DB_NONE;
	if (!ask->prepared)
		status = prepare(app, pool, ask);
	return status == DB_OK ? queue_ask(app->db, ask) : status;
}

void forgotten_asked(struct app *app, const struct forgotten_ask *ask)
{
	if (!ask->prepared)
		return;
	log_event(LOG_LEVEL_INFO, "password-asked", "user", log_num((int64_t)ask->reset.user_id), NULL);
	/* What is left over, the next one finds. */
	(void)password_reset_purge(app->db);
}

enum db_status forgotten_owner(struct app *app, struct pool *pool, const char *token, struct user *user_r)
{
	uint8_t hash[SECRET_HASH];

	secret_hash(token, hash);
	return password_reset_find(app->db, pool, hash, false, user_r);
}

struct change {
	struct pool *pool;
	uint8_t token_hash[SECRET_HASH];
	char password_hash[128];
	struct outbox_message notice;           /* without email_to: the account has no address */
	struct outbox_lifetime lifetime;
	uint64_t client;
};

static enum db_status change_password(struct db *db, void *arg)
{
	struct change *change = arg;
	struct user user;
	enum db_status status = password_reset_find(db, change->pool, change->token_hash, true, &user);

	if (status == DB_OK)
		status = password_reset_use(db, change->token_hash, user.id, change->password_hash);
	if (status == DB_OK && change->notice.email_to != NULL)
		status = outbox_queue_in(db, change->client, &change->lifetime, &change->notice, 1);
	return status;
}

/*
 * Until it is known to be done or not. The stored hash has its own salt: if it is there, it is this change that put it.
 */
static enum db_status change_surely(struct db *db, struct change *change, uint64_t user_id)
{
	enum db_status status = DB_OK;
	bool doubtful = false;

	for (unsigned attempt = 0; attempt < DB_ATTEMPTS; attempt++) {
		if (attempt > 0)
			db_wait(attempt);
		status = db_transaction(db, change_password, change);
		if (status == DB_NONE && doubtful)
			return password_reset_is_set(db, user_id, change->password_hash);
		if (status != DB_UNCERTAIN)
			break;
		doubtful = true;
	}
	return status;
}

enum db_status forgotten_set(struct app *app, struct pool *pool, const char *token, const struct user *user,
                             const char *password)
{
	struct change change = {.pool = pool, .lifetime = {app->settings->expire_mail, app->settings->expire_sms}};
	const struct template_value values[] = {{"username", user->username}};
	enum db_status status;

	secret_hash(token, change.token_hash);
	if (mot_de_passe_hash(password, change.password_hash) != 0)
		return DB_BUG;
	status = tenant_mail_client(app->db, &change.client);
	if (status != DB_OK)
		return status == DB_NONE ? DB_BUG : status;
	change.notice = message_to(user->email, user->email != NULL ? address_email(pool, user->email) : NULL,
	                           "Votre mot de passe a été changé",
	                           letter_write(pool, LETTER_CHANGED, values, 1));
	status = change_surely(app->db, &change, user->id);
	if (status == DB_OK)
		log_event(LOG_LEVEL_INFO, "password-changed", "user", log_num((int64_t)user->id), NULL);
	return status;
}
