/*
 * Signatures of webhooks, as the Standard Webhooks specification has them.
 */
#ifndef DOMAIN_WEBHOOK_SIGNATURE_H
#define DOMAIN_WEBHOOK_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/*
 * Appends `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, after a space when there is something already:
 * a header holds one signature for each secret that is valid.
 */
void webhook_sign(struct text *header, const uint8_t *secret, size_t secret_len, const char *id, int64_t timestamp,
                  const char *body);

/* A secret as clients configure it: `whsec_` and base64. Reading returns its length, or 0 when it is none. */
enum { WEBHOOK_SECRET_TEXT = 6 + 88 + 1 };
void webhook_secret_text(const uint8_t *secret, size_t len, char out[WEBHOOK_SECRET_TEXT]);
size_t webhook_secret_parse(const char *text, uint8_t out[64]);

#endif
