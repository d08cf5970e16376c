/*
 * Where webhooks may be posted to.
 */
#ifndef DELIVERY_WEBHOOK_URL_H
#define DELIVERY_WEBHOOK_URL_H

#include <stdbool.h>

/*
 * Why a URL may not be a webhook's, to be said after it («… is no https URL …»); NULL: it may. `allow_private` is as in
 * the configuration: http will do too, and any address. A name may still resolve to a private address: that is refused
 * when it is posted to; here it is known only of a host that is an address, however it is written, or this host's name.
 */
const char *webhook_url_refused(const char *url, bool allow_private);

#endif
