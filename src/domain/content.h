/*
 * Content as it is rendered: stored verbatim, changed only on its way out.
 */
#ifndef DOMAIN_CONTENT_H
#define DOMAIN_CONTENT_H

#include "base/pool.h"

/* A literal `%0A` (also `%0a`, `%0D%0A`) left in the text by a client, CR LF and CR become a line feed. In the pool. */
const char *content_line_breaks(struct pool *pool, const char *stored);

#endif
