/*
 * The URL of a webhook, read by the parser that will read it when it is posted to.
 */
#include "delivery/webhook_url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "base/text.h"
#include "domain/line.h"
#include "domain/network.h"

enum { URL_MAX = 2048 };

static bool is_plain(const char *url)
{
	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return strlen(url) <= URL_MAX && line_is_web_url(url);
}

static bool has_good_port(CURLU *parts)
{
	char *port = NULL;
	uint64_t number = 0;
	CURLUcode got = curl_url_get(parts, CURLUPART_PORT, &port, 0);
	bool good = got == CURLUE_NO_PORT || (got == CURLUE_OK && text_to_u64(port, 1, UINT16_MAX, &number) == 0);

	curl_free(port);
	return good;
}

static bool has_scheme(CURLU *parts, const char *wanted)
{
	char *scheme = NULL;
	bool has = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && strcasecmp(scheme, wanted) == 0;

	curl_free(scheme);
	return has;
}

/* A host that is an address: libcurl has brought the ways to write one (`127.1`, `0x7f000001`) into the usual form. */
static bool is_private_address(const char *host)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, host, &in.sin_addr) == 1)
		return !network_is_public((const struct sockaddr *)&in);
	if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1)
		return !network_is_public((const struct sockaddr *)&in6);
	return false;
}

/* The names of RFC 6761 that are this host's. */
static bool is_local_name(const char *host)
{
	static const char local[] = "localhost";
	size_t len = strlen(host), local_len = sizeof local - 1;

	return len >= local_len && strcasecmp(host + len - local_len, local) == 0 &&
	       (len == local_len || host[len - local_len - 1] == '.');
}

/* Takes the host's brackets, zone and last dot off before looking. */
static bool is_private(CURLU *parts)
{
	char *host = NULL, *name;
	size_t len;
	bool result;

	if (curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return true;
	name = host + (host[0] == '[');
	len = strcspn(name, "]%");
	if (len > 0 && name[len - 1] == '.')
		len--;
	name[len] = '\0';
	result = is_private_address(name) || is_local_name(name);
	curl_free(host);
	return result;
}

const char *webhook_url_refused(const char *url, bool allow_private)
{
	CURLU *parts = curl_url();
	const char *why = NULL;

	if (!is_plain(url) || curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK || !has_good_port(parts) ||
	    (!has_scheme(parts, "https") && !has_scheme(parts, "http")))
		why = "is no https URL of at most 2048 ASCII characters";
	else if (!allow_private && has_scheme(parts, "http"))
		why = "is no https URL; http takes allow_private in the [webhook] group (see bailleur.conf(5))";
	else if (!allow_private && is_private(parts))
		why = "is an address that webhooks are not posted to (see allow_private in bailleur.conf(5))";
	curl_url_cleanup(parts);
	return why;
}
