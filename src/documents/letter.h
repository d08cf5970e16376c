/*
 * The mails that bailleur writes by itself, from templates that an operator may replace.
 *
 * letter-reset.txt knows username, link and minutes; letter-changed.txt knows username. They become the content of a
 * message in the outbound table, which mail.txt and mail.html then frame as they do any other.
 */
#ifndef DOCUMENTS_LETTER_H
#define DOCUMENTS_LETTER_H

#include "base/pool.h"
#include "documents/template.h"

enum letter { LETTER_RESET, LETTER_CHANGED, LETTERS };

/*
 * Loads the templates, from `directory` first (may be ""); keeps those it had when one is wrong. Returns 0, or -1 after
 * logging why. To be called before the first fork and at a reload.
 */
int letter_load(const char *directory);
void letter_unload(void);

/* The text, in the pool. */
const char *letter_write(struct pool *pool, enum letter letter, const struct template_value *values, size_t n);

#endif
