/*
 * The form fields of a save: each is read with its bounds, and what is wrong is told with its French name, a line each.
 */
#ifndef GESTION_FIELDS_H
#define GESTION_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/jour.h"
#include "base/montant.h"
#include "base/oid.h"
#include "base/text.h"
#include "http/request.h"

struct fields {
	struct request *request;
	struct text errors;             /* `"Nom" est obligatoire.\n` … */
};

/* How a field came. An empty one is absent where a value is due. */
enum field { FIELD_ABSENT, FIELD_EMPTY, FIELD_GIVEN, FIELD_INVALID };

/* Reads `name`; what is missing though `required`, or invalid, is noted under the French `label`. */
enum field field_text(struct fields *fields, const char *name, const char *label, bool required, size_t max,
                      const char **value_r);
enum field field_montant(struct fields *fields, const char *name, const char *label, bool required, montant min,
                         montant *value_r);
enum field field_integer(struct fields *fields, const char *name, const char *label, bool required, uint64_t min,
                         uint64_t max, const char **value_r);
enum field field_jour(struct fields *fields, const char *name, const char *label, bool required, jour *value_r);

/* Is the field "on"? Anything else, absent too, is not. */
bool field_on(const struct fields *fields, const char *name);

/* Notes an error about `label`: "est obligatoire" or "est invalide". */
void field_missing(struct fields *fields, const char *label);
void field_invalid(struct fields *fields, const char *label);

/* With errors: answers -21 with all of them, frees them, and returns true. */
bool fields_refused(struct fields *fields);

/* The identifier of the path at `index`. Returns 0; -1 when it is missing or none. */
int path_oid(const struct request *request, unsigned index, struct oid *id_r);

/* Answers -10 for the path element the API document calls `name`. */
void path_refused(struct request *request, const char *name);

#endif
