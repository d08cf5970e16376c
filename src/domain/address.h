/*
 * What an e-mail address and a telephone number may be.
 */
#ifndef DOMAIN_ADDRESS_H
#define DOMAIN_ADDRESS_H

#include "base/pool.h"

/*
 * One e-mail address that SMTP can carry (RFC 5321, RFC 5322 addr-spec without comments): local part at most 64 bytes,
 * the whole at most 254, dot-atom or quoted local part in ASCII, a domain with at least two labels of letters, digits
 * and hyphens. An international domain is turned into its ASCII form (IDNA 2008); a local part outside ASCII is refused
 * (SMTPUTF8 cannot be counted on). No CR, LF, NUL, space, comment, display name, list or address literal.
 * Returns the form to send to (domain in lower case), in the pool; NULL when refused. White space around is refused.
 */
const char *address_email(struct pool *pool, const char *given);

/*
 * A telephone number: French national (`06 02 03 04 05`, dots, dashes, non-breaking spaces; landlines too) or E.164
 * (`+33602030405`, also `0033…`), optional `(0)` after the country code. Returns E.164 (`+33602030405`) in the pool;
 * NULL when refused (letters, too short, too long, short codes, a `+33` number without nine digits after it).
 * Overseas numbers in national form (`0692…`) get their own country code (`+262692…`).
 */
const char *address_phone(struct pool *pool, const char *given);

/*
 * An SMS originator: 1 to 11 of [A-Za-z0-9 ] with at least one letter (3GPP TS 23.040) and no space at its ends, or 3
 * to 15 digits with an optional `+`.
 */
int address_is_originator(const char *given);

#endif
