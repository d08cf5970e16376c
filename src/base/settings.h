/*
 * The configuration file, read once into one struct: INI groups, every option in one table (settings.c) with its name,
 * default, bounds and meaning. A bad value, an unknown name or a line that is not one stops the start with file and
 * line.
 * The group [client] is left to the MariaDB connector, which reads the same file as any MySQL tool would; but at every
 * connection, and then settings_connector_file() has what these settings were read from.
 */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/snapshot.h"

enum settings_transport { TRANSPORT_FILE, TRANSPORT_SMTP, TRANSPORT_KANNEL, TRANSPORT_HTTP };
enum settings_tls { TLS_NONE, TLS_STARTTLS, TLS_IMPLICIT };

/* Strings are owned by the struct, never NULL ("" when unset). Durations are in seconds. */
struct settings {
	char *file;                     /* the path it was read from */
	struct snapshot snapshot;       /* what it held then */

	/* [bailleur] */
	char *base_url;                 /* https://host, no final slash: links in mails and pages start with it */
	char *secret;                   /* at least 32 characters: signs unsubscribe links and delivery-report URLs */
	char *templates;                /* directory searched before the installed templates; may be "" */
	char *log_file;                 /* "" is standard error */
	int log_level;                  /* error, warn, info, debug */

	/* [database] */
	char *db_hosts;                 /* host[:port], comma separated; "" uses what [client] says */
	int64_t db_connect_timeout;
	int64_t db_read_timeout;
	int64_t db_write_timeout;

	/* [api] */
	int64_t workers;
	int64_t express;
	int64_t shuttle;
	int64_t request_deadline;       /* a worker busy for longer with one request is ended */
	int64_t stop_timeout;           /* how long requests in progress may take to finish at a stop */
	int64_t body_max;               /* bytes */

	/* [gestion] */
	bool premium_only;              /* serve only landlords whose premium period runs */
	char *maps_key;                 /* of the map images in the answers */

	/* [sender] */
	char *mail_transport;           /* file or smtp */
	int mail_transport_id;
	char *sms_transport;            /* file, kannel or http */
	int sms_transport_id;
	char *spool;                    /* where the file transports write */
	int64_t claim_size;             /* deliveries claimed at once */
	int64_t lease;                  /* longer than any transport timeout */
	int64_t retry_first;            /* delay before the first retry */
	int64_t retry_max;              /* longest delay between two */
	int64_t expire_mail;            /* how long a mail is tried */
	int64_t expire_sms;
	int64_t expire_webhook;

	/* [webhook] */
	int64_t webhook_connections;
	int64_t webhook_timeout;
	int64_t webhook_retry_first;    /* delay after a first failure; it doubles up to webhook_retry_max */
	int64_t webhook_retry_max;
	bool webhook_allow_private;     /* post to loopback and private networks too */
	char *webhook_ca_file;

	/* [robot] */
	int64_t keep_messages;          /* delete finished messages older than this; 0: never */

	/* [smtp] */
	char *smtp_host;
	int64_t smtp_port;
	int smtp_tls;                   /* none, starttls, implicit */
	bool smtp_verify;               /* check the certificate */
	char *smtp_ca_file;
	char *smtp_user;
	char *smtp_password;
	char *smtp_helo;
	char *mail_from;                /* envelope and header sender address */
	char *mail_from_name;
	int64_t smtp_connections;
	int64_t smtp_timeout;

	/* [sms] */
	char *sms_url;                  /* Kannel: http://host:port/cgi-bin/sendsms; http: a template */
	char *sms_user;
	char *sms_password;
	char *sms_sender;               /* originator when the message names none */
	char *sms_method;               /* http: GET or POST */
	char *sms_headers;              /* http: header lines separated by '|' */
	char *sms_body;                 /* http: body template */
	char *sms_success;              /* http: HTTP statuses taken as accepted, e.g. "200,202" */
	bool sms_reports;               /* ask for delivery reports */
	int64_t sms_connections;
	int64_t sms_timeout;
};

/* Reads `path`. On error writes `path:line: what is wrong` to `err` and returns -1; nothing to free then. */
int settings_load(struct settings *settings, const char *path, FILE *err);

void settings_free(struct settings *settings);

/*
 * The path of a file with the connector's groups as they were at settings_load(), however `file` has changed since;
 * `file` itself where no copy can be had.
 */
const char *settings_connector_file(const struct settings *settings);

/* Writes every option with its default and meaning, as a commented file. */
void settings_describe(FILE *out);

#endif
