/*
 * Header fields and transfer encodings of mails.
 */
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "documents/mime.h"

enum { LINE_MAX_LENGTH = 76, WORD_MAX_LENGTH = 75 };

static const char HEX[] = "0123456789ABCDEF";
static const char WORD_OPEN_Q[] = "=?UTF-8?Q?", WORD_OPEN_B[] = "=?UTF-8?B?", WORD_CLOSE[] = "?=";

static bool is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

/* Copies `value` with control characters as spaces; what is not UTF-8 (it should never be) becomes question marks. */
static void clean(struct text *to, const char *value)
{
	size_t len = strlen(value);
	bool utf8 = text_is_utf8(value, len);

	text_reserve(to, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)value[i];

		text_putc(to, is_control(c) ? ' ' : c >= 0x80 && !utf8 ? '?' : (char)c);
	}
}

/*
 * May it stand in a field as it is? ASCII, nothing that reads as an encoded word, no space at an end or beside
 * another, and no word so long that the line could not be folded.
 */
static bool is_plain(const char *s, size_t len)
{
	size_t word = 0;

	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= 0x80 || (s[i] == '=' && s[i + 1] == '?'))
			return false;
		word = s[i] == ' ' ? 0 : word + 1;
		if (word > 60 || (word == 0 && (i == 0 || i + 1 == len || s[i + 1] == ' ')))
			return false;
	}
	return true;
}

/* Adds plain words, folding before the one that would make the line too long. Returns the column reached. */
static size_t add_plain(struct text *out, size_t column, const char *s)
{
	while (*s != '\0') {
		size_t word = (*s == ' ') + strcspn(s + (*s == ' '), " ");

		if (*s == ' ' && column + word > LINE_MAX_LENGTH) {
			text_puts(out, "\r\n");
			column = 0;
		}
		text_add(out, s, word);
		column += word;
		s += word;
	}
	return column;
}

/* The safe characters of encoded words in phrases (RFC 2047, 5. (3)). */
static bool is_q_safe(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t char_length(unsigned char c)
{
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static void add_q(struct text *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (is_q_safe(c)) {
			text_putc(out, (char)c);
		} else if (c == ' ') {
			text_putc(out, '_');
		} else {
			text_putc(out, '=');
			text_putc(out, HEX[c >> 4]);
			text_putc(out, HEX[c & 15]);
		}
	}
}

static size_t q_length(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += is_q_safe((unsigned char)s[i]) || s[i] == ' ' ? 1 : 3;
	return n;
}

static void add_base64(struct text *out, const unsigned char *from, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		unsigned second = left > 1 ? from[i + 1] : 0, third = left > 2 ? from[i + 2] : 0;
		unsigned three = (unsigned)from[i] << 16 | second << 8 | third;

		text_putc(out, letters[three >> 18]);
		text_putc(out, letters[three >> 12 & 63]);
		text_putc(out, left > 1 ? letters[three >> 6 & 63] : '=');
		text_putc(out, left > 2 ? letters[three & 63] : '=');
	}
}

static size_t base64_length(size_t len)
{
	return (len + 2) / 3 * 4;
}

/*
 * Adds encoded words, one a line after the first, each holding whole characters. Returns the column reached. The
 * shorter of the two encodings is taken for all of them.
 */
static size_t add_encoded(struct text *out, size_t column, const char *s, size_t len)
{
	bool q = q_length(s, len) <= base64_length(len);
	size_t overhead = sizeof WORD_OPEN_Q - 1 + sizeof WORD_CLOSE - 1;

	while (len > 0) {
		size_t room = LINE_MAX_LENGTH - column, take = 0, more = char_length((unsigned char)*s);

		if (room > WORD_MAX_LENGTH)
			room = WORD_MAX_LENGTH;
		while (take + more <= len &&
		       overhead + (q ? q_length(s, take + more) : base64_length(take + more)) <= room) {
			take += more;
			if (take < len)
				more = char_length((unsigned char)s[take]);
			else
				break;
		}
		if (take > 0) {
			text_puts(out, q ? WORD_OPEN_Q : WORD_OPEN_B);
			if (q)
				add_q(out, s, take);
			else
				add_base64(out, (const unsigned char *)s, take);
			text_puts(out, WORD_CLOSE);
			column += overhead + (q ? q_length(s, take) : base64_length(take));
			s += take;
			len -= take;
		}
		if (len > 0) {
			text_puts(out, "\r\n ");
			column = 1;
		}
	}
	return column;
}

void mime_field(struct text *out, const char *name, const char *value)
{
	struct text cleaned = {0};
	size_t column = strlen(name) + 2;

	clean(&cleaned, value);
	text_puts(out, name);
	text_puts(out, ": ");
	if (cleaned.len == 0 || is_plain(cleaned.data, cleaned.len))
		add_plain(out, column, cleaned.len == 0 ? "" : cleaned.data);
	else
		add_encoded(out, column, cleaned.data, cleaned.len);
	text_puts(out, "\r\n");
	text_free(&cleaned);
}

/* A short, plain display name as a quoted string. */
static size_t add_quoted(struct text *out, size_t column, const char *s)
{
	size_t before = out->len;

	text_putc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			text_putc(out, '\\');
		text_putc(out, *s);
	}
	text_putc(out, '"');
	return column + out->len - before;
}

