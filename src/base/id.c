/*
 * Identifiers: UUIDs, of libuuid and of our own making.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uuid.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"

/* Without randomness no identifier can be trusted to be new: better no process than a doubled one. */
static void random_bytes(uint8_t *bytes, size_t len)
{
	ssize_t n;

	do
		n = getrandom(bytes, len, 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)len) {
		log_event(LOG_LEVEL_ERROR, "no-randomness", "error", strerror(errno), NULL);
		abort();
	}
}

void id_request(char out[ID_UUID_TEXT])
{
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, out);
}

void id_uuid7(uint8_t out[ID_UUID_SIZE])
{
	uint64_t ms = (uint64_t)clock_now_ms();

	random_bytes(out + 6, ID_UUID_SIZE - 6);
	for (int i = 0; i < 6; i++)
		out[i] = (uint8_t)(ms >> (40 - 8 * i));
	out[6] = (uint8_t)(0x70 | (out[6] & 0x0F));     /* version 7 */
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3F));     /* variant of RFC 9562 */
}

void id_uuid_text(const uint8_t uuid[ID_UUID_SIZE], char out[ID_UUID_TEXT])
{
	uuid_unparse_lower(uuid, out);
}

int id_uuid_parse(const char *s, uint8_t out[ID_UUID_SIZE])
{
	uint8_t uuid[ID_UUID_SIZE];

	if (strlen(s) != ID_UUID_TEXT - 1 || uuid_parse(s, uuid) != 0)
		return -1;
	memcpy(out, uuid, sizeof(uuid));
	return 0;
}
