/*
 * Webhooks: where a client wants to hear of changes, and the changes that are still to be told.
 */
#ifndef STORE_WEBHOOK_H
#define STORE_WEBHOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "db/db.h"

enum { WEBHOOK_SECRET_MAX = 64 };

struct webhook_endpoint {
	uint64_t client_id;
	const char *client_name;
	const char *url;
	uint8_t secret[WEBHOOK_SECRET_MAX], old_secret[WEBHOOK_SECRET_MAX];
	size_t secret_len, old_secret_len;      /* old: 0, none */
	bool disabled;
	const char *disabled_why;
	uint32_t failures;
	int64_t retry_at;                       /* ms; 0: at once */
	uint64_t waiting;                       /* events not told yet; set by webhook_endpoints() */
};

/* Sets the URL; enables the endpoint; a new one gets `secret`. What waits is due at once. */
enum db_status webhook_set_url(struct db *db, uint64_t client, const char *url, const uint8_t *secret, size_t len);

/* A new secret; the one it replaces goes on signing beside it. */
enum db_status webhook_rotate(struct db *db, uint64_t client, const uint8_t *secret, size_t len);
enum db_status webhook_disable(struct db *db, uint64_t client, const char *why);
enum db_status webhook_endpoint_get(struct db *db, struct pool *pool, uint64_t client, struct webhook_endpoint *r);
enum db_status webhook_endpoints(struct db *db, struct pool *pool, struct webhook_endpoint **list_r, size_t *n_r);

/* Writes an event for the client's endpoint, in the transaction of the change; no endpoint, no event. */
enum db_status webhook_add(struct db *db, uint64_t client, uint64_t appointment, const char *body, int64_t now,
                           int64_t lifetime);

/* One event to be posted. Text in the pool. */
struct webhook_event {
	uint64_t id, client_id, appointment_id;
	uint8_t uuid[ID_UUID_SIZE];
	const char *body;
	const char *state;
	unsigned attempt;               /* counting from 1 */
	int64_t due_at, created_at, expires_at;
	unsigned last_status;
	const char *error;
};

/* A place among what is due of a client, in the order in which claims look at it; {0}: before all. */
struct webhook_mark {
	int64_t due_at;
	uint64_t id;
};

/* What was claimed for one endpoint: some of its due events, oldest first. */
struct webhook_share {
	struct webhook_endpoint endpoint;
	struct webhook_event *events;
	size_t n;
	struct webhook_mark mark;       /* the claim had no room for what comes after it; {0}: there was room for all */
};

/*
 * How much of one client's is wanted, and whence: what comes before is looked at too if there is not enough after it.
 */
struct webhook_room {
	uint64_t client_id;
	uint32_t room;
	struct webhook_mark mark;
};

struct webhook_wish {
	const uint8_t *claim_id;        /* ID_UUID_SIZE bytes, a new one for each claim */
	int64_t lease;                  /* seconds */
	uint32_t size;                  /* of the claim, at most 512 */
	uint32_t room;                  /* for each client that is not in `rooms` */
	const struct webhook_room *rooms;
	size_t n_rooms;
	uint64_t last;                  /* the client whose turn was last; set by the claim */
};

/*
 * Claims due events, committed before it returns. Of each appointment only the oldest that is not told yet; none that
 * has expired, nor of an endpoint that is disabled or waits after a failure. Clients get equal shares, in turn; one
 * whose endpoint failed when it was last tried gets one event, to see.
 */
enum db_status webhook_claim(struct db *db, struct pool *pool, struct webhook_wish *wish,
                             struct webhook_share **shares_r, size_t *n_r);

/* What an attempt says of the endpoint. */
enum webhook_health {
	WEBHOOK_AS_IS,          /* nothing: not tried, or another attempt of the same moment has said it */
	WEBHOOK_WELL,
	WEBHOOK_FAILED,         /* it rests, at least until retry_at */
	WEBHOOK_FAILED_TOO,     /* counted already by an attempt of the same moment, but it asks for a longer rest */
	WEBHOOK_GONE            /* 410: it is disabled */
};

/* What became of an attempt. */
struct webhook_outcome {
	uint64_t id, client_id;
	const uint8_t *claim_id;        /* of the claim that holds it */
	const char *state;              /* "sent", "queued" (to be tried again), "failed", "expired" */
	int64_t retry_at;               /* ms, for queued */
	enum webhook_health health;
	const char *url;                /* that was posted to; NULL: not tried */
	bool released;                  /* not tried: no attempt is counted */
	unsigned status;                /* HTTP; 0: none came */
	const char *error;              /* NULL: none */
};

/*
 * Records outcomes, 512 at most, in one transaction; a row that its claim does not hold any more is left alone. What
 * failed at an address that is not the endpoint's any more is queued for the new one, due now.
 */
enum db_status webhook_record(struct db *db, const struct webhook_outcome *outcomes, size_t n);

/* Events of a client (0: of all), newest first; state NULL: any. */
enum db_status webhook_list(struct db *db, struct pool *pool, uint64_t client, const char *state, uint32_t limit,
                            struct webhook_event **list_r, size_t *n_r);

/* What has not been told by its deadline expires, whatever its endpoint: claims leave it out. */
enum db_status webhook_expire(struct db *db, uint64_t *n_r);

/* Queues again: one event, or all of a client that failed or expired. */
enum db_status webhook_replay(struct db *db, uint64_t client, uint64_t event, int64_t now, int64_t lifetime,
                              uint64_t *n_r);

#endif
