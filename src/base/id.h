/*
 * Identifiers: UUIDs, and bytes nobody can guess.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ID_UUID_SIZE = 16, ID_UUID_TEXT = 37 };

/* A random UUID (libuuid) as lower-case text. */
void id_request(char out[ID_UUID_TEXT]);

/* A UUID version 7 (RFC 9562): 48 bits of milliseconds, then random: near each other in an index when made together. */
void id_uuid7(uint8_t out[ID_UUID_SIZE]);

void id_uuid_text(const uint8_t uuid[ID_UUID_SIZE], char out[ID_UUID_TEXT]);

/* Reads the 36-character form, either case. Returns 0, or -1. */
int id_uuid_parse(const char *s, uint8_t out[ID_UUID_SIZE]);

#endif
