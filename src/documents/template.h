/*
 * The one small template renderer of mails and pages, escaping by default.
 *
 *   {{name}}            the value, escaped for the kind of template
 *   {{{name}}}          the value as it is: for HTML that the program itself has made, never for data
 *   {{#name}}…{{/name}} kept when the value is present and not "", dropped otherwise; may nest
 *   {{^name}}…{{/name}} the opposite
 */
#ifndef DOCUMENTS_TEMPLATE_H
#define DOCUMENTS_TEMPLATE_H

#include <stddef.h>
#include <stdio.h>

#include "base/text.h"

enum template_kind {
	TEMPLATE_TEXT,          /* no escaping */
	TEMPLATE_HTML           /* & < > " ' escaped: safe in text and in quoted attributes */
};

struct template_value {
	const char *name;
	const char *value;      /* NULL: absent */
};

struct template;

/*
 * Finds `name` (for instance "mail.html"; the ending .html makes it HTML) in `directory` when that is not "", then
 * among the installed templates (PKGDATADIR/templates, or the environment's BAILLEUR_TEMPLATES). Checks its syntax.
 * Returns NULL after logging file, line and what is wrong. Free with template_free().
 */
struct template *template_load(const char *directory, const char *name);
void template_free(struct template *template);

/* The same from memory; `source` is copied. */
struct template *template_parse(const char *source, enum template_kind kind, const char *name);

/* Appends the rendering to `out`. A name that no value has renders as nothing and counts as absent. */
void template_render(const struct template *template, const struct template_value *values, size_t n, struct text *out);

/* Appends `s` with & < > " ' escaped. */
void template_escape_html(struct text *out, const char *s);

#endif
