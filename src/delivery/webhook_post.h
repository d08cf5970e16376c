/*
 * One connection's worth of posting webhooks: signs and posts an event, and says what became of it.
 */
#ifndef DELIVERY_WEBHOOK_POST_H
#define DELIVERY_WEBHOOK_POST_H

#include "base/settings.h"
#include "base/text.h"
#include "delivery/http_conn.h"
#include "delivery/webhook_target.h"

struct webhook_post {
	struct http_conn conn;          /* first: the end of a post comes back as this */
	void *owner;                    /* who is told of it */
	const struct settings *settings;
	struct webhook_task *task;      /* NULL: free */
	struct text headers, signature;
};

/* Initialises; `ended` is called with the end of each post. Free with webhook_post_close(). */
void webhook_post_open(struct webhook_post *post, struct wire *wire, const struct settings *settings, void *owner,
                       void (*ended)(struct http_conn *conn, CURLcode result));
void webhook_post_close(struct webhook_post *post);

/* The free one for this URL, if possible with a connection to it; there must be a free one. */
struct webhook_post *webhook_post_choose(struct webhook_post *posts, unsigned n, const char *url);

void webhook_post_begin(struct webhook_post *post, struct webhook_task *task);

/* At its end: sets the task's outcome, text of it in `pool`, and what it says of the target; frees the post. */
void webhook_post_end(struct webhook_post *post, struct pool *pool, CURLcode result);

#endif
