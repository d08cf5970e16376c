/*
 * Time as the project keeps it: milliseconds since the epoch, UTC; and its ISO 8601 form.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/pool.h"

int64_t clock_now_ms(void);         /* wall clock */
int64_t clock_mono_us(void);        /* monotonic, for durations and deadlines */

/* `2020-01-18T15:31:12Z`, 21 bytes with the NUL. */
enum { CLOCK_ISO_SIZE = 24 };
void clock_iso(int64_t ms, char out[CLOCK_ISO_SIZE]);

/*
 * Reads ISO 8601: date, `T` (or a space), time, optional fraction, `Z` or an offset (`+02:00`, `+0200`); a date alone
 * is its midnight; without an offset UTC is meant. Impossible dates are refused. Returns 0, or -1.
 */
int clock_parse_iso(const char *s, int64_t *ms_r);

/* The same for an instant: with a time and an offset, so that nobody has to guess which clock is meant. */
int clock_parse_instant(const char *s, int64_t *ms_r);

#endif
