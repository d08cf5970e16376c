/*
 * Rows of webhooks, for the files of store/webhook.
 */
#ifndef STORE_WEBHOOK_ROW_H
#define STORE_WEBHOOK_ROW_H

#include "store/webhook.h"

/* Of webhook_event e, for webhook_read_event(). */
#define WEBHOOK_EVENT_COLUMNS "e.id, e.client_id, e.appointment_id, e.uuid, e.body, e.state, e.attempts, " \
	"e.created_at, " \
	"e.expires_at, e.last_status, e.error_message, e.due_at"

void webhook_read_event(const struct db_rows *row, struct pool *pool, void *element);

/* Client id and name, url, secret, old secret, disabled or not, and why, failures, retry_at, how many events wait. */
void webhook_read_endpoint(const struct db_rows *row, struct pool *pool, void *element);

#endif
