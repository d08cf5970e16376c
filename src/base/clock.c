/*
 * Time, and its ISO 8601 form. The calendar is the Gregorian one throughout, computed without the C library's time
 * zones: nothing here depends on TZ.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/jour.h"

static const int64_t DAY_MS = INT64_C(86400000);
/* 0001-01-01 and the last millisecond of 9999: what four digits of a year can say. */
static const int64_t FIRST_MS = INT64_C(-62135596800000);
static const int64_t LAST_MS = INT64_C(253402300799999);

int64_t clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void clock_iso(int64_t ms, char out[CLOCK_ISO_SIZE])
{
	struct jour_civil date;
	unsigned second;
	int64_t days;

	if (ms < FIRST_MS)
		ms = FIRST_MS;
	if (ms > LAST_MS)
		ms = LAST_MS;
	days = (ms >= 0 ? ms : ms - (DAY_MS - 1)) / DAY_MS;
	second = (unsigned)((ms - days * DAY_MS) / 1000);
	date = jour_civil((jour)days);
	snprintf(out, CLOCK_ISO_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)date.year % 10000,
	         (unsigned)date.month % 100, (unsigned)date.day % 100, second / 3600 % 100, second / 60 % 60,
	         second % 60);
}

/* Exactly `digits` digits; moves *s past them. Returns -1 when they are not there. */
static int read_number(const char **s, int digits)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		value = value * 10 + (**s - '0');
	}
	return value;
}

static bool skip(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static int parse_date(const char **s, int64_t *ms_r)
{
	int year, month, day;

	year = read_number(s, 4);
	if (year < 1 || !skip(s, '-'))
		return -1;
	month = read_number(s, 2);
	if (month < 1 || month > 12 || !skip(s, '-'))
		return -1;
	day = read_number(s, 2);
	if (day < 1 || day > jour_in_month(year, month))
		return -1;
	*ms_r = jour_of(year, month, day) * DAY_MS;
	return 0;
}

/* One to nine decimals, cut to milliseconds. */
static int parse_fraction(const char **s, int64_t *ms_r)
{
	int64_t unit = 100;
	int digits = 0;

	for (; **s >= '0' && **s <= '9'; (*s)++, digits++) {
		*ms_r += (**s - '0') * unit;
		unit /= 10;
	}
	return digits >= 1 && digits <= 9 ? 0 : -1;
}

/* hh:mm or hh:mm:ss, with a fraction after seconds only. A leap second has no place in the count and is refused. */
static int parse_time(const char **s, int64_t *ms_r)
{
	int hour, minute, second = 0;

	hour = read_number(s, 2);
	if (hour < 0 || hour > 23 || !skip(s, ':'))
		return -1;
	minute = read_number(s, 2);
	if (minute < 0 || minute > 59)
		return -1;
	if (skip(s, ':')) {
		second = read_number(s, 2);
		if (second < 0 || second > 59)
			return -1;
		if ((skip(s, '.') || skip(s, ',')) && parse_fraction(s, ms_r) != 0)
			return -1;
	}
	*ms_r += ((int64_t)hour * 3600 + minute * 60 + second) * 1000;
	return 0;
}

/*
 * Nothing, Z, +hh, +hhmm or +hh:mm (or -). A plus that was not escaped in a query string has become a space. What lies
 * east of Greenwich is earlier in UTC.
 */
static int parse_offset(const char **s, int64_t *ms_r)
{
	int sign = **s == '-' ? 1 : -1, hour, minute = 0;

	if (**s == '\0' || skip(s, 'Z') || skip(s, 'z'))
		return 0;
	if (!skip(s, '+') && !skip(s, ' ') && !skip(s, '-'))
		return -1;
	hour = read_number(s, 2);
	if (hour < 0 || hour > 23)
		return -1;
	if (**s != '\0') {
		skip(s, ':');
		minute = read_number(s, 2);
		if (minute < 0 || minute > 59)
			return -1;
	}
	*ms_r += sign * ((int64_t)hour * 60 + minute) * 60000;
	return 0;
}

int clock_parse_iso(const char *s, int64_t *ms_r)
{
	int64_t ms = 0;

	if (parse_date(&s, &ms) != 0)
		return -1;
	if (*s != '\0') {
		if (!skip(&s, 'T') && !skip(&s, 't') && !skip(&s, ' '))
			return -1;
		if (parse_time(&s, &ms) != 0 || parse_offset(&s, &ms) != 0)
			return -1;
	}
	if (*s != '\0' || ms < FIRST_MS || ms > LAST_MS)
		return -1;
	*ms_r = ms;
	return 0;
}

int clock_parse_instant(const char *s, int64_t *ms_r)
{
	enum { DATE_LEN = 10 };

	if (strlen(s) <= DATE_LEN || strpbrk(s + DATE_LEN + 1, "Zz+- ") == NULL)
		return -1;
	return clock_parse_iso(s, ms_r);
}
