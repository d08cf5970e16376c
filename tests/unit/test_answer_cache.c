/*
 * Kept answers: what comes back is what was put last for exactly this user, day and path, of the version asked for or a
 * newer one, or nothing; with many keys in few slots, with several processes, and after writers that were killed at any
 * moment.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access/answer_cache.h"
#include "base/shared_cache.h"
#include "unit.h"

enum { SLOT = 4096, USERS = 5, PATHS = 4, STEPS = 20000, MIDDLING = 1 << 16, LARGE = 1 << 20 };

static const char *const PATH[PATHS] = {"/immeubles", "/immeuble/1", "/immeuble/11", ""};

static uint64_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* An answer that tells whose it is in every byte. */
static void fill(struct text *body, unsigned mark, size_t len)
{
	text_clear(body);
	for (size_t i = 0; i < len; i++)
		text_putc(body, (char)('A' + mark % 26));
}

static bool is_filled(const struct text *body, unsigned mark, size_t len)
{
	if (body->len != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (body->data[i] != (char)('A' + mark % 26))
			return false;
	return true;
}

/* What the last put of each key was. */
struct known {
	uint64_t version;
	jour today;
	unsigned mark;
	size_t len;
};

static void check_get(struct answer_cache *cache, const struct known known[USERS][PATHS], unsigned user, unsigned path,
                      uint64_t version, jour today)
{
	const struct known *last = &known[user][path];
	uint64_t got = version;
	struct text body = {0};

	text_puts(&body, "");
	if (answer_cache_get(cache, user, &got, today, PATH[path], &body)) {
		ck_assert_uint_ge(got, version);
		ck_assert_uint_eq(got, last->version);
		ck_assert_int_eq(today, last->today);
		ck_assert(is_filled(&body, last->mark, last->len));
	} else {
		ck_assert_uint_eq(got, version);
		ck_assert_uint_eq(body.len, 0);
	}
	text_free(&body);
}

/* Two keys may share slots, so a hit is never promised, but a wrong one is never given. */
START_TEST(agrees_with_the_model)
{
	struct answer_cache *cache = answer_cache_create(1U << _i, SLOT);
	struct known known[USERS][PATHS] = {{{0}}};
	struct text body = {0};
	uint64_t state = 7 + (uint64_t)_i;
	unsigned hits = 0;

	for (unsigned step = 0; step < STEPS; step++) {
		unsigned user = (unsigned)(next_random(&state) % USERS), path = (unsigned)(next_random(&state) % PATHS);
		uint64_t version = next_random(&state) % 3;
		jour today = (jour)(next_random(&state) % 2);

		if (next_random(&state) % 3 != 0) {
			check_get(cache, (const struct known (*)[PATHS])known, user, path, version, today);
			continue;
		}
		known[user][path] = (struct known){version, today, step, next_random(&state) % SLOT};
		fill(&body, step, known[user][path].len);
		answer_cache_put(cache, user, version, today, PATH[path], &body);
		text_clear(&body);
		hits += answer_cache_get(cache, user, &(uint64_t){version}, today, PATH[path], &body);
		ck_assert(is_filled(&body, step, known[user][path].len));
	}
	ck_assert_uint_gt(hits, STEPS / 4);
	text_free(&body);
}
END_TEST

START_TEST(appends_to_the_body)
{
	struct answer_cache *cache = answer_cache_create(4, SLOT);
	struct text body = {0};

	text_puts(&body, "kept");
	answer_cache_put(cache, 1, 1, 1, "/", &body);
	ck_assert(answer_cache_get(cache, 1, &(uint64_t){1}, 1, "/", &body));
	ck_assert_uint_eq(body.len, 8);
	ck_assert_mem_eq(body.data, "keptkept", 8);
	ck_assert(!answer_cache_get(cache, 1, &(uint64_t){2}, 1, "/", &body));
	ck_assert(!answer_cache_get(cache, 1, &(uint64_t){1}, 2, "/", &body));
	ck_assert(!answer_cache_get(cache, 2, &(uint64_t){1}, 1, "/", &body));
	ck_assert(!answer_cache_get(cache, 1, &(uint64_t){1}, 1, "/x", &body));
	ck_assert_uint_eq(body.len, 8);
	text_free(&body);
}
END_TEST

static const struct { size_t len; bool kept; } SIZES[] = {
	{0, true}, {1, true}, {SLOT - 1, true}, {SLOT, true}, {SLOT + 1, false}, {10 * SLOT, false}
};

START_TEST(size)
{
	struct answer_cache *cache = answer_cache_create(2, SLOT);
	struct text body = {0}, got = {0};

	text_puts(&got, "");
	fill(&body, 3, SIZES[_i].len);
	text_puts(&body, "");
	answer_cache_put(cache, 1, 2, 3, "/", &body);
	ck_assert_int_eq(answer_cache_get(cache, 1, &(uint64_t){2}, 3, "/", &got), SIZES[_i].kept);
	ck_assert(is_filled(&got, 3, SIZES[_i].kept ? SIZES[_i].len : 0));
	text_free(&body);
	text_free(&got);
}
END_TEST

/* A process that puts answers of its users without an end, with pauses (in us) between them. */
static pid_t start_writer(struct answer_cache *cache, unsigned first, size_t len, unsigned pause)
{
	pid_t pid = fork();
	struct text body[2] = {{0}, {0}};

	ck_assert_int_ge(pid, 0);
	if (pid != 0)
		return pid;
	alarm(60);
	for (unsigned i = 0; i < 2; i++)
		fill(&body[i], first + i, len - first - i);
	for (unsigned i = 0;; i = 1 - i) {
		answer_cache_put(cache, first + i, 1, 1, "/", &body[i]);
		if (pause != 0)
			usleep(pause);
	}
}

static void stop_writer(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* One slot, two writing processes: a reader gets a whole answer of the one it asks for, or none. */
START_TEST(readers_never_see_a_mixture)
{
	struct answer_cache *cache = answer_cache_create(1, MIDDLING);
	pid_t writers[2] = {start_writer(cache, 0, MIDDLING, 20), start_writer(cache, 2, MIDDLING, 30)};
	struct text body = {0};
	unsigned hits = 0;

	for (unsigned i = 0; i < 20000 || hits < 20; i++) {     /* Check ends it if there never are any */
		unsigned user = i % 4;

		text_clear(&body);
		if (!answer_cache_get(cache, user, &(uint64_t){1}, 1, "/", &body))
			continue;
		ck_assert(is_filled(&body, user, MIDDLING - user));
		hits++;
	}
	for (int i = 0; i < 2; i++)
		stop_writer(writers[i]);
	text_free(&body);
}
END_TEST

/* A slot whose writer was killed is not lost, and what the dead one half wrote is never given. */
START_TEST(a_dead_writers_slot_is_taken_over)
{
	struct answer_cache *cache = answer_cache_create(1, LARGE);
	struct text mine = {0}, body = {0};

	fill(&mine, 20, LARGE);
	for (unsigned round = 0; round < 60; round++) {
		pid_t writer = start_writer(cache, 0, LARGE, 0);

		usleep(round * 100);
		stop_writer(writer);
		for (unsigned user = 0; user < 2; user++) {
			text_clear(&body);
			if (answer_cache_get(cache, user, &(uint64_t){1}, 1, "/", &body))
				ck_assert(is_filled(&body, user, LARGE - user));
		}
		answer_cache_put(cache, 20, round, 1, "/", &mine);
		text_clear(&body);
		ck_assert(answer_cache_get(cache, 20, &(uint64_t){round}, 1, "/", &body));
		ck_assert(is_filled(&body, 20, LARGE));
	}
	text_free(&mine);
	text_free(&body);
}
END_TEST

/* As after a reload: those forked before go on with what is no more in this process. */
START_TEST(freed_here)
{
	struct answer_cache *cache = answer_cache_create(64, SLOT);
	struct text body = {0}, got = {0};
	uint64_t version = 1;
	int pipes[2], status;
	pid_t child;
	char byte = 0;

	text_puts(&body, "one");
	answer_cache_put(cache, 1, 1, 1, "/immeubles", &body);
	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0)
		_exit(read(pipes[0], &byte, 1) != 1 ||
		      !answer_cache_get(cache, 1, &version, 1, "/immeubles", &got) || strcmp(got.data, "one") != 0);
	answer_cache_free(cache);
	cache = answer_cache_create(64, SLOT);
	ck_assert(!answer_cache_get(cache, 1, &version, 1, "/immeubles", &got));
	ck_assert_int_eq(write(pipes[1], &byte, 1), 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	answer_cache_free(cache);
	answer_cache_free(NULL);
	close(pipes[0]);
	close(pipes[1]);
	text_free(&body);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("answer_cache");
	TCase *tcase = tcase_create("answer_cache");

	tcase_add_test(tcase, freed_here);
	tcase_add_loop_test(tcase, agrees_with_the_model, 0, 7);
	tcase_add_test(tcase, appends_to_the_body);
	tcase_add_loop_test(tcase, size, 0, COUNT(SIZES));
	tcase_add_test(tcase, readers_never_see_a_mixture);
	tcase_add_test(tcase, a_dead_writers_slot_is_taken_over);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
