/*
 * DATETIME(3) columns hold UTC; the program holds milliseconds since the epoch.
 */
#include <stdio.h>
#include <string.h>

#include "db/internal.h"

enum { DAY_MS = 86400000 };

/* Counting in years that begin in March, so that the leap day comes last (H. Hinnant's chrono algorithms). */
int64_t db_days(unsigned year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static void civil(int64_t days, int *year_r, int *month_r, int *day_r)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day_r = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month_r = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year_r = (int)(yoe + era * 400 + (*month_r <= 2));
}

size_t db_time_text(int64_t ms, char out[DB_TIME_TEXT])
{
	int64_t first = db_days(1, 1, 1) * DAY_MS, last = db_days(10000, 1, 1) * DAY_MS - 1;
	int64_t days, rest;
	int year, month, day;

	ms = ms < first ? first : ms > last ? last : ms;
	days = ms / DAY_MS - (ms % DAY_MS < 0);
	rest = ms - days * DAY_MS;
	civil(days, &year, &month, &day);
	return (size_t)snprintf(out, DB_TIME_TEXT, "%04d-%02d-%02d %02d:%02d:%02d.%03d", year, month, day,
	                        (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60),
	                        (int)(rest % 1000));
}
