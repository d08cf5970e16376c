/*
 * Answers that are kept, for landlords who are remembered: all that a request for one asks the database is the version
 * of the account, and one question does for many requests.
 */
#ifndef GESTION_AT_ONCE_H
#define GESTION_AT_ONCE_H

#include "http/worker.h"

/*
 * Answers those of the requests, of routes that require a user, for which guard_check() would let the user in without
 * verifying anything anew, and whose answer is kept, or can be renewed by one short statement from what is.
 */
answer_at_once_fn at_once_answer;

#endif
