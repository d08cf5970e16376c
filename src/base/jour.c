/*
 * Business dates: civil calendar, reading and writing, midnight in Paris.
 *
 * From 1997 on legal time follows directive 2000/84/EC and its predecessor: summer time from 01:00 UTC on the last
 * Sunday of March to 01:00 UTC on the last Sunday of October; that is computed here, since a list of operations asks
 * for it hundreds of times. Earlier days (birth dates) are left to the C library and its tz data.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/jour.h"
#include "base/text.h"

enum { RULE_FROM = 1997, DAY = 86400, WINTER = 3600, SUMMER = 7200 };

static const char *const months[] = {
	"janvier", "février", "mars", "avril", "mai", "juin",
	"juillet", "août", "septembre", "octobre", "novembre", "décembre"
};

static bool leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int jour_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && leap(year) ? 29 : days[month - 1];
}

bool jour_exists(int year, int month, int day)
{
	return year >= 1 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= jour_in_month(year, month);
}

/* Days from 1970-01-01 by counting years from March, so that the leap day comes last (Hinnant's days_from_civil). */
jour jour_of(int year, int month, int day)
{
	int y = month <= 2 ? year - 1 : year;
	int era = (y >= 0 ? y : y - 399) / 400;
	int of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct jour_civil jour_civil(jour day)
{
	int z = day + 719468;
	int era = (z >= 0 ? z : z - 146096) / 146097;
	int doe = z - era * 146097;
	int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int mp = (5 * doy + 2) / 153;
	int month = mp < 10 ? mp + 3 : mp - 9;

	return (struct jour_civil){yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1};
}

jour jour_first_of_month(jour day)
{
	return day - jour_civil(day).day + 1;
}

jour jour_last_of_month(jour day)
{
	struct jour_civil c = jour_civil(day);

	return day - c.day + jour_in_month(c.year, c.month);
}

jour jour_add_months(jour day, int n, int day_of_month)
{
	struct jour_civil c = jour_civil(day);
	int count = c.year * 12 + c.month - 1 + n;
	int year = count / 12, month = count % 12 + 1;
	int last = jour_in_month(year, month);

	return jour_of(year, month, day_of_month < last ? day_of_month : last);
}

static bool in_range(jour day)
{
	return day >= JOUR_MIN && day <= JOUR_MAX;
}

/* Reads one to `most` digits. Returns how many, 0 for none. */
static int number(const char **s, int most, int *value_r)
{
	int n = 0;

	for (*value_r = 0; n < most && **s >= '0' && **s <= '9'; (*s)++, n++)
		*value_r = *value_r * 10 + (**s - '0');
	return n;
}

static int parse_french(const char *s, jour *day_r)
{
	int day, month, year;

	if (number(&s, 2, &day) == 0 || *s++ != '/' || number(&s, 2, &month) == 0 || *s++ != '/' ||
	    number(&s, 4, &year) != 4 || *s != '\0' || !jour_exists(year, month, day))
		return -1;
	*day_r = jour_of(year, month, day);
	return 0;
}

int jour_parse(const char *s, jour *day_r)
{
	int64_t time;
	jour day;

	if (strchr(s, '/') != NULL) {
		if (parse_french(s, &day) != 0)
			return -1;
	} else {
		if (text_to_i64(s, (int64_t)JOUR_MIN * DAY, (int64_t)JOUR_MAX * DAY, &time) != 0)
			return -1;
		day = jour_of_time(time);
	}
	if (!in_range(day))
		return -1;
	*day_r = day;
	return 0;
}

const char *jour_sql(jour day, char out[JOUR_SIZE])
{
	struct jour_civil c = jour_civil(day);

	snprintf(out, JOUR_SIZE, "%04u-%02u-%02u", (unsigned)c.year % 10000U, (unsigned)c.month % 100U,
	         (unsigned)c.day % 100U);
	return out;
}

int jour_parse_sql(const char *s, jour *day_r)
{
	int day, month, year;

	if (number(&s, 4, &year) != 4 || *s++ != '-' || number(&s, 2, &month) != 2 || *s++ != '-' ||
	    number(&s, 2, &day) != 2 || *s != '\0' || !jour_exists(year, month, day))
		return -1;
	*day_r = jour_of(year, month, day);
	return 0;
}

const char *jour_french(jour day, char out[JOUR_SIZE])
{
	struct jour_civil c = jour_civil(day);

	snprintf(out, JOUR_SIZE, "%02u/%02u/%04u", (unsigned)c.day % 100U, (unsigned)c.month % 100U,
	         (unsigned)c.year % 10000U);
	return out;
}

void jour_words(struct text *out, jour day)
{
	struct jour_civil c = jour_civil(day);

	text_printf(out, "%d%s %s %d", c.day, c.day == 1 ? "er" : "", months[c.month - 1], c.year);
}

void jour_words_moment(struct text *out, int64_t ms)
{
	static const char *const weekdays[] = {"jeudi", "vendredi", "samedi", "dimanche", "lundi", "mardi", "mercredi"};
	int64_t time = ms / 1000;
	jour day = jour_of_time(time);
	int64_t of_day = time + jour_paris_offset(time) - (int64_t)day * DAY;

	text_printf(out, "%s ", weekdays[(day % 7 + 7) % 7]);
	jour_words(out, day);
	text_printf(out, " à %dh%02d", (int)(of_day / 3600), (int)(of_day / 60 % 60));
}

const char *jour_paris_iso(struct pool *pool, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];
	int64_t time = ms / 1000;
	int offset = jour_paris_offset(time);

	clock_iso((time + offset) * 1000, iso);
	return pool_printf(pool, "%.19s+%02d:%02d", iso, offset / 3600, offset / 60 % 60);
}

