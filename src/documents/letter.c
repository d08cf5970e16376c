/*
 * The mails that bailleur writes by itself.
 */
#include "documents/letter.h"

#include <assert.h>
#include <string.h>

static const char *const NAMES[LETTERS] = {"letter-reset.txt", "letter-changed.txt"};

static struct template *templates[LETTERS];

int letter_load(const char *directory)
{
	struct template *fresh[LETTERS];

	for (int i = 0; i < LETTERS; i++) {
		fresh[i] = template_load(directory, NAMES[i]);
		if (fresh[i] == NULL) {
			while (--i >= 0)
				template_free(fresh[i]);
			return -1;
		}
	}
	letter_unload();
	memcpy(templates, fresh, sizeof templates);
	return 0;
}

void letter_unload(void)
{
	for (int i = 0; i < LETTERS; i++) {
		template_free(templates[i]);
		templates[i] = NULL;
	}
}

const char *letter_write(struct pool *pool, enum letter letter, const struct template_value *values, size_t n)
{
	struct text text = {0};
	const char *copy;

	assert(templates[letter] != NULL);
	template_render(templates[letter], values, n, &text);
	copy = pool_strndup(pool, text.data, text.len);
	text_free(&text);
	return copy;
}
