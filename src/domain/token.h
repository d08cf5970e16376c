/*
 * Tokens that name one delivery in a URL and cannot be forged: unsubscribe links and delivery-report URLs.
 *
 * A token is the base64url form of the delivery's id (8 bytes, big endian) and a 128-bit MAC of it for one purpose,
 * keyed by the configuration's secret. It is worth nothing for another purpose or another delivery, and needs no
 * table.
 */
#ifndef DOMAIN_TOKEN_H
#define DOMAIN_TOKEN_H

#include <stdint.h>

enum token_purpose { TOKEN_UNSUBSCRIBE, TOKEN_REPORT };

enum { TOKEN_LENGTH = 32, TOKEN_SIZE = TOKEN_LENGTH + 1 };

/* Writes the token of one delivery: 32 characters of [A-Za-z0-9_-] and a NUL. */
void token_make(const char *secret, enum token_purpose purpose, uint64_t delivery_id, char out[TOKEN_SIZE]);

/*
 * Reads a token that came from outside (NULL is refused) and checks it in constant time. Returns 0 and the delivery's
 * id, or -1 when it is not one of ours for this purpose.
 */
int token_verify(const char *secret, enum token_purpose purpose, const char *token, uint64_t *delivery_id_r);

#endif
