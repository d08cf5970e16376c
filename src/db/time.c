/*
 * DATETIME(3) columns hold UTC; the program holds milliseconds since the epoch.
 */
#include <stdio.h>
#include <string.h>

#include "base/jour.h"
#include "db/internal.h"

enum { DAY_MS = 86400000 };

size_t db_time_text(int64_t ms, char out[DB_TIME_TEXT])
{
	const int64_t first = (int64_t)jour_of(1, 1, 1) * DAY_MS,
		last = ((int64_t)jour_of(9999, 12, 31) + 1) * DAY_MS - 1;
	struct jour_civil date;
	int64_t days, rest;

	ms = ms < first ? first : ms > last ? last : ms;
	days = ms / DAY_MS - (ms % DAY_MS < 0);
	rest = ms - days * DAY_MS;
	date = jour_civil((jour)days);
	return (size_t)snprintf(out, DB_TIME_TEXT, "%04d-%02d-%02d %02d:%02d:%02d.%03d", date.year, date.month,
	                        date.day, (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60),
	                        (int)(rest % 1000));
}
