/*
 * Business dates: a day of the Gregorian calendar, and its midnight in Paris.
 */
#ifndef BASE_JOUR_H
#define BASE_JOUR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_out.h"
#include "base/pool.h"

/* A day as the number of days since 1970-01-01. */
typedef int32_t jour;

#define JOUR_NONE INT32_MIN     /* no date */
#define JOUR_MIN (-25567)       /* 1900-01-01 */
#define JOUR_MAX 73048          /* 2169-12-31 */

struct jour_civil {
	int year;
	int month;      /* 1 to 12 */
	int day;        /* 1 to 31 */
};

jour jour_of(int year, int month, int day);             /* the date must exist */
bool jour_exists(int year, int month, int day);
struct jour_civil jour_civil(jour day);
int jour_in_month(int year, int month);                 /* 28 to 31 */

jour jour_first_of_month(jour day);
jour jour_last_of_month(jour day);

/* `months` later (or earlier), the same day of the month `day_of_month` (1 to 31) or that month's last day. */
jour jour_add_months(jour day, int months, int day_of_month);

/*
 * Reads `dd/mm/yyyy` (`d/m/yyyy` too), or a Unix timestamp in seconds (the day it falls on in Paris). Returns 0; -1 for
 * an impossible date (31/02), one outside JOUR_MIN..JOUR_MAX, or anything else.
 */
int jour_parse(const char *s, jour *day_r);

/* `yyyy-mm-dd` as SQL has it. */
enum { JOUR_SIZE = 12 };
const char *jour_sql(jour day, char out[JOUR_SIZE]);
int jour_parse_sql(const char *s, jour *day_r);
const char *jour_french(jour day, char out[JOUR_SIZE]);         /* `dd/mm/yyyy` */

/* `1er janvier 2023`, `17 août 2016`. */
void jour_words(struct text *out, jour day);

/* `vendredi 12 juin 2020 à 12h00`, by the clocks of Paris. */
void jour_words_moment(struct text *out, int64_t ms);

/* `2020-06-12T12:00:00+02:00`: an instant by the clocks of Paris, in the pool. */
const char *jour_paris_iso(struct pool *pool, int64_t ms);

/*
 * Offset of legal time in Paris at an instant (seconds since the epoch): 3600 or 7200. European rule since 1996, the tz
 * data's before.
 */
int jour_paris_offset(int64_t time);

int64_t jour_midnight(jour day);                        /* of that day in Paris, seconds since the epoch */
jour jour_of_time(int64_t time);                        /* the day in Paris at that instant */
jour jour_today(void);

/* `{"sec":…,"usec":0}` of midnight in Paris; JOUR_NONE writes null. */
void json_jour(struct json_out *json, jour day);
void json_kjour(struct json_out *json, const char *name, jour day);

/* `{"sec":…,"usec":…}` of an instant in milliseconds. */
void json_instant(struct json_out *json, int64_t ms);
void json_kinstant(struct json_out *json, const char *name, int64_t ms);

#endif
