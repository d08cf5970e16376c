/*
 * The one table of all routes.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "http/router.h"

extern const struct router routes_router;

#endif
