/*
 * Keyed hashes over libsodium.
 */
#include <sodium.h>
#include <string.h>

#include "base/secret.h"

int secret_init(void)
{
	return sodium_init() < 0 ? -1 : 0;
}

void secret_hash(const char *secret, uint8_t out[SECRET_HASH])
{
	crypto_generichash(out, SECRET_HASH, (const unsigned char *)secret, strlen(secret), NULL, 0);
}

void secret_random(char out[SECRET_TEXT])
{
	unsigned char bytes[32];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2base64(out, SECRET_TEXT, bytes, sizeof(bytes), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bytes, sizeof(bytes));
}

/* The master is text of any length: its hash is the key under which each purpose gets a key of its own. */
void secret_key(const char *master, const char *purpose, uint8_t out[SECRET_KEY])
{
	unsigned char root[32];

	crypto_generichash(root, sizeof(root), (const unsigned char *)master, strlen(master), NULL, 0);
	crypto_generichash(out, SECRET_KEY, (const unsigned char *)purpose, strlen(purpose), root, sizeof(root));
	sodium_memzero(root, sizeof(root));
}

void secret_mac(const char *master, const char *purpose, const void *data, size_t len, uint8_t out[SECRET_MAC])
{
	uint8_t key[SECRET_KEY];

	secret_key(master, purpose, key);
	crypto_generichash(out, SECRET_MAC, data, len, key, sizeof(key));
	sodium_memzero(key, sizeof(key));
}

int secret_compare(const void *a, const void *b, size_t len)
{
	return sodium_memcmp(a, b, len);
}
