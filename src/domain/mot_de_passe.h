/*
 * Passwords: how they are hashed, verified, and judged.
 */
#ifndef DOMAIN_MOT_DE_PASSE_H
#define DOMAIN_MOT_DE_PASSE_H

#include <stdbool.h>

enum { MOT_DE_PASSE_MAX = 1024 };       /* bytes */

/* Argon2id (RFC 9106; 19 MiB, 2 passes) by libsodium, a text of at most 128 bytes. Returns 0; -1 without memory. */
int mot_de_passe_hash(const char *password, char out[128]);

/*
 * Verifies against Argon2id, bcrypt ($2a$, $2b$, $2y$) or another form of crypt(3). *upgrade_r: it matched, and the
 * stored form should be replaced by a fresh one. An unknown or damaged form never matches.
 */
bool mot_de_passe_verify(const char *stored, const char *password, bool *upgrade_r);

/* Takes as long as verifying against a fresh hash; for an account that does not exist. */
void mot_de_passe_verify_nobody(const char *password);

#endif
