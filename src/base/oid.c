/*
 * Identifiers of Gestion.
 */
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/oid.h"
#include "base/text.h"

struct oid oid_new(void)
{
	static pid_t made_by;
	static uint8_t process[5];
	static uint32_t counter;
	uint32_t now = (uint32_t)(clock_now_ms() / 1000);
	struct oid oid;

	if (made_by != getpid()) {      /* a worker forked since must not go on with its master's bytes */
		made_by = getpid();
		if (getentropy(process, sizeof process) != 0 || getentropy(&counter, sizeof counter) != 0)
			counter = (uint32_t)clock_mono_us() ^ (uint32_t)made_by << 12;
	}
	counter++;
	for (int i = 0; i < 4; i++)
		oid.bytes[i] = (uint8_t)(now >> (24 - 8 * i));
	memcpy(oid.bytes + 4, process, sizeof process);
	for (int i = 0; i < 3; i++)
		oid.bytes[9 + i] = (uint8_t)(counter >> (16 - 8 * i));
	return oid;
}

int oid_parse(const char *s, struct oid *oid_r)
{
	struct oid oid;

	if (s == NULL)
		return -1;
	for (int i = 0; i < OID_SIZE; i++) {
		int high = text_hex_digit(s[2 * i]);
		int low = high < 0 ? -1 : text_hex_digit(s[2 * i + 1]);

		if (low < 0)
			return -1;
		oid.bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (s[2 * OID_SIZE] != '\0')
		return -1;
	*oid_r = oid;
	return 0;
}

const char *oid_text(const struct oid *oid, char out[OID_TEXT])
{
	static const char digit[] = "0123456789abcdef";

	for (int i = 0; i < OID_SIZE; i++) {
		out[2 * i] = digit[oid->bytes[i] >> 4];
		out[2 * i + 1] = digit[oid->bytes[i] & 15];
	}
	out[2 * OID_SIZE] = '\0';
	return out;
}

bool oid_same(const struct oid *a, const struct oid *b)
{
	return memcmp(a->bytes, b->bytes, OID_SIZE) == 0;
}