/* The last Sunday of a month; 1970-01-01 was a Thursday. */
static jour last_sunday(int year, int month)
{
	jour last = jour_of(year, month, jour_in_month(year, month));
	int weekday = ((last + 4) % 7 + 7) % 7;

	return last - weekday;
}

/* The C library's offset for Paris; the zone is set once, and nothing else in the programs uses local time. */
static int libc_offset(int64_t time)
{
	static bool zone_set;
	time_t t = (time_t)time;
	struct tm tm;

	if (!zone_set) {
		setenv("TZ", "Europe/Paris", 1);
		tzset();
		zone_set = true;
	}
	localtime_r(&t, &tm);
	return (int)tm.tm_gmtoff;
}

int jour_paris_offset(int64_t time)
{
	int64_t days = time / DAY - (time % DAY < 0);
	int year;

	if (days < jour_of(RULE_FROM, 1, 1))
		return libc_offset(time);
	year = jour_civil((jour)days).year;
	return time >= (int64_t)last_sunday(year, 3) * DAY + 3600 && time < (int64_t)last_sunday(year, 10) * DAY + 3600
	       ? SUMMER : WINTER;
}

int64_t jour_midnight(jour day)
{
	int64_t utc = (int64_t)day * DAY;
	int64_t guess = utc - jour_paris_offset(utc);
	/* The offset at midnight itself: the guess is within a few hours of it, and no change has ever been nearer. */
	int64_t at = utc - jour_paris_offset(guess);
	/* Where the clock went back to midnight, as on 26/09/1976, there are two: the day begins with the first. */
	int64_t before = utc - jour_paris_offset(at - 1);

	return before < at ? before : at;
}

jour jour_of_time(int64_t time)
{
	int64_t local = time + jour_paris_offset(time);

	return (jour)(local / DAY - (local % DAY < 0));
}

jour jour_today(void)
{
	return jour_of_time(clock_now_ms() / 1000);
}

static void json_time(struct json_out *json, int64_t sec, int64_t usec)
{
	json_object(json);
	json_ki64(json, "sec", sec);
	json_ki64(json, "usec", usec);
	json_object_end(json);
}

void json_jour(struct json_out *json, jour day)
{
	if (day == JOUR_NONE)
		json_null(json);
	else
		json_time(json, jour_midnight(day), 0);
}

void json_kjour(struct json_out *json, const char *name, jour day)
{
	json_key(json, name);
	json_jour(json, day);
}

void json_instant(struct json_out *json, int64_t ms)
{
	int64_t sec = ms / 1000 - (ms % 1000 < 0);

	json_time(json, sec, (ms - sec * 1000) * 1000);
}

void json_kinstant(struct json_out *json, const char *name, int64_t ms)
{
	json_key(json, name);
	json_instant(json, ms);
}
