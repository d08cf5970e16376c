/*
 * Tokens that name one delivery in a URL and cannot be forged.
 */
#include <string.h>

#include "base/secret.h"
#include "domain/token.h"

enum { ID_BYTES = 8, TOKEN_BYTES = ID_BYTES + SECRET_MAC };

_Static_assert(TOKEN_BYTES % 3 == 0 && TOKEN_BYTES / 3 * 4 == TOKEN_LENGTH, "a token is base64 without padding");

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const uint8_t *from, char *to)
{
	for (size_t i = 0; i < TOKEN_BYTES; i += 3, to += 4) {
		uint32_t three = (uint32_t)from[i] << 16 | (uint32_t)from[i + 1] << 8 | from[i + 2];

		for (unsigned j = 0; j < 4; j++)
			to[j] = ALPHABET[three >> (18 - 6 * j) & 63];
	}
}

/* Every one of the 32 characters carries six bits, so a token has one spelling only. */
static int decode(const char *from, uint8_t *to)
{
	for (size_t i = 0; i < TOKEN_BYTES; i += 3, from += 4) {
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

static void fill(const char *secret, enum token_purpose purpose, uint64_t id, uint8_t bytes[TOKEN_BYTES])
{
	for (unsigned i = 0; i < ID_BYTES; i++)
		bytes[i] = (uint8_t)(id >> (56 - 8 * i));
	secret_mac(secret, purpose == TOKEN_REPORT ? "report" : "unsubscribe", bytes, ID_BYTES, bytes + ID_BYTES);
}

void token_make(const char *secret, enum token_purpose purpose, uint64_t delivery_id, char out[TOKEN_SIZE])
{
	uint8_t bytes[TOKEN_BYTES];

	fill(secret, purpose, delivery_id, bytes);
	encode(bytes, out);
	out[TOKEN_LENGTH] = '\0';
}

int token_verify(const char *secret, enum token_purpose purpose, const char *token, uint64_t *delivery_id_r)
{
	uint8_t given[TOKEN_BYTES], ours[TOKEN_BYTES];
	uint64_t id = 0;

	if (token == NULL || strlen(token) != TOKEN_LENGTH || decode(token, given) != 0)
		return -1;
	for (unsigned i = 0; i < ID_BYTES; i++)
		id = id << 8 | given[i];
	fill(secret, purpose, id, ours);
	if (secret_compare(given, ours, TOKEN_BYTES) != 0)
		return -1;
	*delivery_id_r = id;
	return 0;
}
