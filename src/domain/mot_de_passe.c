/*
 * Passwords: Argon2id for new hashes, crypt(3) for those that came from elsewhere.
 */
#include <crypt.h>
#include <stddef.h>
#include <string.h>

#include <sodium.h>

#include "base/log.h"
#include "domain/mot_de_passe.h"

/* OWASP's second choice for Argon2id: 19 MiB, two passes, one lane. */
static const unsigned long long passes = 2;
static const size_t memory = 19 * 1024 * 1024;

int mot_de_passe_hash(const char *password, char out[128])
{
	_Static_assert(crypto_pwhash_STRBYTES <= 128, "a hash fits");

	if (crypto_pwhash_str_alg(out, password, strlen(password), passes, memory, crypto_pwhash_ALG_ARGON2ID13) == 0)
		return 0;
	log_event(LOG_LEVEL_ERROR, "password-hash", "error", "out of memory", NULL);
	return -1;
}

static bool verify_crypt(const char *stored, const char *password)
{
	struct crypt_data data;
	const char *hash;
	bool same;

	memset(&data, 0, sizeof data);
	hash = crypt_r(password, stored, &data);
	/* A failure token begins with '*'; no stored form that could equal it is accepted. */
	same = hash != NULL && hash[0] != '*' && strlen(hash) == strlen(stored) &&
	       sodium_memcmp(hash, stored, strlen(stored)) == 0;
	sodium_memzero(&data, sizeof data);
	return same;
}

bool mot_de_passe_verify(const char *stored, const char *password, bool *upgrade_r)
{
	size_t len = strlen(password);

	*upgrade_r = false;
	if (len > MOT_DE_PASSE_MAX)
		return false;
	if (strncmp(stored, "$argon2id$", 10) == 0 && strlen(stored) < crypto_pwhash_STRBYTES) {
		char padded[crypto_pwhash_STRBYTES] = {0};

		memcpy(padded, stored, strlen(stored));
		if (crypto_pwhash_str_verify(padded, password, len) != 0)
			return false;
		*upgrade_r = crypto_pwhash_str_needs_rehash(padded, passes, memory) != 0;
		return true;
	}
	if (stored[0] != '$' && strlen(stored) != 13)   /* neither a modern crypt(3) form nor traditional DES */
		return false;
	*upgrade_r = verify_crypt(stored, password);
	return *upgrade_r;
}

void mot_de_passe_verify_nobody(const char *password)
{
	static char nobody[128];
	bool upgrade;

	if (nobody[0] == '\0' && mot_de_passe_hash("", nobody) != 0)
		return;
	(void)mot_de_passe_verify(nobody, password, &upgrade);
}
