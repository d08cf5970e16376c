/*
 * Which new passwords are good enough: the cheapest way to say a password in words, sequences and single characters.
 */
#include "domain/mot_de_passe_regle.h"

#include <stdbool.h>
#include <string.h>

#include "base/pool.h"
#include "base/text.h"
#include "domain/mot_de_passe.h"
#include "domain/mots_courants.h"

enum { WORD_MIN = 3 };          /* letters of a personal word */

/* A password as it is looked at: characters folded to one byte each. */
struct folded {
	struct pool *pool;
	size_t n;
	char *plain;            /* letters in lower case without accents, 1 for what is neither ASCII nor such a
	                         * letter */
	char *leet;             /* the same with digits and signs read as the letters they stand for */
	uint32_t *point;        /* the code points */
};

/* The letter under the accents of U+00C0 to U+00FF; a space where there is none. */
static const char LATIN1[] = "aaaaaaaceeeeiiiidnooooo ouuuuyts" "aaaaaaaceeeeiiiidnooooo ouuuuyty";

static char fold(uint32_t point)
{
	if (point >= 'A' && point <= 'Z')
		return (char)(point + 'a' - 'A');
	if (point < 0x80)
		return (char)point;
	if (point >= 0xc0 && point <= 0xff && LATIN1[point - 0xc0] != ' ')
		return LATIN1[point - 0xc0];
	return 1;
}

static char read_leet(char c)
{
	static const char from[] = "0134578@$!", to[] = "oieastbasi";
	const char *at = c != '\0' ? strchr(from, c) : NULL;

	return at != NULL ? to[at - from] : c;
}

/* One code point of valid UTF-8. */
static uint32_t next_point(const char **s)
{
	unsigned char c = (unsigned char)*(*s)++;
	uint32_t point = c < 0x80 ? c : c < 0xe0 ? c & 0x1f : c < 0xf0 ? c & 0x0f : c & 0x07;

	while (((unsigned char)**s & 0xc0) == 0x80)
		point = point << 6 | ((unsigned char)*(*s)++ & 0x3f);
	return point;
}

static void fold_all(struct folded *folded, const char *s)
{
	size_t size = strlen(s) + 1;

	folded->plain = pool_alloc(folded->pool, size);
	folded->leet = pool_alloc(folded->pool, size);
	folded->point = pool_alloc(folded->pool, size * sizeof *folded->point);
	folded->n = 0;
	while (*s != '\0') {
		uint32_t point = next_point(&s);

		folded->point[folded->n] = point;
		folded->plain[folded->n] = fold(point);
		folded->leet[folded->n] = read_leet(folded->plain[folded->n]);
		folded->n++;
	}
}

/*
 * The alphabet, digits, and neighbouring keys (of the French digits' row without their accents): forwards and
 * backwards.
 */
static const char *const ROWS[] = {
	"abcdefghijklmnopqrstuvwxyz", "01234567890", "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl",
	"zxcvbnm",
	"qwertzuiop", "yxcvbnm", "aqwzsxedcrfvtgbyhnujikolpm", "qazwsxedcrfvtgbyhnujmikolp", "&e\"'(-e_ca)=",
};

/* Does `b` follow `a` in this row, in the direction of `step`? */
static bool follows(const char *row, char a, char b, int step)
{
	for (const char *at = strchr(row, a); at != NULL && a != '\0'; at = strchr(at + 1, a))
		if (at + step >= row && at[step] == b && b != '\0')
			return true;
	return false;
}

/* How many characters from `i` on are one sequence. */
static size_t sequence_at(const struct folded *folded, size_t i)
{
	size_t longest = 1;

	for (size_t r = 0; r < sizeof ROWS / sizeof ROWS[0]; r++) {
		for (int step = -1; step <= 1; step += 2) {
			size_t len = 1;

			while (i + len < folded->n &&
			       follows(ROWS[r], folded->plain[i + len - 1], folded->plain[i + len], step))
				len++;
			if (len > longest)
				longest = len;
		}
	}
	return longest >= 3 ? longest : 1;
}

