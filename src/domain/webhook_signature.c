/*
 * Signatures of webhooks.
 */
#include "domain/webhook_signature.h"

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#define PREFIX "whsec_"

void webhook_sign(struct text *header, const uint8_t *secret, size_t secret_len, const char *id, int64_t timestamp,
                  const char *body)
{
	crypto_auth_hmacsha256_state state;
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	char base64[sodium_base64_ENCODED_LEN(sizeof mac, sodium_base64_VARIANT_ORIGINAL)];
	char time[32];

	snprintf(time, sizeof time, ".%lld.", (long long)timestamp);
	crypto_auth_hmacsha256_init(&state, secret, secret_len);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)id, strlen(id));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)time, strlen(time));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, strlen(body));
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2base64(base64, sizeof base64, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
	text_puts(header, header->len > 0 ? " v1," : "v1,");
	text_puts(header, base64);
}

void webhook_secret_text(const uint8_t *secret, size_t len, char out[WEBHOOK_SECRET_TEXT])
{
	memcpy(out, PREFIX, sizeof PREFIX);
	sodium_bin2base64(out + sizeof PREFIX - 1, WEBHOOK_SECRET_TEXT - (sizeof PREFIX - 1), secret, len,
	                  sodium_base64_VARIANT_ORIGINAL);
}

size_t webhook_secret_parse(const char *text, uint8_t out[64])
{
	size_t len = 0;

	if (strncmp(text, PREFIX, sizeof PREFIX - 1) == 0)
		text += sizeof PREFIX - 1;
	if (sodium_base642bin(out, 64, text, strlen(text), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return 0;
	return len;
}
