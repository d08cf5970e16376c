/*
 * Identifiers of Gestion: 12 bytes shown as 24 hexadecimal digits: seconds, a number of the process, a counter.
 */
#ifndef BASE_OID_H
#define BASE_OID_H

#include <stdbool.h>
#include <stdint.h>

enum { OID_SIZE = 12, OID_TEXT = 25 };

struct oid {
	uint8_t bytes[OID_SIZE];
};

/* A new one: 4 bytes of time, 5 random bytes of this process, a 3-byte counter begun at random. */
struct oid oid_new(void);

/* Reads exactly 24 hexadecimal digits, either case. Returns 0, or -1. NULL is refused. */
int oid_parse(const char *s, struct oid *oid_r);

const char *oid_text(const struct oid *oid, char out[OID_TEXT]);
bool oid_same(const struct oid *a, const struct oid *b);

#endif
