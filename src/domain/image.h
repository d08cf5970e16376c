/*
 * The picture of an immeuble: a Street View or map image, by address (API document, `imageURL`).
 */
#ifndef DOMAIN_IMAGE_H
#define DOMAIN_IMAGE_H

#include "base/pool.h"

/* Where it stands; any may be NULL or "". */
struct image_place {
	const char *address;
	const char *town;               /* "Angers" */
	const char *ville;              /* "Angers|49000": town and postcode when they are not set by themselves */
	const char *postcode;
	const char *country;            /* ISO 3166 code */
	const char *country_long;       /* "France" */
};

/* Street View of `address, town, country`; a map of `town, postcode, country` when there is no address. In the pool. */
const char *image_url(struct pool *pool, const struct image_place *place, const char *key);

#endif
