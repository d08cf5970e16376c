/*
 * Turns a query string and a body into parameters. Pure functions over bytes: each has a fuzz harness.
 */
#ifndef HTTP_PARSE_H
#define HTTP_PARSE_H

#include "http/request.h"

/* Each appends to request->params, or sets request->fault and fault_name (the first fault stays). */
void parse_form(struct request *request, const char *bytes, size_t len);
void parse_multipart(struct request *request, const char *content_type, const char *bytes, size_t len);
void parse_json(struct request *request, const char *bytes, size_t len);

/* Chooses by content type; an absent one is a form. An empty body is no fault. */
void parse_body(struct request *request, const char *bytes, size_t len);

#endif
