/*
 * Addresses as a page may show them to whoever holds a link: recognisable to their owner, useless to anyone else.
 */
#ifndef DOMAIN_MASK_H
#define DOMAIN_MASK_H

#include "base/pool.h"

/* `jean.dupont@exemple.fr` is `j•••@e•••.fr`. In the pool. */
const char *mask_email(struct pool *pool, const char *address);

/* `+33602030405` is `•• •• •• •• 05`. In the pool. */
const char *mask_phone(struct pool *pool, const char *number);

#endif
