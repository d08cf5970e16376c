/*
 * Answers that are kept, for landlords who are remembered: one question for the versions of all who ask tells whether
 * what is kept, and what is remembered, still holds.
 */
#ifndef GESTION_AT_ONCE_H
#define GESTION_AT_ONCE_H

#include "http/worker.h"

/*
 * Answers those of the requests, of routes that require a user, for which guard_check() would let the user in without
 * verifying anything anew, and whose answer is kept; and some whose answer one more short statement brings up to date.
 */
answer_at_once_fn at_once_answer;

/* Likewise, without any more statement. */
answer_at_once_fn at_once_find;

#endif