/* How many characters from `i` on only repeat the `period` before them. */
static size_t repeated_at(const struct folded *folded, size_t i, size_t period)
{
	size_t len = 0;

	while (i + len < folded->n && folded->point[i + len] == folded->point[i + len - period])
		len++;
	return len >= period ? len : 0;
}

static bool word_at(const struct folded *folded, size_t i, const char *word, size_t len)
{
	return i + len <= folded->n &&
	       (memcmp(folded->plain + i, word, len) == 0 || memcmp(folded->leet + i, word, len) == 0);
}

/* A way from `i` that ends at `end` for one more than it took to `i`. */
static void reach(size_t *worth, size_t i, size_t end)
{
	if (worth[i] + 1 < worth[end])
		worth[end] = worth[i] + 1;
}

static void reach_by_word(const struct folded *folded, size_t *worth, size_t i, const char *word)
{
	size_t len = strlen(word);

	if (word_at(folded, i, word, len))
		reach(worth, i, i + len);
}

/* The account's own words: each whole, and its parts between signs. */
struct words {
	struct pool *pool;
	const char **at;
	size_t n, capacity;
};

static void add_word(struct words *words, const char *word, size_t len)
{
	if (len < WORD_MIN)
		return;
	words->at = pool_grow(words->pool, words->at, words->n, &words->capacity, sizeof *words->at);
	words->at[words->n++] = pool_strndup(words->pool, word, len);
}

static void add_personal(struct words *words, const char *given)
{
	static const char signs[] = " .-_+@'";
	struct folded folded = {.pool = words->pool};
	const char *s;

	fold_all(&folded, given);
	add_word(words, folded.plain, folded.n);
	for (s = folded.plain; *s != '\0'; s += strcspn(s, signs)) {
		s += strspn(s, signs);
		add_word(words, s, strcspn(s, signs));
	}
}

static size_t worth_of(const struct folded *folded, const struct words *words)
{
	size_t *worth = pool_alloc(folded->pool, (folded->n + 1) * sizeof *worth);

	for (size_t i = 1; i <= folded->n; i++)
		worth[i] = i;
	for (size_t i = 0; i < folded->n; i++) {
		reach(worth, i, i + sequence_at(folded, i));
		for (size_t period = 1; period <= i; period++)
			reach(worth, i, i + repeated_at(folded, i, period));
		for (const char *const *word = mots_courants; *word != NULL; word++)
			reach_by_word(folded, worth, i, *word);
		for (size_t w = 0; w < words->n; w++)
			reach_by_word(folded, worth, i, words->at[w]);
	}
	return worth[folded->n];
}

/* A long beginning tells enough, and bounds the work. */
enum { LOOKED_AT = 128 };

enum mot_de_passe_verdict mot_de_passe_judge(const char *password, const char *const *personal, size_t n)
{
	struct pool *pool;
	struct folded folded;
	struct words words;
	size_t worth;

	if (strlen(password) > MOT_DE_PASSE_MAX)
		return MOT_DE_PASSE_TROP_LONG;
	if (text_codepoints(password, strlen(password)) < MOT_DE_PASSE_CHARS_MIN)
		return MOT_DE_PASSE_TROP_COURT;
	pool = pool_create();
	folded = (struct folded){.pool = pool};
	words = (struct words){.pool = pool};
	fold_all(&folded, password);
	if (folded.n > LOOKED_AT)
		folded.n = LOOKED_AT;
	for (size_t i = 0; i < n; i++)
		if (personal[i] != NULL)
			add_personal(&words, personal[i]);
	worth = worth_of(&folded, &words);
	pool_free(pool);
	return worth < MOT_DE_PASSE_WORTH_MIN ? MOT_DE_PASSE_DEVINABLE : MOT_DE_PASSE_BON;
}
