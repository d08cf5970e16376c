/*
 * /health and /metrics: for the operator's machines, on loopback only.
 */
#ifndef PAGES_OPERATOR_H
#define PAGES_OPERATOR_H

#include "access/app.h"
#include "http/request.h"

/* 200 when the database answers, else 503. */
void operator_health(struct app *app, struct request *request);

/* Prometheus' text format: requests, workers, and the outbox by channel and state. */
void operator_metrics(struct app *app, struct request *request);

#endif
