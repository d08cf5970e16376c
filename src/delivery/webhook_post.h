/*
 * One connection's worth of posting webhooks: signs and posts an event, and says what became of it.
 */
#ifndef DELIVERY_WEBHOOK_POST_H
#define DELIVERY_WEBHOOK_POST_H

#include "base/settings.h"
#include "base/text.h"
#include "delivery/webhook_target.h"
#include "delivery/wire.h"

enum { WEBHOOK_POST_HEADERS = 5 };

struct webhook_post {
	struct wire_user user;          /* first: libcurl's end comes back as this */
	void *owner;                    /* whose `ended` it is */
	const struct settings *settings;
	CURL *easy;
	struct webhook_task *task;      /* NULL: free */
	size_t received;
	struct curl_slist headers[WEBHOOK_POST_HEADERS];
	char id[64], timestamp[64];     /* whole lines */
	struct text signature;
};

/* Initialises; `ended` is called with the end of each post. Free with webhook_post_close(). */
void webhook_post_open(struct webhook_post *post, const struct settings *settings, void *owner,
                       void (*ended)(struct wire_user *user, CURLcode result));
void webhook_post_close(struct webhook_post *post);

void webhook_post_begin(struct webhook_post *post, struct wire *wire, struct webhook_task *task);

/* At its end: sets the task's outcome, text of it in `pool`, and what it says of the target; frees the post. */
void webhook_post_end(struct webhook_post *post, struct wire *wire, struct pool *pool, CURLcode result);

#endif
