/*
 * Text of an SMTP dialogue.
 */
#include <string.h>

#include "delivery/smtp_text.h"

bool smtp_is_path(const char *s)
{
	for (const char *c = s; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || (unsigned char)*c > '~' || (*s != '"' && strchr(" <>", *c) != NULL))
			return false;
	return *s != '\0';
}

void smtp_stuff_dots(struct text *bytes)
{
	struct text stuffed = {0};
	const char *at = bytes->data, *dot;

	if (bytes->len == 0 || (*at != '.' && strstr(at, "\r\n.") == NULL))
		return;
	if (*at == '.')
		text_putc(&stuffed, '.');
	while ((dot = strstr(at, "\r\n.")) != NULL) {
		text_add(&stuffed, at, (size_t)(dot + 3 - at));
		text_putc(&stuffed, '.');
		at = dot + 3;
	}
	text_puts(&stuffed, at);
	text_free(bytes);
	*bytes = stuffed;
}
