/*
 * bench-echo: the ceiling of a FastCGI answer. Preforked libfcgi workers that read each request to its end and send the
 * bytes of one file, headers included, whatever was asked.
 *
 *   bench-echo -l SOCKET -w WORKERS -f FILE [-k]
 *
 * The best that libfcgi gives: one write(2) an answer, and the connection closed at once instead of waiting for the
 * peer (FCGX_Detach). -k keeps connections when nginx asks for it. An answer that is longer than libfcgi's buffer goes
 * out past it, its records made beforehand.
 */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "bench/bench.h"

enum { BUFFER_MIN = 8192 - 64, BACKLOG = 1024 };

enum { RECORD_MAX = 65528, HEADER = 8, STDOUT = 6, END_REQUEST = 3 };

struct echo {
	const char *bytes;
	size_t len;
	bool keep;
	char *records;                  /* the whole answer to request 1, nginx's only number, or NULL */
	size_t records_len;
};

static void add_record(struct echo *echo, unsigned char type, const char *bytes, size_t len)
{
	const unsigned char header[HEADER] = {1, type, 0, 1, (unsigned char)(len >> 8), (unsigned char)len, 0, 0};

	memcpy(echo->records + echo->records_len, header, HEADER);
	if (len > 0)
		memcpy(echo->records + echo->records_len + HEADER, bytes, len);
	echo->records_len += HEADER + len;
}

static void make_records(struct echo *echo)
{
	echo->records = malloc(echo->len + (echo->len / RECORD_MAX + 4) * 2 * HEADER);
	if (echo->records == NULL)
		err(1, "memory");
	for (size_t at = 0, n; at < echo->len; at += n) {
		n = echo->len - at < RECORD_MAX ? echo->len - at : RECORD_MAX;
		add_record(echo, STDOUT, echo->bytes + at, n);
	}
	add_record(echo, STDOUT, NULL, 0);
	add_record(echo, END_REQUEST, "\0\0\0\0\0\0\0", HEADER);
}

/* Sends the records, and takes away the stream by which libfcgi would send its own. */
static void send_records(const struct echo *echo, FCGX_Request *request)
{
	for (size_t at = 0; at < echo->records_len;) {
		ssize_t n = write(request->ipcFd, echo->records + at, echo->records_len - at);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	FCGX_FreeStream(&request->out);
}

static int serve(const struct echo *echo, int listen_fd)
{
	FCGX_Request request;
	char drain[8192];

	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, listen_fd, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(drain, sizeof(drain), request.in) > 0)
			continue;
		if (echo->records != NULL && request.requestId == 1)
			send_records(echo, &request);
		else
			FCGX_PutStr(echo->bytes, (int)echo->len, request.out);
		if (!echo->keep || !request.keepConnection) {
			request.keepConnection = 0;
			FCGX_Detach(&request);
		}
		FCGX_Finish_r(&request);
	}
	return 0;
}

static void wait_for_end(pid_t *pids, long workers)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigwait(&set, &sig);
	for (long i = 0; i < workers; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0)
		continue;
}

int main(int argc, char **argv)
{
	const char *path = NULL, *file = NULL;
	struct echo echo = {0};
	long workers = 1;
	int option, listen_fd;
	sigset_t set;
	pid_t *pids;

	while ((option = getopt(argc, argv, "l:w:f:k")) != -1) {
		switch (option) {
		case 'l': path = optarg; break;
		case 'w': workers = bench_number("-w", optarg, 1, 1000); break;
		case 'f': file = optarg; break;
		case 'k': echo.keep = true; break;
		default: return 2;
		}
	}
	if (path == NULL || file == NULL)
		errx(2, "usage: bench-echo -l SOCKET -w WORKERS -f FILE [-k]");
	echo.bytes = bench_slurp(file, &echo.len);
	if (echo.len >= BUFFER_MIN)
		make_records(&echo);
	listen_fd = FCGX_OpenSocket(path, BACKLOG);
	if (listen_fd < 0)
		err(1, "%s", path);
	if (path[0] == '/')
		chmod(path, 0666);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	pids = calloc((size_t)workers, sizeof(*pids));
	for (long i = 0; i < workers; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(serve(&echo, listen_fd));
		}
	}
	wait_for_end(pids, workers);
	unlink(path);
	return 0;
}
