/*
 * The natural language of a PDF.
 */
#include "documents/pdf_lang.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last place where `mark` stands in the document; NULL: nowhere. */
static const char *find_last(const struct text *pdf, const char *mark)
{
	size_t len = strlen(mark);

	for (size_t i = pdf->len >= len ? pdf->len - len + 1 : 0; i-- > 0;)
		if (memcmp(pdf->data + i, mark, len) == 0)
			return pdf->data + i;
	return NULL;
}

/* The number after `key` between `from` and the end. Returns 0, or -1. */
static int number_after(const struct text *pdf, const char *from, const char *key, uint64_t *number_r)
{
	const char *at = memmem(from, (size_t)(pdf->data + pdf->len - from), key, strlen(key));
	char *end;

	if (at == NULL)
		return -1;
	*number_r = strtoull(at + strlen(key), &end, 10);
	return end == at + strlen(key) ? -1 : 0;
}

/* The catalogue's dictionary: from after its `<<` to before its `>>`. Cairo writes no dictionary within it. */
static int find_catalog(const struct text *pdf, uint64_t root, const char **begin_r, size_t *len_r)
{
	char head[40];
	const char *at, *end;

	snprintf(head, sizeof head, "\n%" PRIu64 " 0 obj", root);
	at = find_last(pdf, head);
	if (at == NULL || (at = strstr(at, "<<")) == NULL || (end = strstr(at, "endobj")) == NULL)
		return -1;
	while (end > at + 2 && !(end[-1] == '>' && end[-2] == '>'))
		end--;
	if (end <= at + 4)
		return -1;
	*begin_r = at + 2;
	*len_r = (size_t)(end - 2 - (at + 2));
	return 0;
}

int pdf_set_language(struct text *pdf, const char *language)
{
	const char *trailer = find_last(pdf, "trailer"), *start = find_last(pdf, "startxref"), *catalog, *info;
	uint64_t root, size, previous, info_number;
	size_t catalog_len, object_at, xref_at;
	char *copy;

	if (trailer == NULL || start == NULL || number_after(pdf, trailer, "/Root ", &root) != 0 ||
	    number_after(pdf, trailer, "/Size ", &size) != 0 ||
	    number_after(pdf, start, "startxref\n", &previous) != 0 ||
	    find_catalog(pdf, root, &catalog, &catalog_len) != 0)
		return -1;
	info = number_after(pdf, trailer, "/Info ", &info_number) == 0 ? "/Info " : NULL;
	copy = strndup(catalog, catalog_len);
	if (copy == NULL)
		return -1;
	text_putc(pdf, '\n');
	object_at = pdf->len;
	text_printf(pdf, "%" PRIu64 " 0 obj\n<<%s   /Lang (%s)\n>>\nendobj\n", root, copy, language);
	free(copy);
	xref_at = pdf->len;
	text_printf(pdf, "xref\n%" PRIu64 " 1\n%010zu 00000 n \ntrailer\n<< /Size %" PRIu64 " /Root %" PRIu64 " 0 R ",
	            root, object_at, size, root);
	if (info != NULL)
		text_printf(pdf, "/Info %" PRIu64 " 0 R ", info_number);
	text_printf(pdf, "/Prev %" PRIu64 " >>\nstartxref\n%zu\n%%%%EOF\n", previous, xref_at);
	return 0;
}
