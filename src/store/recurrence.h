/*
 * Operations that go on by themselves: each month a copy, one month on.
 */
#ifndef STORE_RECURRENCE_H
#define STORE_RECURRENCE_H

#include "store/rows.h"

/*
 * Brings every recurring operation up to `today`: for each month that is due (the same day of the month, or its last
 * day) a copy, unpaid, robot, recurring in its turn, while the one copied stops to be. A landlord is one transaction,
 * beginning with the portfolio's version; the copy names what it was copied from under a UNIQUE key. Run twice, at
 * once, or after any downtime, each month's copy is made exactly once. *made_r counts them. What cannot be done for one
 * landlord is logged and returned, after the others have had theirs.
 */
enum db_status recurrence_run(struct db *db, jour today, int64_t now_ms, uint64_t *made_r);

#endif
