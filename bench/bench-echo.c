/*
 * bench-echo: the ceiling of a FastCGI answer. Preforked libfcgi workers that read each request to its end and send the
 * bytes of one file, headers included, whatever was asked.
 *
 *   bench-echo -l SOCKET -w WORKERS -f FILE [-k]
 *
 * The best that libfcgi gives: an output buffer that holds the whole answer, so that one write(2) sends it, and the
 * connection closed at once instead of waiting for the peer (FCGX_Detach). -k keeps connections when nginx asks for it.
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

enum { BUFFER_MAX = 65528, BACKLOG = 1024 };

struct echo {
	const char *bytes;
	size_t len;
	bool keep;
};

/* libfcgi makes its writer with 8 kB; one that holds the answer replaces it before anything is written. */
static void enlarge(FCGX_Request *request, size_t len)
{
	if (len < 8192 - 64)
		return;
	FCGX_FreeStream(&request->out);
	request->out = FCGX_CreateWriter(request->ipcFd, request->requestId,
	                                 len + 64 > BUFFER_MAX ? BUFFER_MAX : (int)len + 64, 6 /* FCGI_STDOUT */);
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
		enlarge(&request, echo->len);
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
	struct echo echo = { NULL, 0, false };
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
