/*
 * Text that waits in the database and is a secret there: sealed with a key derived from the configuration's secret, for
 * one recipient. Who reads the database, a backup or a replication log gains nothing by it, and a sealed text put under
 * another recipient does not open.
 */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include "base/pool.h"

/* The sealed form, ASCII, in the pool: XChaCha20-Poly1305 (libsodium), the recipient authenticated with it. */
const char *seal_close(struct pool *pool, const char *master, const char *recipient, const char *text);

/* What was sealed, in the pool; NULL when `sealed` is not what seal_close() made with this secret and recipient. */
const char *seal_open(struct pool *pool, const char *master, const char *recipient, const char *sealed);

#endif
