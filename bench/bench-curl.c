/*
 * bench-curl: how fast bare libcurl delivers. The multi interface, as many connections as asked for, each reused for
 * its whole life, one easy handle a connection; no database, no rendering.
 *
 *   bench-curl mail -u smtp://HOST:PORT/HELO -c CONNECTIONS -n COUNT -f FILE
 *   bench-curl get  -u URL -c CONNECTIONS -n COUNT
 *   bench-curl post -u URL -c CONNECTIONS -n COUNT -f FILE [-H HEADER]...
 *
 * mail sends the message in FILE (CR LF line ends) to u<i>@example.org; get fetches the URL, in which @ stands for the
 * number of the request, and expects a status of 2xx; post posts FILE as it is to the URL, with these headers, and
 * expects the same.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "bench/bench.h"

struct transfer {
	CURL *easy;
	size_t sent;                    /* bytes of the message given to libcurl so far */
	struct curl_slist *recipient;
};

struct run {
	bool mail, post;
	struct curl_slist *headers;
	const char *url;
	const char *bytes;
	size_t len;
	long count;
	long started;
	unsigned long done, errors;
	CURLM *multi;
};

static struct run run;

static size_t give(char *to, size_t size, size_t n, void *arg)
{
	struct transfer *transfer = arg;
	size_t left = run.len - transfer->sent;
	size_t take = size * n < left ? size * n : left;

	memcpy(to, run.bytes + transfer->sent, take);
	transfer->sent += take;
	return take;
}

static size_t discard(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes;
	(void)arg;
	return size * n;
}

static void transfer_init(struct transfer *transfer)
{
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		errx(1, "curl_easy_init");
	transfer->easy = easy;
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_URL, run.url);
	if (run.mail) {
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "bench@example.org");
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
		curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)run.len);
	} else if (run.post) {
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, run.headers);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)run.len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, run.bytes);
	}
}

/* The URL with each @ replaced by the number of the request. */
static void number_url(CURL *easy, long number)
{
	char url[4096];
	size_t len = 0;

	for (const char *p = run.url; *p != '\0' && len < sizeof(url) - 24; p++)
		if (*p == '@')
			len += (size_t)snprintf(url + len, sizeof(url) - len, "%08ld", number);
		else
			url[len++] = *p;
	url[len] = '\0';
	curl_easy_setopt(easy, CURLOPT_URL, url);
}

static void transfer_start(struct transfer *transfer)
{
	char address[64];

	if (run.started == run.count)
		return;
	if (run.mail) {
		snprintf(address, sizeof(address), "<u%ld@example.org>", run.started);
		curl_slist_free_all(transfer->recipient);
		transfer->recipient = curl_slist_append(NULL, address);
		curl_easy_setopt(transfer->easy, CURLOPT_MAIL_RCPT, transfer->recipient);
		transfer->sent = 0;
	} else if (!run.post) {
		number_url(transfer->easy, run.started);
	}
	run.started++;
	if (curl_multi_add_handle(run.multi, transfer->easy) != CURLM_OK)
		errx(1, "curl_multi_add_handle");
}

static void transfer_end(CURLMsg *msg)
{
	struct transfer *transfer;
	CURL *easy = msg->easy_handle;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (msg->data.result == CURLE_OK && status >= 200 && status < 300)
		run.done++;
	else if (run.errors++ == 0)
		warnx("%s, status %ld", curl_easy_strerror(msg->data.result), status);
	curl_multi_remove_handle(run.multi, easy);
	transfer_start(transfer);
}

static void loop(void)
{
	int running = 1, left;
	CURLMsg *msg;

	while (run.done + run.errors < (unsigned long)run.count) {
		if (curl_multi_perform(run.multi, &running) != CURLM_OK)
			errx(1, "curl_multi_perform");
		while ((msg = curl_multi_info_read(run.multi, &left)) != NULL)
			if (msg->msg == CURLMSG_DONE)
				transfer_end(msg);
		if (run.done + run.errors < (unsigned long)run.count)
			curl_multi_poll(run.multi, NULL, 0, 1000, NULL);
	}
}

/* Returns the number of connections. */
static long parse_options(int argc, char **argv)
{
	long connections = 8;
	int option;

	run.mail = argc > 1 && strcmp(argv[1], "mail") == 0;
	run.post = argc > 1 && strcmp(argv[1], "post") == 0;
	if (argc < 2 || (!run.mail && !run.post && strcmp(argv[1], "get") != 0))
		errx(2, "usage: bench-curl mail|get|post -u URL -c CONNECTIONS -n COUNT [-f FILE] [-H HEADER]...");
	optind = 2;
	while ((option = getopt(argc, argv, "u:c:n:f:H:")) != -1) {
		switch (option) {
		case 'u': run.url = optarg; break;
		case 'c': connections = bench_number("-c", optarg, 1, 1000); break;
		case 'n': run.count = bench_number("-n", optarg, 1, 100000000); break;
		case 'f': run.bytes = bench_slurp(optarg, &run.len); break;
		case 'H': run.headers = curl_slist_append(run.headers, optarg); break;
		default: exit(2);
		}
	}
	if (run.url == NULL || run.count == 0 || ((run.mail || run.post) && run.bytes == NULL))
		errx(2, "-u URL and -n COUNT are due, for mail and post -f FILE too");
	return connections;
}

int main(int argc, char **argv)
{
	long connections = parse_options(argc, argv);
	struct transfer *transfers;
	double start;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	run.multi = curl_multi_init();
	curl_multi_setopt(run.multi, CURLMOPT_MAXCONNECTS, connections);
	curl_multi_setopt(run.multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, connections);
	transfers = calloc((size_t)connections, sizeof(*transfers));
	start = bench_now();
	for (long i = 0; i < connections; i++) {
		transfer_init(&transfers[i]);
		transfer_start(&transfers[i]);
	}
	loop();
	bench_report(run.done, bench_now() - start, run.errors);
	for (long i = 0; i < connections; i++) {
		curl_easy_cleanup(transfers[i].easy);
		curl_slist_free_all(transfers[i].recipient);
	}
	curl_multi_cleanup(run.multi);
	curl_slist_free_all(run.headers);
	curl_global_cleanup();
	free(transfers);
	return run.errors > 0;
}
