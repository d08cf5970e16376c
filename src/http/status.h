/*
 * The words beside an HTTP status.
 */
#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

/* Never empty: some clients do not take a status line without a reason. */
const char *status_reason(unsigned status);

#endif
