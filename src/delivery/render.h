/*
 * From a delivery to what goes over the wire: a mail, or the text of an SMS with its length in segments.
 */
#ifndef DELIVERY_RENDER_H
#define DELIVERY_RENDER_H

#include "base/settings.h"
#include "delivery/transport.h"

struct render;

/* Reads the templates. Returns NULL after logging. Free with render_free(), which accepts NULL. */
struct render *render_create(const struct settings *settings);
void render_free(struct render *render);

/* Fills job->bytes, and for an SMS its encoding and segments. */
void render_job(struct render *render, struct job *job);

#endif
