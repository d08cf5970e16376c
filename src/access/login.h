/*
 * User name and password come with every request: a pair found correct is remembered, so that the slow hash is
 * paid rarely.
 *
 * What is remembered is a keyed BLAKE2b of (user id, stored hash, password) under a random key of this start, in memory
 * shared by the workers: never the password, and void as soon as the stored hash changes. Failures are never
 * remembered; they are counted against the account-and-address pair and against the address (rate.h), and where one of
 * these is used up, only a pair found correct from the same network before (network_of()) is let in.
 */
#ifndef ACCESS_LOGIN_H
#define ACCESS_LOGIN_H

#include "access/app.h"
#include "store/user.h"

enum login_result {
	LOGIN_OK = 0,
	LOGIN_UNKNOWN,     /* no such user; takes as long as a wrong password */
	LOGIN_WRONG,
	LOGIN_LIMITED           /* too many failures lately; *retry_after_r seconds */
};

enum { LOGIN_CHARS_MAX = 254 };   /* characters of a user name or e-mail address */

#define LOGIN_UNKNOWN_MESSAGE "Nom d'utilisateur inconnu."
#define LOGIN_WRONG_MESSAGE "Mot de passe incorrect."

struct login_cache;

/* Maps memory for `capacity` pairs and networks that they come from (a power of two); before the fork. */
struct login_cache *login_cache_create(unsigned capacity);

/*
 * Verifies the password of `user`, as it was just loaded, and upgrades an old hash; NULL: there is no such user.
 * `login` is the name as the client gave it. A success costs nothing of the limits.
 */
enum login_result login_check(struct app *app, struct pool *pool, const char *login, const char *password,
                              const char *remote_addr, struct user *user, uint32_t *retry_after_r);

/* Is this a pair that login_check() has found correct from this network, and remembers? Costs next to nothing. */
bool login_is_remembered(const struct app *app, const struct user *user, const char *password, const char *remote_addr);

#endif