void mime_field_mailbox(struct text *out, const char *name, const char *display, const char *address)
{
	struct text cleaned = {0}, mailbox = {0};
	size_t column = strlen(name) + 2;

	clean(&cleaned, display != NULL ? display : "");
	clean(&mailbox, address);
	text_puts(out, name);
	text_puts(out, ": ");
	if (cleaned.len > 0) {
		if (is_plain(cleaned.data, cleaned.len) && cleaned.len <= 30)
			column = add_quoted(out, column, cleaned.data);
		else
			column = add_encoded(out, column, cleaned.data, cleaned.len);
		text_puts(out, column + mailbox.len + 3 > LINE_MAX_LENGTH ? "\r\n " : " ");
	}
	text_printf(out, "<%s>\r\n", mailbox.len > 0 ? mailbox.data : "");
	text_free(&cleaned);
	text_free(&mailbox);
}

void mime_field_date(struct text *out, int64_t ms)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t at = (time_t)(ms / 1000);
	struct tm tm;

	gmtime_r(&at, &tm);
	text_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
	            tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* How many bytes at `s` are a line break. */
static size_t line_break(const char *s, const char *end)
{
	if (*s == '\n')
		return 1;
	if (*s == '\r')
		return s + 1 < end && s[1] == '\n' ? 2 : 1;
	return 0;
}

/*
 * Can `c` stand for itself in quoted-printable? A space only when it does not end its line, a dot only when it does
 * not begin one.
 */
static bool qp_plain(const char *s, const char *end, size_t column)
{
	unsigned char c = (unsigned char)*s;

	if (c == ' ' || c == '\t')
		return s + 1 < end && line_break(s + 1, end) == 0;
	if (c == '.' || (c == 'F' && end - s > 4 && memcmp(s, "From ", 5) == 0))
		return column > 0;
	return c > ' ' && c < 0x7f && c != '=';
}

static void add_quoted_printable(struct text *out, const char *s, size_t len)
{
	const char *end = s + len;
	size_t column = 0;

	while (s < end) {
		size_t broken = line_break(s, end);
		bool plain;

		if (broken > 0) {
			text_add(out, "\r\n", 2);
			s += broken;
			column = 0;
			continue;
		}
		if (column + 3 > LINE_MAX_LENGTH - 1) {        /* room for one escaped byte and the final '=' */
			text_add(out, "=\r\n", 3);
			column = 0;
		}
		plain = qp_plain(s, end, column);
		if (plain) {
			text_putc(out, *s);
		} else {
			char escaped[3] = {'=', HEX[(unsigned char)*s >> 4], HEX[(unsigned char)*s & 15]};

			text_add(out, escaped, 3);
		}
		column += plain ? 1 : 3;
		s++;
	}
	if (column > 0)
		text_add(out, "\r\n", 2);
}

static void add_base64_bytes(struct text *out, const char *bytes, size_t len)
{
	enum { BYTES_A_LINE = LINE_MAX_LENGTH / 4 * 3 };

	for (size_t i = 0; i < len; i += BYTES_A_LINE) {
		size_t left = len - i;

		add_base64(out, (const unsigned char *)bytes + i, left < BYTES_A_LINE ? left : BYTES_A_LINE);
		text_add(out, "\r\n", 2);
	}
}

static void add_base64_lines(struct text *out, const char *s, size_t len)
{
	struct text lines = {0};

	for (const char *end = s + len; s < end;) {
		size_t broken = line_break(s, end);

		if (broken > 0) {
			text_add(&lines, "\r\n", 2);
			s += broken;
		} else {
			text_putc(&lines, *s++);
		}
	}
	add_base64_bytes(out, lines.data, lines.len);
	text_free(&lines);
}

void mime_body(struct text *out, const char *bytes, size_t len)
{
	size_t escaped = 0;

	for (size_t i = 0; i < len; i++)
		escaped += (unsigned char)bytes[i] >= 0x80 || bytes[i] == '=';
	text_puts(out, "Content-Transfer-Encoding: ");
	text_reserve(out, len + len / 2);
	if (escaped > len / 6) {
		text_puts(out, "base64\r\n\r\n");
		add_base64_lines(out, bytes, len);
	} else {
		text_puts(out, "quoted-printable\r\n\r\n");
		add_quoted_printable(out, bytes, len);
	}
}

void mime_binary(struct text *out, const char *bytes, size_t len)
{
	text_puts(out, "Content-Transfer-Encoding: base64\r\n\r\n");
	add_base64_bytes(out, bytes, len);
}

void mime_field_attachment(struct text *out, const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	if (name[strspn(name, plain)] == '\0') {
		text_printf(out, "Content-Disposition: attachment; filename=\"%s\"\r\n", name);
		return;
	}
	text_puts(out, "Content-Disposition: attachment;\r\n filename*=UTF-8''");
	for (const char *s = name; *s != '\0'; s++) {
		if (strchr(plain, *s) != NULL)
			text_putc(out, *s);
		else
			text_printf(out, "%%%02X", (unsigned char)*s);
	}
	text_puts(out, "\r\n");
}
