/*
 * One line an event, key=value, to standard error (journald, or the file the operator redirects to) or a file.
 *
 *   2026-11-22T08:15:02.123Z info bailleur-api[812] request id=… method=POST route=/v1/messages status=200 us=412
 *
 * Values that hold spaces, quotes, control characters or bytes of a client are quoted and escaped; one event is one
 * write(2), so lines of several processes do not mix. Secrets, bodies and query strings are never passed to it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* `program`, a literal, names the process in each line. path NULL: standard error. Returns 0, or -1 with errno. */
int log_open(const char *program, const char *path, enum log_level level);

/* Opens the file again, after a rotation. */
void log_reopen(void);

/* The request id that every following line of this thread carries; copied; NULL for none. */
void log_set_request(const char *id);

/* That of this thread, "" when there is none; valid until the next log_set_request(). */
const char *log_request(void);

enum { LOG_REQUEST = 64 };              /* bytes of one at most */

/*
 * One event. The arguments are pairs of key and value, both `const char *`, ended by NULL:
 *   log_event(LOG_LEVEL_WARN, "smtp-refused", "delivery", id, "answer", answer, NULL);
 * A NULL value ends the list too, so pass "" or "-" for what is absent.
 */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* One event with a free text, for what has no keys; the text is escaped as a whole under the key msg. */
void log_msg(enum log_level level, const char *event, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A number as text for log_event(); valid for the next 7 calls. */
const char *log_num(int64_t value);

#endif
