/*
 * What the commands of bailleurctl share: the parsed command line, the output, the way to say what went wrong.
 */
#ifndef CTL_H
#define CTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/json_out.h"
#include "base/pool.h"
#include "base/settings.h"
#include "base/text.h"
#include "db/db.h"
#include "store/client.h"
#include "store/delivery.h"
#include "store/user.h"

/* Exit statuses, as the manual page has them. */
enum ctl_exit { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

/* Bits of the options given, and of those a command takes. --config, --json and --help go with every command. */
enum ctl_option {
	CTL_RATE = 0x100,
	CTL_BURST = 0x200,
	CTL_CHANNEL = 0x400,
	CTL_UNKNOWN = 0x800,
	CTL_IS_FAILED = 0x1000,
	CTL_YES = 0x2000,
	CTL_EMAIL = 0x4000,
	CTL_FIRST_NAME = 0x8000,
	CTL_LAST_NAME = 0x10000,
	CTL_UNTIL = 0x20000
};

struct ctl {
	struct settings settings;
	struct db *db;
	struct pool *pool;
	struct text out;                /* what goes to standard output; main writes it when the command succeeded */
	struct json_out json;           /* writes into `out` */
	bool want_json;

	const char *const *args;        /* what follows the command's words */
	size_t n_args;
	unsigned given;                 /* bits of enum ctl_option */
	uint32_t rate, burst;
	enum delivery_channel channel;
	const char *email, *first_name, *last_name;     /* NULL: not given */
	int64_t until;                  /* ms, of --until */
};

/* One command. `words` are its name as typed. */
struct ctl_command {
	const char *words[2];
	const char *synopsis;           /* what follows the name */
	const char *purpose;
	size_t min_args, max_args;
	unsigned options;
	int (*run)(struct ctl *ctl);
	bool alone;                     /* needs neither configuration nor database: they are not there yet */
};

/* ctl_client.c */
int ctl_client_add(struct ctl *ctl);
int ctl_client_list(struct ctl *ctl);
int ctl_client_disable(struct ctl *ctl);
int ctl_client_enable(struct ctl *ctl);
int ctl_client_rotate(struct ctl *ctl);

/* ctl_queue.c */
int ctl_queue(struct ctl *ctl);
int ctl_resend(struct ctl *ctl);

/* ctl_hold.c */
int ctl_hold(struct ctl *ctl);
int ctl_queue_unknown(struct ctl *ctl);

/* ctl_why.c */
int ctl_why(struct ctl *ctl);

/* ctl_suppress.c */
int ctl_suppress_list(struct ctl *ctl);
int ctl_suppress_add(struct ctl *ctl);
int ctl_suppress_remove(struct ctl *ctl);

/* ctl_user.c */
int ctl_user_add(struct ctl *ctl);
int ctl_user_passwd(struct ctl *ctl);
int ctl_user_premium(struct ctl *ctl);
int ctl_user_list(struct ctl *ctl);
int ctl_devkey_add(struct ctl *ctl);
int ctl_devkey_list(struct ctl *ctl);
int ctl_devkey_disable(struct ctl *ctl);
int ctl_devkey_enable(struct ctl *ctl);

/* ctl_webhook.c */
int ctl_client_webhook(struct ctl *ctl);
int ctl_webhook_list(struct ctl *ctl);
int ctl_webhook_events(struct ctl *ctl);
int ctl_webhook_replay(struct ctl *ctl);
int ctl_webhook_rotate(struct ctl *ctl);
int ctl_webhook_disable(struct ctl *ctl);

/* ctl_portfolio.c */
int ctl_portfolio_import(struct ctl *ctl);
int ctl_portfolio_export(struct ctl *ctl);

/* Says `bailleurctl: …` on standard error and returns CTL_FAILED. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a command line that makes no sense; returns CTL_USAGE. */
int ctl_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what a failed database call means for the operator; returns CTL_FAILED. `doing`: "list the clients". */
int ctl_db_failed(const struct ctl *ctl, enum db_status status, const char *doing);

/* Writes what `out` holds and empties it. Returns 0, or -1 after saying why. */
int ctl_flush(struct ctl *ctl);

/*
 * Finds an API client by its name. CTL_OK, or CTL_FAILED after saying why.
 */
int ctl_find_client(struct ctl *ctl, const char *name, struct client *client_r);

/* Finds a landlord by user name or e-mail address. CTL_OK, or CTL_FAILED after saying why. */
int ctl_find_user(struct ctl *ctl, const char *login, struct user *user_r);

/*
 * The story of the message that is named by its number, the UUID of one of its deliveries, or the Message-ID of its
 * mail. CTL_OK, CTL_USAGE or CTL_FAILED (no such message) after saying why.
 */
int ctl_find_story(struct ctl *ctl, const char *given, struct delivery_story *story_r);

const char *ctl_channel_name(enum delivery_channel channel);

/*
 * ctl_output.c: text for people. Control characters of a client's text are shown as \xNN, never sent to the terminal.
 */
void ctl_put_safe(struct text *out, const char *s);

/* `age` in seconds as its two largest units: 4d 3h, 12m 5s. */
const char *ctl_age(struct pool *pool, int64_t seconds);

/* A moment as ISO 8601, or "-" for 0. */
const char *ctl_time(struct pool *pool, int64_t ms);

/* The same as a JSON value: a string, or null for 0. */
void ctl_json_time(struct json_out *json, const char *name, int64_t ms);

/* `  label    value` on a line; nothing when value is NULL. */
void ctl_put_field(struct text *out, const char *label, const char *value);

/* A table with a heading line; columns are as wide as their widest cell. */
enum { CTL_TABLE_COLUMNS = 8 };
struct ctl_table {
	size_t n_columns;
	size_t n_rows, capacity;
	const char **cells;             /* borrowed, row after row; the heading is row 0 */
};
void ctl_table_row(struct ctl_table *table, const char *const *cells);
void ctl_table_end(struct ctl_table *table, struct text *out);   /* writes it and frees it */

#endif
