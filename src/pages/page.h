/*
 * HTML pages for people: rendered from a template that an operator may replace, sent with headers that allow nothing
 * but text and style.
 */
#ifndef PAGES_PAGE_H
#define PAGES_PAGE_H

#include "documents/template.h"
#include "http/request.h"

/*
 * Loads the template (page.html), from `directory` first (may be ""); keeps the one it had when that is wrong.
 * Returns 0, or -1 after logging why. To be called before the first fork and at a reload.
 */
int page_load(const char *directory);

/* Answers `status` with the page. Adds the values "nonce" (of the style) and "path" (the page's own address). */
void page_answer(struct request *request, unsigned status, const struct template_value *values, size_t n);

/* The error form of the pages: what went wrong, in French. `message` is for the other families and is not shown. */
void page_error(struct request *request, unsigned status, const char *message);

#endif
