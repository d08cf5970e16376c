/*
 * Keyed hashes over libsodium: one master secret in the configuration, a derived key for each purpose.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>

enum { SECRET_HASH = 32, SECRET_MAC = 16, SECRET_TEXT = 44, SECRET_KEY = 32 };

/* Must be called once before the others. Returns 0, or -1 when libsodium cannot start. */
int secret_init(void);

/* BLAKE2b-256 of a random secret, for storage (the secret has 256 random bits, so no slow hash is needed). */
void secret_hash(const char *secret, uint8_t out[SECRET_HASH]);

/* 256 random bits as URL-safe text of 43 characters. */
void secret_random(char out[SECRET_TEXT]);

/* The key of one purpose, derived from the configuration's secret. */
void secret_key(const char *master, const char *purpose, uint8_t out[SECRET_KEY]);

/* 128-bit keyed BLAKE2b of data for one purpose ("unsubscribe", "report", …), keyed by the configuration's secret. */
void secret_mac(const char *master, const char *purpose, const void *data, size_t len, uint8_t out[SECRET_MAC]);

/* Constant-time comparison; 0 when equal. */
int secret_compare(const void *a, const void *b, size_t len);

#endif
