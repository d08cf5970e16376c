/*
 * Single lines: nothing in them may end a header, a table row or an attribute.
 */
#include "domain/line.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

bool line_is_clean(const char *s)
{
	for (const unsigned char *c = (const unsigned char *)s; *c != '\0'; c++) {
		if (*c < 0x20 || *c == 0x7f)
			return false;
		if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
			return false;
		if (c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9))
			return false;
	}
	return true;
}

bool line_is_web_url(const char *s)
{
	if (strncasecmp(s, "https://", 8) != 0 && strncasecmp(s, "http://", 7) != 0)
		return false;
	const char *host = strstr(s, "//") + 2;
	size_t authority = strcspn(host, "/?#"), name = strcspn(host, ":/?#");
	if (name == 0 || memchr(host, '@', authority) != NULL || host[0] == '.' || host[0] == '-')
		return false;
	return line_is_clean(s) && strpbrk(s, " \"<>\\^`{|}") == NULL;
}
