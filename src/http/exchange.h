/*
 * One FastCGI request on an open connection, read whole, and its answer, written whole. Knows libfcgi; nothing else of
 * this project needs to, but worker.c that starts it.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/request.h"

struct exchange;

/*
 * `body_max`: a larger body is read to its end, dropped, and noted as HTTP_FAULT_TOO_LARGE. Free with exchange_free().
 */
struct exchange *exchange_create(size_t body_max);
void exchange_free(struct exchange *exchange);          /* accepts NULL */

/*
 * Reads the next request of the connection `fd`. Returns it, valid until exchange_end(), or NULL when there is none:
 * the peer closed, or did not speak FastCGI. Then `fd` has been closed.
 */
struct request *exchange_receive(struct exchange *exchange, int fd);

/*
 * Sends the answer that is in the request. With `last` the peer is told, in a way that nginx heeds, not to use this
 * connection again. Returns the number of bytes of content sent, or -1 when the peer was not there to take it.
 */
long exchange_send(struct exchange *exchange, bool last);

/* Throws the request away. Returns true when the connection stays open for another; else it has been closed. */
bool exchange_end(struct exchange *exchange);

#endif
