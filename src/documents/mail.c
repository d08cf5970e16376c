/*
 * A mail as it goes out (RFC 5322, RFC 2046, RFC 8058).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "documents/mail.h"
#include "documents/mime.h"
#include "documents/template.h"
#include "domain/content.h"

struct mail_kit {
	struct template *text;
	struct template *html;
	char *from;
	char *from_name;
	char *host;             /* right of the @ of a Message-ID */
};

/* The host of a URL when it is a domain name, in the kit's memory; NULL otherwise. */
static char *host_of_url(const char *url)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
	const char *host = strstr(url, "://");
	size_t len;
	char *copy;

	host = host == NULL ? url : host + 3;
	len = strspn(host, name);
	if (len == 0 || strchr(":/", host[len]) == NULL)
		return NULL;
	copy = mem_strdup(host);
	copy[len] = '\0';
	if (strchr(copy, '.') != NULL && strpbrk(copy, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
		return copy;
	free(copy);
	return NULL;
}

static char *message_host(const struct settings *settings)
{
	char *host = host_of_url(settings->base_url);
	const char *at = strrchr(settings->mail_from, '@');

	if (host != NULL)
		return host;
	return mem_strdup(at != NULL && at[1] != '\0' ? at + 1 : "localhost");
}

struct mail_kit *mail_kit_create(const struct settings *settings)
{
	struct mail_kit *kit = mem_alloc(sizeof *kit);

	*kit = (struct mail_kit){
		.text = template_load(settings->templates, "mail.txt"),
		.html = template_load(settings->templates, "mail.html"),
		.from = mem_strdup(settings->mail_from),
		.from_name = mem_strdup(settings->mail_from_name),
		.host = message_host(settings),
	};
	if (kit->text != NULL && kit->html != NULL)
		return kit;
	mail_kit_free(kit);
	return NULL;
}

void mail_kit_free(struct mail_kit *kit)
{
	if (kit == NULL)
		return;
	template_free(kit->text);
	template_free(kit->html);
	free(kit->from);
	free(kit->from_name);
	free(kit->host);
	free(kit);
}

/* How many bytes http:// or https:// has at `s`, in whatever case (RFC 3986, 3.1); 0: it is neither. */
static size_t scheme_length(const char *s)
{
	if (strncasecmp(s, "https://", 8) == 0)
		return 8;
	return strncasecmp(s, "http://", 7) == 0 ? 7 : 0;
}

/*
 * How many bytes of `s` are a URL to make a link of: none when it is not one; punctuation that ends a sentence is
 * left out.
 */
static size_t url_length(const char *s)
{
	size_t scheme = scheme_length(s), len;

	if (scheme == 0)
		return 0;
	for (len = 0; (unsigned char)s[len] > ' ' && strchr("<>\"'`\x7f", s[len]) == NULL; len++)
		if (memcmp(s + len, "\xc2\xa0", 2) == 0)
			break;
	while (len > 0 && strchr(".,;:!?)]}", s[len - 1]) != NULL)
		len--;
	return len > scheme ? len : 0;
}

static void add_link(struct text *out, struct pool *pool, const char *url, size_t len)
{
	const char *copy = pool_strndup(pool, url, len);

	text_puts(out, "<a href=\"");
	template_escape_html(out, copy);
	text_puts(out, "\">");
	template_escape_html(out, copy);
	text_puts(out, "</a>");
}

/* Text as HTML: escaped, each line break a <br>, addresses of the web as links. */
static const char *html_of_text(struct pool *pool, const char *s)
{
	struct text out = {0};
	const char *html;

	while (*s != '\0') {
		size_t plain = strcspn(s, "&<>\"'\nhH"), link;

		text_add(&out, s, plain);
		s += plain;
		if ((link = url_length(s)) > 0) {
			add_link(&out, pool, s, link);
			s += link;
		} else if (*s == '\n') {
			text_puts(&out, "<br>\n");
			s++;
		} else if (*s != '\0') {
			template_escape_html(&out, (const char[]){*s++, '\0'});
		}
	}
	html = pool_strndup(pool, out.len > 0 ? out.data : "", out.len);
	text_free(&out);
	return html;
}

/* Who writes: as the client says, or as configured. */
static const char *shown_sender(const struct mail_kit *kit, const struct mail *mail)
{
	return mail->sender != NULL && *mail->sender != '\0' ? mail->sender : kit->from_name;
}

/* Of whom the reader is told that he writes: somebody, in any case. */
static const char *told_sender(const struct mail_kit *kit, const struct mail *mail)
{
	const char *shown = shown_sender(kit, mail);

	return *shown != '\0' ? shown : mail->client;
}

static void add_part(struct text *out, const char *boundary, const char *type, const struct template *template,
                     const struct template_value *values, size_t n)
{
	struct text rendered = {0};

	template_render(template, values, n, &rendered);
	text_printf(out, "--%s\r\nContent-Type: %s; charset=utf-8\r\n", boundary, type);
	mime_body(out, rendered.len > 0 ? rendered.data : "", rendered.len);
	text_free(&rendered);
}

/*
 * The message's body with the Content-Type that announces it, so that it can stand at the top or as the first part of a
 * multipart/mixed with attachments. "=_" occurs in neither of the transfer encodings, so the boundary is one.
 */
static void add_alternative(const struct mail_kit *kit, struct pool *pool, const struct mail *mail, const char *id,
                            struct text *out)
{
	const char *content = content_line_breaks(pool, mail->content);
	const char *boundary = pool_printf(pool, "=_%s", id);
	bool seen = mail->unsubscribe_link && mail->unsubscribe_url != NULL;
	const struct template_value values[] = {
		{"subject", mail->subject},
		{"content", content},
		{"content_html", html_of_text(pool, content)},
		{"sender", told_sender(kit, mail)},
		{"logo_url", mail->logo_url != NULL && scheme_length(mail->logo_url) > 0 ? mail->logo_url : NULL},
		{"unsubscribe_url", seen ? mail->unsubscribe_url : NULL},
	};
	size_t n = sizeof values / sizeof *values;

	text_printf(out, "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n", boundary);
	add_part(out, boundary, "text/plain", kit->text, values, n);
	add_part(out, boundary, "text/html", kit->html, values, n);
	text_printf(out, "--%s--\r\n", boundary);
}

static void add_attachment(struct text *out, const char *boundary, const struct mail_attachment *attachment)
{
	text_printf(out, "--%s\r\nContent-Type: %s\r\n", boundary, attachment->type);
	mime_field_attachment(out, attachment->name);
	mime_binary(out, attachment->bytes, attachment->len);
}

static void add_mixed(const struct mail_kit *kit, struct pool *pool, const struct mail *mail, const char *id,
                      struct text *out)
{
	const char *boundary = pool_printf(pool, "=_mixed_%s", id);

	text_printf(out, "Content-Type: multipart/mixed;\r\n boundary=\"%s\"\r\n\r\n--%s\r\n", boundary, boundary);
	add_alternative(kit, pool, mail, id, out);
	for (size_t i = 0; i < mail->n_attachments; i++)
		add_attachment(out, boundary, &mail->attachments[i]);
	text_printf(out, "--%s--\r\n", boundary);
}

void mail_build(const struct mail_kit *kit, struct pool *pool, const struct mail *mail, struct text *out)
{
	char id[ID_UUID_TEXT];

	id_uuid_text(mail->uuid, id);
	mime_field_date(out, mail->date);
	mime_field_mailbox(out, "From", shown_sender(kit, mail), kit->from);
	mime_field_mailbox(out, "To", NULL, mail->to);
	text_printf(out, "Message-ID: <%s@%s>\r\n", id, kit->host);
	mime_field(out, "Subject", mail->subject != NULL ? mail->subject : "");
	if (mail->unsubscribe_url != NULL) {
		text_printf(out, "List-Unsubscribe: <%s>\r\n", mail->unsubscribe_url);
		text_puts(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
	}
	text_puts(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
	(mail->n_attachments > 0 ? add_mixed : add_alternative)(kit, pool, mail, id, out);
}
