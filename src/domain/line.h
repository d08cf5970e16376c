/*
 * What may stand in a single line: a subject, a name, an identifier.
 */
#ifndef DOMAIN_LINE_H
#define DOMAIN_LINE_H

#include <stdbool.h>

/* Valid UTF-8 without control characters (C0, DEL, C1) and without the line and paragraph separators of Unicode. */
bool line_is_clean(const char *s);

/* An absolute http or https URL that a mail may show an image from: a host, no user, nothing that needs escaping. */
bool line_is_web_url(const char *s);

#endif
