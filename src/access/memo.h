/*
 * What workers remember of whom they let in, so that the next request of the same one costs the database next to
 * nothing.
 *
 * A landlord's account is remembered with its version, which every write to the account counts up: one look at the
 * version tells whether the memory is still true, so nothing remembered is ever used after it changed. API clients and
 * developers' keys have no such version: they are remembered for MEMO_LIFE and no longer: a key that is disabled is
 * refused everywhere that much later at the latest. What one worker of a host remembers, all do.
 */
#ifndef ACCESS_MEMO_H
#define ACCESS_MEMO_H

#include "store/client.h"
#include "store/user.h"

enum { MEMO_LIFE = 1000000 };           /* microseconds */

struct memo;
struct memo_shared;

/* Before the fork: room for what all share. memo_unshare() gives it back for this process alone, and accepts NULL. */
struct memo_shared *memo_share(void);
void memo_unshare(struct memo_shared *shared);

/* Of one worker, with what all share; free with memo_free(), which accepts NULL. */
struct memo *memo_create(const struct memo_shared *shared);
void memo_free(struct memo *memo);

/*
 * The client that was let in with this key and the hash of this secret less than MEMO_LIFE before `now`
 * (clock_mono_us()); text in the pool. False: not remembered.
 */
bool memo_client(struct memo *memo, struct pool *pool, const char *auth_key, const uint8_t secret_hash[SECRET_HASH],
                 int64_t now, struct client *client_r);
void memo_keep_client(struct memo *memo, const struct client *client, int64_t now);

/* Was the developer's key (its secret_hash()) found good less than MEMO_LIFE ago? */
bool memo_key(struct memo *memo, const uint8_t key_hash[SECRET_HASH], int64_t now);
void memo_keep_key(struct memo *memo, const uint8_t key_hash[SECRET_HASH], int64_t now);

/*
 * The account that has this user name, spelt exactly so, as it was at user_r->version.patrimoine; text in the pool.
 * False: not remembered.
 */
bool memo_user(struct memo *memo, struct pool *pool, const char *username, struct user *user_r);
void memo_keep_user(struct memo *memo, const struct user *user);

#endif
