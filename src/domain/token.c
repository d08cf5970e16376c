/*
 * Tokens that name one delivery in a URL and cannot be forged.
 */
#include <string.h>

#include "base/secret.h"
#include "domain/token.h"

enum {
	ID_BYTES = 8, ATTEMPT_BYTES = 6,
	TOKEN_BYTES = ID_BYTES + SECRET_MAC, REPORT_BYTES = ID_BYTES + ATTEMPT_BYTES + SECRET_MAC
};

_Static_assert(TOKEN_BYTES % 3 == 0 && TOKEN_BYTES / 3 * 4 == TOKEN_LENGTH, "a token is base64 without padding");
_Static_assert(REPORT_BYTES % 3 == 0 && REPORT_BYTES / 3 * 4 == TOKEN_REPORT_LENGTH, "that of a report is, too");

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const uint8_t *from, size_t len, char *to)
{
	for (size_t i = 0; i < len; i += 3, to += 4) {
		uint32_t three = (uint32_t)from[i] << 16 | (uint32_t)from[i + 1] << 8 | from[i + 2];

		for (unsigned j = 0; j < 4; j++)
			to[j] = ALPHABET[three >> (18 - 6 * j) & 63];
	}
	*to = '\0';
}

/* Every character carries six bits, so a token has one spelling only. */
static int decode(const char *from, size_t len, uint8_t *to)
{
	for (size_t i = 0; i < len; i += 3, from += 4) {
		uint32_t three = 0;

		for (unsigned j = 0; j < 4; j++) {
			const char *at = strchr(ALPHABET, from[j]);

			if (from[j] == '\0' || at == NULL)
				return -1;
			three = three << 6 | (uint32_t)(at - ALPHABET);
		}
		to[i] = (uint8_t)(three >> 16);
		to[i + 1] = (uint8_t)(three >> 8);
		to[i + 2] = (uint8_t)three;
	}
	return 0;
}

static void put(uint8_t *to, size_t len, uint64_t n)
{
	for (size_t i = 0; i < len; i++)
		to[i] = (uint8_t)(n >> 8 * (len - 1 - i));
}

static uint64_t get(const uint8_t *from, size_t len)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n = n << 8 | from[i];
	return n;
}

/* Puts the MAC of what a token names behind it, at the end of `len` bytes. */
static void seal(const char *secret, enum token_purpose purpose, uint8_t *bytes, size_t len)
{
	const char *name = purpose == TOKEN_REPORT ? "report" : "unsubscribe";

	secret_mac(secret, name, bytes, len - SECRET_MAC, bytes + len - SECRET_MAC);
}

/* Decodes a token of `len` bytes. Returns 0, or -1 when it is not one of ours. */
static int unseal(const char *secret, enum token_purpose purpose, const char *token, uint8_t *bytes, size_t len)
{
	uint8_t ours[REPORT_BYTES];

	if (token == NULL || strlen(token) != len / 3 * 4 || decode(token, len, bytes) != 0)
		return -1;
	memcpy(ours, bytes, len);
	seal(secret, purpose, ours, len);
	return secret_compare(bytes, ours, len) == 0 ? 0 : -1;
}

void token_make(const char *secret, enum token_purpose purpose, uint64_t delivery_id, char out[TOKEN_SIZE])
{
	uint8_t bytes[TOKEN_BYTES];

	put(bytes, ID_BYTES, delivery_id);
	seal(secret, purpose, bytes, TOKEN_BYTES);
	encode(bytes, TOKEN_BYTES, out);
}

int token_verify(const char *secret, enum token_purpose purpose, const char *token, uint64_t *delivery_id_r)
{
	uint8_t bytes[TOKEN_BYTES];

	if (unseal(secret, purpose, token, bytes, TOKEN_BYTES) != 0)
		return -1;
	*delivery_id_r = get(bytes, ID_BYTES);
	return 0;
}

void token_make_report(const char *secret, uint64_t delivery_id, uint64_t attempt, char out[TOKEN_REPORT_SIZE])
{
	uint8_t bytes[REPORT_BYTES];

	put(bytes, ID_BYTES, delivery_id);
	put(bytes + ID_BYTES, ATTEMPT_BYTES, attempt);
	seal(secret, TOKEN_REPORT, bytes, REPORT_BYTES);
	encode(bytes, REPORT_BYTES, out);
}

int token_verify_report(const char *secret, const char *token, uint64_t *delivery_id_r, uint64_t *attempt_r)
{
	uint8_t bytes[REPORT_BYTES];

	*attempt_r = 0;
	if (token_verify(secret, TOKEN_REPORT, token, delivery_id_r) == 0)
		return 0;
	if (unseal(secret, TOKEN_REPORT, token, bytes, REPORT_BYTES) != 0)
		return -1;
	*delivery_id_r = get(bytes, ID_BYTES);
	*attempt_r = get(bytes + ID_BYTES, ATTEMPT_BYTES);
	return 0;
}
