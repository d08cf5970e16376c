/*
 * A4 pages of text on a PDF, with Pango and Cairo: paragraphs that wrap, rows whose figures stand at the right.
 *
 * Positions are in points from the top left. Text is UTF-8 in any script; fonts are embedded, text stays text. What
 * does not fit on a page goes on to the next.
 */
#ifndef DOCUMENTS_PAGE_H
#define DOCUMENTS_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct page;

struct page_meta {
	const char *title, *author, *subject;
	int64_t created;                /* seconds since the epoch */
};

enum page_align { PAGE_LEFT, PAGE_CENTER, PAGE_RIGHT };

struct page_style {
	double size;                    /* points */
	bool bold, italic;
	enum page_align align;
};

/* Begins a document that page_end() appends to `out`. */
struct page *page_begin(const struct page_meta *meta);

/* A paragraph across the page, then `after` points of space. */
void page_paragraph(struct page *page, const char *text, const struct page_style *style, double after);

/* Two paragraphs beside each other, each with a heading: the parties. */
void page_columns(struct page *page, const char *left_heading, const char *left, const char *right_heading,
                  const char *right, double after);

/* A row of a table: what, a second column or NULL, and a figure at the right. `rule` draws a line above. */
void page_row(struct page *page, const char *label, const char *second, const char *figure, bool bold, bool rule);

void page_space(struct page *page, double points);

/* A small text at the foot of the current page. */
void page_foot(struct page *page, const char *text);

/* Finishes the document, appends it to `out`, and frees `page`. Returns 0; -1 after logging what Cairo says. */
int page_end(struct page *page, struct text *out);

#endif
