/*
 * Answers that are kept, for landlords who are remembered: all that a request for one asks the database is the version
 * of the account, and one question does for many requests.
 */
#ifndef ACCESS_AT_ONCE_H
#define ACCESS_AT_ONCE_H

#include "access/app.h"
#include "http/request.h"

enum { AT_ONCE_MOST = VERSIONS_MOST };

/*
 * Answers those of the n requests (AT_ONCE_MOST at most), of routes that require a user, for which guard_check() would
 * let the user in without verifying anything anew, and whose answer is kept. The others it leaves alone, status 0.
 */
void at_once_answer(struct app *app, struct request *const *requests, size_t n);

#endif
