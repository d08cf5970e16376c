/*
 * Content as it is rendered.
 */
#include <string.h>
#include <strings.h>

#include "domain/content.h"

/* Length of the line break at `s`, 0 when there is none. */
static size_t break_at(const char *s)
{
	if (s[0] == '\r')
		return s[1] == '\n' ? 2 : 1;
	if (s[0] != '%')
		return s[0] == '\n';
	if (strncasecmp(s, "%0D%0A", 6) == 0)
		return 6;
	return strncasecmp(s, "%0A", 3) == 0 ? 3 : 0;
}

const char *content_line_breaks(struct pool *pool, const char *stored)
{
	char *text = pool_alloc(pool, strlen(stored) + 1), *to = text;

	while (*stored != '\0') {
		size_t len = break_at(stored);

		*to++ = len > 0 ? '\n' : *stored;
		stored += len > 0 ? len : 1;
	}
	*to = '\0';
	return text;
}
