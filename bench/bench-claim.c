/*
 * bench-claim: what one claim costs, by the sender's own store function.
 *
 *   bench-claim -c CONFIGURATION -n CLAIMS -s SIZE
 *
 * Claims SIZE due mails CLAIMS times and prints the microseconds that each took, a line each. What it claims stays
 * claimed until the lease ends.
 */
#include <err.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/pool.h"
#include "base/settings.h"
#include "bench/bench.h"
#include "db/db.h"
#include "store/delivery.h"

enum { LEASE = 3600 };

static void claim(struct db *db, uint32_t size)
{
	struct pool *pool = pool_create();
	struct delivery *deliveries;
	double start = bench_now();
	size_t n;

	if (delivery_claim(db, pool, DELIVERY_MAIL, "bench", size, LEASE, &deliveries, &n) != DB_OK)
		errx(1, "claim: %s", db_error(db));
	if (n != size)
		errx(1, "%zu of %u claimed: not enough are due", n, size);
	printf("us=%.0f\n", (bench_now() - start) * 1e6);
	pool_free(pool);
}

int main(int argc, char **argv)
{
	const char *path = NULL;
	struct settings settings;
	long claims = 1, size = 500;
	struct db *db;
	int option;

	while ((option = getopt(argc, argv, "c:n:s:")) != -1) {
		switch (option) {
		case 'c': path = optarg; break;
		case 'n': claims = bench_number("-n", optarg, 1, 100000); break;
		case 's': size = bench_number("-s", optarg, 1, 100000); break;
		default: return 2;
		}
	}
	if (path == NULL)
		errx(2, "usage: bench-claim -c CONFIGURATION -n CLAIMS -s SIZE");
	log_open("bench-claim", NULL, LOG_LEVEL_WARN);
	if (settings_load(&settings, path, stderr) != 0)
		return 1;
	db = db_open(&settings);
	if (db_ping(db) != DB_OK)
		errx(1, "no database: %s", db_error(db));
	for (long i = 0; i < claims; i++)
		claim(db, (uint32_t)size);
	db_close(db);
	settings_free(&settings);
	return 0;
}
