/*
 * Between the files that read a portfolio: read.c, and read_immeubles.c for the list of everything.
 */
#ifndef GESTION_READING_H
#define GESTION_READING_H

#include "access/app.h"
#include "gestion/form.h"
#include "gestion/read.h"

#define FRAME "frame of immeubles"      /* no path of a request */

/* One reading in progress. */
struct reading {
	struct db *db;
	struct pool *pool;
	struct answer_cache *answers;
	uint64_t user;
	struct version version;         /* what the answer is made from, unless a write comes in between */
	jour today;
	struct oid id;                  /* the first capture of the path, when the route has one */
	uint32_t limit;
	struct form form;
	struct text frame;              /* of read_immeubles.c */
	bool frame_is_new;              /* to be kept if nothing has come in between */
	bool is_whole;                  /* `build` has seen itself that nothing did */
	uint64_t counted;               /* unpaid operations */
};

/* Writes the members of the answer that come before `result`. DB_NONE: no such object of this landlord. */
typedef enum db_status build_fn(struct reading *reading);

/* Answers from what is kept, or has it built, and kept. id_name: what a bad id is called; NULL: the path has none. */
void read_any(struct app *app, struct request *request, struct reading *reading, build_fn *build, const char *id_name);

/*
 * Without a handler, for the user and version of the reading: DB_OK when what `build` makes of what is kept is in the
 * request, and kept, if it is not too large. Else the request's status is 0; DB_NONE: that does not do.
 */
enum db_status read_renewed(struct app *app, struct request *request, struct reading *reading, build_fn *build);

/* For requests whose handler is read_immeubles(): all but the counts as it is kept. Says how much had to be counted. */
enum db_status read_immeubles_renewed(struct app *app, struct request *request, uint64_t user, struct version version,
                                      uint64_t *counted_r);

#endif
