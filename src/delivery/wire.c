/*
 * Waiting for libcurl's transfers and other descriptors at once.
 */
#include <stdlib.h>

#include "base/log.h"
#include "base/pool.h"
#include "delivery/wire.h"

int wire_open(struct wire *wire, unsigned connections)
{
	*wire = (struct wire){0};
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (wire->multi = curl_multi_init()) == NULL) {
		log_event(LOG_LEVEL_ERROR, "libcurl-cannot-start", NULL);
		return -1;
	}
	curl_multi_setopt(wire->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	curl_multi_setopt(wire->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return 0;
}

void wire_close(struct wire *wire)
{
	if (wire->multi != NULL)
		curl_multi_cleanup(wire->multi);
	free(wire->fds);
	*wire = (struct wire){0};
	curl_global_cleanup();
}

unsigned wire_want(struct wire *wire, curl_socket_t fd, short events)
{
	if (wire->n_fds == wire->capacity) {
		wire->capacity = wire->capacity == 0 ? 16 : wire->capacity * 2;
		wire->fds = mem_realloc(wire->fds, wire->capacity * sizeof *wire->fds);
	}
	wire->fds[wire->n_fds] = (struct curl_waitfd){.fd = fd, .events = events};
	return wire->n_fds++;
}

short wire_events(const struct wire *wire, unsigned place)
{
	return wire->fds[place].revents;
}

void wire_forget(struct wire *wire)
{
	wire->n_fds = 0;
}

void wire_wait(struct wire *wire, int milliseconds)
{
	CURLMsg *message;
	int running, left;

	curl_multi_poll(wire->multi, wire->fds, wire->n_fds, milliseconds, NULL);
	if (wire->transfers == 0)
		return;
	curl_multi_perform(wire->multi, &running);
	while ((message = curl_multi_info_read(wire->multi, &left)) != NULL) {
		struct wire_user *user = NULL;
		CURLcode result = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		wire->transfers--;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&user);
		user->ended(user, result);
	}
}

void wire_begin(struct wire *wire, CURL *easy)
{
	curl_multi_add_handle(wire->multi, easy);
	wire->transfers++;
}

void wire_end(struct wire *wire, CURL *easy)
{
	curl_multi_remove_handle(wire->multi, easy);
}

void wire_options(CURL *easy, const char *protocols)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
}
