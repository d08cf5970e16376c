/*
 * Answers of webhooks' servers: the same whether they come at once or byte by byte, and of bounded size.
 */
#include <string.h>

#include "delivery/http_reply.h"
#include "fuzz.h"

static void check(const struct http_reply *reply, size_t used, size_t size)
{
	MUST(used <= size && (used == size || reply->step >= HTTP_REPLY_DONE));
	MUST(reply->framing <= HTTP_REPLY_MAX || (reply->step >= HTTP_REPLY_DONE && reply->framing == HTTP_REPLY_MAX + 1));
	MUST(reply->step != HTTP_REPLY_DONE || (reply->status >= 200 && reply->status <= 999) || reply->status == 101);
	MUST(strlen(reply->retry_after) < HTTP_REPLY_RETRY && strchr(reply->retry_after, '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct http_reply whole = {0}, pieces = {0};
	size_t used = http_reply_take(&whole, bytes, size), at = 0;

	check(&whole, used, size);
	while (at < size && http_reply_take(&pieces, bytes + at, 1) == 1)
		at++;
	check(&pieces, at, size);
	MUST(whole.step == pieces.step && whole.status == pieces.status);
	if (whole.step == HTTP_REPLY_DONE)
		MUST(whole.keep == pieces.keep && (used == at || !whole.keep));
	MUST(http_reply_ends(&whole) == http_reply_ends(&pieces));
	return 0;
}
