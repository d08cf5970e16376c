/*
 * A mail as it goes out: multipart/alternative of text and HTML, rendered from templates that an operator may replace.
 *
 * Templates mail.txt and mail.html know these names: subject, content (the text), content_html (the same as HTML made
 * here: escaped, with line breaks and links), sender (who writes), logo_url, and unsubscribe_url when it is
 * to be seen.
 */
#ifndef DOCUMENTS_MAIL_H
#define DOCUMENTS_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/pool.h"
#include "base/settings.h"
#include "base/text.h"

/* What all mails of a process share: the templates, parsed once, and who sends. */
struct mail_kit;

/* Returns NULL after logging what is wrong with a template. The settings are borrowed. Free with mail_kit_free(). */
struct mail_kit *mail_kit_create(const struct settings *settings);
void mail_kit_free(struct mail_kit *kit);

/* A file that goes with a mail. */
struct mail_attachment {
	const char *name;
	const char *type;               /* a media type of ASCII without control characters */
	const char *bytes;
	size_t len;
};

/* One mail. Text is borrowed, UTF-8 from clients: nothing in it can become a header or markup. */
struct mail {
	const uint8_t *uuid;            /* the delivery's: makes the Message-ID, so that a repeat can be recognised */
	int64_t date;                   /* ms */
	const char *to;                 /* an SMTP address */
	const char *sender;             /* display name of From; NULL: the configured one */
	const char *client;             /* on whose behalf, said to the reader when there is no such name */
	const char *subject;
	const char *content;
	const char *logo_url;           /* NULL: none; anything but http and https is left out */
	const char *unsubscribe_url;    /* in List-Unsubscribe, always; NULL: none */
	bool unsubscribe_link;          /* shown in the text as well */
	const struct mail_attachment *attachments;
	size_t n_attachments;
};

/* Appends the whole message, header and body, every line ended by CRLF, none beginning with a dot. */
void mail_build(const struct mail_kit *kit, struct pool *pool, const struct mail *mail, struct text *out);

#endif
