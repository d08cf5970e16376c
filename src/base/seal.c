/*
 * Sealing text. `sealed:` and the base64url form of nonce and ciphertext.
 */
#include <string.h>

#include <sodium.h>

#include "base/seal.h"
#include "base/secret.h"

static const char MARK[] = "sealed:";

enum {
	MARK_LENGTH = sizeof MARK - 1,
	NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	EXTRA = NONCE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
	VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING
};

_Static_assert(SECRET_KEY == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a derived key fits");

const char *seal_close(struct pool *pool, const char *master, const char *recipient, const char *text)
{
	size_t len = strlen(text), size = sodium_base64_encoded_len(EXTRA + len, VARIANT);
	unsigned char *bytes = pool_alloc(pool, EXTRA + len);
	char *sealed = pool_alloc(pool, MARK_LENGTH + size);
	uint8_t key[SECRET_KEY];

	secret_key(master, "seal", key);
	randombytes_buf(bytes, NONCE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + NONCE, NULL, (const unsigned char *)text, len,
	                                           (const unsigned char *)recipient, strlen(recipient), NULL, bytes,
	                                           key);
	sodium_memzero(key, sizeof key);
	memcpy(sealed, MARK, MARK_LENGTH);
	sodium_bin2base64(sealed + MARK_LENGTH, size, bytes, EXTRA + len, VARIANT);
	return sealed;
}

const char *seal_open(struct pool *pool, const char *master, const char *recipient, const char *sealed)
{
	size_t len, size;
	unsigned char *bytes, *text;
	uint8_t key[SECRET_KEY];
	int opened;

	if (strncmp(sealed, MARK, MARK_LENGTH) != 0)
		return NULL;
	len = strlen(sealed + MARK_LENGTH);
	bytes = pool_alloc(pool, len + 1);
	if (sodium_base642bin(bytes, len, sealed + MARK_LENGTH, len, NULL, &size, NULL, VARIANT) != 0 || size < EXTRA)
		return NULL;
	text = pool_alloc(pool, size - EXTRA + 1);
	secret_key(master, "seal", key);
	opened = crypto_aead_xchacha20poly1305_ietf_decrypt(text, NULL, NULL, bytes + NONCE, size - NONCE,
	                                                    (const unsigned char *)recipient, strlen(recipient), bytes,
	                                                    key);
	sodium_memzero(key, sizeof key);
	return opened == 0 ? (const char *)text : NULL;
}
