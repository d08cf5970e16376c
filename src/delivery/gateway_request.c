/*
 * Requests to SMS gateways.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json_out.h"
#include "delivery/gateway_request.h"

/* Kannel's dlr-mask: delivered (1), not delivered (2), refused by the SMSC (16). */
static const char DLR_MASK[] = "19";

static void add_percent(struct text *out, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		             strchr("-._~", c) != NULL;

		if (!plain) {
			text_putc(out, '%');
			text_putc(out, hex[c >> 4]);
		}
		text_putc(out, plain ? *s : hex[c & 15]);
	}
}

static void add_parameter(struct text *out, const char *name, const char *value)
{
	text_putc(out, out->len > 0 && strchr(out->data, '?') != NULL ? '&' : '?');
	text_puts(out, name);
	text_putc(out, '=');
	add_percent(out, value);
}

void gateway_kannel_url(struct text *out, const struct settings *settings, const struct gateway_message *message)
{
	text_puts(out, settings->sms_url);
	add_parameter(out, "username", settings->sms_user);
	add_parameter(out, "password", settings->sms_password);
	if (message->from[0] != '\0')
		add_parameter(out, "from", message->from);
	add_parameter(out, "to", message->to);
	add_parameter(out, "charset", "UTF-8");
	add_parameter(out, "coding", message->ucs2 ? "2" : "0");
	add_parameter(out, "text", message->text);
	if (message->report_url[0] != '\0') {
		struct text url = {0};

		text_printf(&url, "%s?status=%%d", message->report_url);
		add_parameter(out, "dlr-mask", DLR_MASK);
		add_parameter(out, "dlr-url", url.data);
		text_free(&url);
	}
}

/* The inside of a JSON string. */
static void add_json(struct text *out, const char *s)
{
	struct json_out json;
	struct text quoted = {0};

	json_out_init(&json, &quoted);
	json_str(&json, s);
	text_add(out, quoted.data + 1, quoted.len - 2);
	text_free(&quoted);
}

static void add_xml(struct text *out, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '&': text_puts(out, "&amp;"); break;
		case '<': text_puts(out, "&lt;"); break;
		case '>': text_puts(out, "&gt;"); break;
		case '"': text_puts(out, "&quot;"); break;
		case '\'': text_puts(out, "&apos;"); break;
		default:
			/* XML 1.0 has no other control characters */
			if ((unsigned char)*s >= ' ' || *s == '\t' || *s == '\n' || *s == '\r')
				text_putc(out, *s);
		}
	}
}

static void add_header(struct text *out, const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= ' ' && *s != 0x7f)
			text_putc(out, *s);
}

static void add_escaped(struct text *out, const char *s, enum gateway_escape escape)
{
	switch (escape) {
	case GATEWAY_URL: add_percent(out, s); break;
	case GATEWAY_JSON: add_json(out, s); break;
	case GATEWAY_XML: add_xml(out, s); break;
	case GATEWAY_PLAIN: text_puts(out, s); break;
	case GATEWAY_HEADER: add_header(out, s); break;
	}
}

/* The value of the placeholder at `s`, and its length; NULL when this brace stands for itself. */
static const char *placeholder(const char *s, const struct gateway_message *message, size_t *len_r)
{
	const struct {
		const char *name, *value;
	} known[] = {
		{"{to}", message->to}, {"{from}", message->from}, {"{text}", message->text}, {"{id}", message->id},
		{"{report_url}", message->report_url},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		*len_r = strlen(known[i].name);
		if (strncmp(s, known[i].name, *len_r) == 0)
			return known[i].value;
	}
	return NULL;
}

void gateway_fill(struct text *out, const char *template, enum gateway_escape escape,
                  const struct gateway_message *message)
{
	while (*template != '\0') {
		size_t plain = strcspn(template, "{"), len;
		const char *value;

		text_add(out, template, plain);
		template += plain;
		if (*template == '\0')
			break;
		value = placeholder(template, message, &len);
		if (value != NULL) {
			add_escaped(out, value, escape);
			template += len;
		} else {
			text_putc(out, *template++);
		}
	}
}

/* Finds `what` in `s` whatever the case of letters. */
static bool has(const char *s, const char *what)
{
	return strcasestr(s, what) != NULL;
}

enum gateway_escape gateway_body_escape(const char *headers, const char *body)
{
	const char *type = strcasestr(headers, "content-type:");
	char *line;
	enum gateway_escape escape = GATEWAY_PLAIN;

	if (type == NULL)
		return *body == '{' || *body == '[' ? GATEWAY_JSON : *body == '<' ? GATEWAY_XML : GATEWAY_URL;
	line = strndup(type, strcspn(type, "|"));
	if (line == NULL || has(line, "form-urlencoded"))
		escape = GATEWAY_URL;
	else if (has(line, "json"))
		escape = GATEWAY_JSON;
	else if (has(line, "xml"))
		escape = GATEWAY_XML;
	free(line);
	return escape;
}

bool gateway_is_success(const char *list, long status)
{
	for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += strspn(at, ", ")) {
		char *end;

		if (strtol(at, &end, 10) == status && end != at)
			return true;
	}
	return false;
}
