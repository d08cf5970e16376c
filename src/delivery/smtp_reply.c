/*
 * Replies of SMTP servers.
 */
#include <string.h>

#include "delivery/smtp_reply.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A line's code, or 0 when it has none. `len` is without the line end. */
static unsigned line_code(const char *line, size_t len)
{
	if (len < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
		return 0;
	if (len > 3 && line[3] != ' ' && line[3] != '-')
		return 0;
	return (unsigned)(line[0] - '0') * 100 + (unsigned)(line[1] - '0') * 10 + (unsigned)(line[2] - '0');
}

static void add_line(struct smtp_reply *reply, const char *line, size_t len)
{
	size_t used = strlen(reply->text), skip = used == 0 ? 0 : 4, more;

	if (len <= skip)
		return;
	if (used > 0 && used < SMTP_REPLY_TEXT)
		reply->text[used++] = ' ';
	more = len - skip < SMTP_REPLY_TEXT - used ? len - skip : SMTP_REPLY_TEXT - used;
	memcpy(reply->text + used, line + skip, more);
	reply->text[used + more] = '\0';
	if (used == 0 && len > 3)
		reply->text[3] = ' ';
}

static void drop_front(struct text *in, size_t len)
{
	memmove(in->data, in->data + len, in->len - len + 1);
	in->len -= len;
}

int smtp_reply_take(struct text *in, struct smtp_reply *reply)
{
	const char *at = in->data, *end = in->data + in->len;

	*reply = (struct smtp_reply){0};
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len;
		unsigned code;

		if (newline == NULL)
			break;
		len = (size_t)(newline - at);
		if (len > 0 && at[len - 1] == '\r')
			len--;
		code = line_code(at, len);
		if (code == 0 || memchr(at, '\0', len) != NULL || (reply->code != 0 && code != reply->code))
			return -1;
		reply->code = code;
		add_line(reply, at, len);
		if (len == 3 || at[3] == ' ') {
			drop_front(in, (size_t)(newline + 1 - in->data));
			return 1;
		}
		at = newline + 1;
	}
	return in->len > SMTP_REPLY_MAX ? -1 : 0;
}

/* These ask something of the sender (TLS, a login), so the mail is not to blame and waits for the operator. */
static bool is_about_us(unsigned code)
{
	return code == 530 || code == 534 || code == 535 || code == 538;
}

enum smtp_verdict smtp_reply_judge(const struct smtp_reply *reply, unsigned expected)
{
	if (reply->code == expected || reply->code / 100 == expected)
		return SMTP_YES;
	if (reply->code / 100 == 4 || is_about_us(reply->code))
		return SMTP_LATER;
	return reply->code / 100 == 5 ? SMTP_NEVER : SMTP_UNCLEAR;
}

bool smtp_reply_queue_id(const struct smtp_reply *reply, char *to, size_t size)
{
	static const char words[] = "queued as ";
	const char *at = strstr(reply->text, words);
	size_t len;

	if (at == NULL)
		return false;
	at += sizeof words - 1;
	len = strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
	if (len == 0 || len >= size)
		return false;
	memcpy(to, at, len);
	to[len] = '\0';
	return true;
}
