/*
 * Time, and its ISO 8601 form. The calendar is the Gregorian one throughout, computed without the C library's time
 * zones: nothing here depends on TZ.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

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

/*
 * Days since 1970-01-01. The year is taken from March, so that the leap day comes last, and in eras of 400 years, which
 * all have 146,097 days.
 */
static int64_t days_from_date(int64_t year, unsigned month, unsigned day)
{
	int64_t era;
	unsigned year_of_era, day_of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	year_of_era = (unsigned)(year - era * 400);
	day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_from_days(int64_t days, int64_t *year_r, unsigned *month_r, unsigned *day_r)
{
	int64_t era;
	unsigned day_of_era, year_of_era, day_of_year, month;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	day_of_era = (unsigned)(days - era * 146097);
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153;
	*day_r = day_of_year - (153 * month + 2) / 5 + 1;
	*month_r = month < 10 ? month + 3 : month - 9;
	*year_r = era * 400 + year_of_era + (*month_r <= 2);
}

void clock_iso(int64_t ms, char out[CLOCK_ISO_SIZE])
{
	int64_t year, days;
	unsigned month, day, second;

	if (ms < FIRST_MS)
		ms = FIRST_MS;
	if (ms > LAST_MS)
		ms = LAST_MS;
	days = (ms >= 0 ? ms : ms - (DAY_MS - 1)) / DAY_MS;
	second = (unsigned)((ms - days * DAY_MS) / 1000);
	date_from_days(days, &year, &month, &day);
	snprintf(out, CLOCK_ISO_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000, month % 100, day % 100,
	         second / 3600 % 100, second / 60 % 60, second % 60);
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

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
		return 29;
	return days[month - 1];
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
	if (day < 1 || day > days_in_month(year, month))
		return -1;
	*ms_r = days_from_date(year, (unsigned)month, (unsigned)day) * DAY_MS;
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

/* Nothing, Z, +hh, +hhmm or +hh:mm (or -). What lies east of Greenwich is earlier in UTC. */
static int parse_offset(const char **s, int64_t *ms_r)
{
	int sign = **s == '-' ? 1 : -1, hour, minute = 0;

	if (**s == '\0' || skip(s, 'Z') || skip(s, 'z'))
		return 0;
	if (!skip(s, '+') && !skip(s, '-'))
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

	if (strlen(s) <= DATE_LEN || strpbrk(s + DATE_LEN, "Zz+-") == NULL)
		return -1;
	return clock_parse_iso(s, ms_r);
}
