/*
 * Rendering of deliveries.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/seal.h"
#include "delivery/render.h"
#include "documents/mail.h"
#include "domain/content.h"
#include "domain/sms_text.h"
#include "domain/token.h"
#include "store/tenant_mail.h"

struct render {
	const struct settings *settings;
	struct mail_kit *kit;
	struct pool *pool;              /* of one delivery at a time */
};

struct render *render_create(const struct settings *settings)
{
	struct mail_kit *kit = mail_kit_create(settings);
	struct render *render;

	if (kit == NULL)
		return NULL;
	render = mem_alloc(sizeof *render);
	*render = (struct render){.settings = settings, .kit = kit, .pool = pool_create()};
	return render;
}

void render_free(struct render *render)
{
	if (render == NULL)
		return;
	mail_kit_free(render->kit);
	pool_free(render->pool);
	free(render);
}

static const struct mail_attachment *attachments(struct render *render, const struct delivery *delivery)
{
	struct mail_attachment *list = pool_alloc(render->pool, (delivery->n_attachments + 1) * sizeof *list);

	for (size_t i = 0; i < delivery->n_attachments; i++)
		list[i] = (struct mail_attachment){delivery->attachments[i].name, delivery->attachments[i].type,
		                                   delivery->attachments[i].bytes, delivery->attachments[i].len};
	return list;
}

static void render_mail(struct render *render, struct job *job)
{
	const struct delivery *delivery = job->delivery;
	char token[TOKEN_SIZE];
	const char *opened;
	struct mail mail = {
		.uuid = delivery->uuid, .date = clock_now_ms(), .to = delivery->recipient,
		.sender = delivery->originator, .client = delivery->client_name,
		.subject = delivery->subject, .content = delivery->content != NULL ? delivery->content : "",
		.logo_url = delivery->logo_url, .unsubscribe_link = delivery->unsubscribe_link,
		.attachments = attachments(render, delivery), .n_attachments = delivery->n_attachments,
	};

	/* What the house itself writes, to a tenant or about an account, is no mailing to unsubscribe from. */
	if (strcmp(delivery->client_name, TENANT_MAIL_CLIENT) == 0) {
		opened = seal_open(render->pool, render->settings->secret, delivery->recipient, mail.content);
		if (opened != NULL)
			mail.content = opened;
	} else {
		token_make(render->settings->secret, TOKEN_UNSUBSCRIBE, delivery->id, token);
		mail.unsubscribe_url = pool_printf(render->pool, "%s/u/%s", render->settings->base_url, token);
	}
	mail_build(render->kit, render->pool, &mail, &job->bytes);
}

static void render_sms(struct render *render, struct job *job)
{
	const char *content = job->delivery->content != NULL ? job->delivery->content : "";
	const char *text = content_line_breaks(render->pool, content);
	size_t len = strlen(text);
	struct sms_text measure = sms_text_measure(text, len);

	text_add(&job->bytes, text, len);
	job->outcome.has_sms = true;
	job->outcome.ucs2 = measure.ucs2;
	job->outcome.segments = measure.segments;
}

void render_job(struct render *render, struct job *job)
{
	text_clear(&job->bytes);
	if (job->delivery->channel == DELIVERY_MAIL)
		render_mail(render, job);
	else
		render_sms(render, job);
	pool_reset(render->pool);
}
