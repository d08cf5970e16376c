/*
 * Tokens that name one delivery in a URL and cannot be forged: unsubscribe links and delivery-report URLs.
 *
 * A token is the base64url form of the delivery's id (8 bytes, big endian) and a 128-bit MAC of it for one purpose,
 * keyed by the configuration's secret. It is worth nothing for another purpose or another delivery, and needs no
 * table. That of a report has the number of the attempt (6 bytes, big endian) behind the id, under the MAC too; those
 * that were made before it had are good still.
 */
#ifndef DOMAIN_TOKEN_H
#define DOMAIN_TOKEN_H

#include <stdint.h>

enum token_purpose { TOKEN_UNSUBSCRIBE, TOKEN_REPORT };

enum {
	TOKEN_LENGTH = 32, TOKEN_SIZE = TOKEN_LENGTH + 1,
	TOKEN_REPORT_LENGTH = 40, TOKEN_REPORT_SIZE = TOKEN_REPORT_LENGTH + 1
};

/* Writes the token of one delivery: 32 characters of [A-Za-z0-9_-] and a NUL. */
void token_make(const char *secret, enum token_purpose purpose, uint64_t delivery_id, char out[TOKEN_SIZE]);

/*
 * Reads a token that came from outside (NULL is refused) and checks it in constant time. Returns 0 and the delivery's
 * id, or -1 when it is not one of ours for this purpose.
 */
int token_verify(const char *secret, enum token_purpose purpose, const char *token, uint64_t *delivery_id_r);

/* The same for reports, with the attempt (below 2^48): 40 characters. */
void token_make_report(const char *secret, uint64_t delivery_id, uint64_t attempt, char out[TOKEN_REPORT_SIZE]);

/* Attempt 0: a token of before, which names none. */
int token_verify_report(const char *secret, const char *token, uint64_t *delivery_id_r, uint64_t *attempt_r);

#endif
