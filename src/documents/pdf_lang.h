/*
 * The natural language of a PDF (ISO 32000-1, 14.9.2), which Cairo 1.16 cannot write.
 */
#ifndef DOCUMENTS_PDF_LANG_H
#define DOCUMENTS_PDF_LANG_H

#include "base/text.h"

/*
 * Adds `/Lang (language)` to the catalogue of a PDF that has plain objects and a cross-reference table, by an
 * incremental update (7.5.6): nothing already there is touched. Returns 0; -1 when the document is not of that form.
 */
int pdf_set_language(struct text *pdf, const char *language);

#endif
