/*
 * Reads the parameters of a header value.
 */
#include <string.h>
#include <strings.h>

#include "base/pool.h"
#include "http/header_value.h"

struct cursor {
	const char *at, *end;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_token(char c)
{
	return c > 0x20 && c < 0x7F && strchr("()<>@,;:\\\"/[]?={}", c) == NULL;
}

static void skip_spaces(struct cursor *c)
{
	while (c->at < c->end && is_space(*c->at))
		c->at++;
}

bool header_value_is(const char *value, size_t len, const char *word)
{
	size_t n = strlen(word);

	while (len > 0 && is_space(*value))
		value++, len--;
	if (len < n || strncasecmp(value, word, n) != 0)
		return false;
	while (n < len && is_space(value[n]))
		n++;
	return n == len || value[n] == ';';
}

static size_t read_token(struct cursor *c)
{
	const char *start = c->at;

	while (c->at < c->end && is_token(*c->at))
		c->at++;
	return (size_t)(c->at - start);
}

/* After the opening quote. Returns the unquoted text, or NULL when it never closes. */
static char *read_quoted(struct cursor *c, struct pool *pool, size_t *len_r)
{
	char *to = pool_alloc(pool, (size_t)(c->end - c->at) + 1);
	size_t n = 0;

	while (c->at < c->end && *c->at != '"') {
		/* Only '"' and '\\' are ever escaped by what sends forms; other backslashes are part of file names. */
		if (*c->at == '\\' && c->at + 1 < c->end && (c->at[1] == '"' || c->at[1] == '\\'))
			c->at++;
		to[n++] = *c->at++;
	}
	if (c->at == c->end)
		return NULL;
	c->at++;
	to[n] = '\0';
	*len_r = n;
	return to;
}

/* One `name=value`, the cursor being on its name. Returns false when it is not one. */
static bool read_param(struct cursor *c, struct pool *pool, const char **name_r, size_t *name_len_r,
                       const char **value_r, size_t *len_r)
{
	*name_r = c->at;
	*name_len_r = read_token(c);
	if (*name_len_r == 0 || c->at == c->end || *c->at != '=')
		return false;
	c->at++;
	if (c->at < c->end && *c->at == '"') {
		c->at++;
		*value_r = read_quoted(c, pool, len_r);
		return *value_r != NULL;
	}
	*value_r = c->at;
	*len_r = read_token(c);
	*value_r = pool_strndup(pool, *value_r, *len_r);
	return *len_r > 0;
}

const char *header_value_param(struct pool *pool, const char *value, size_t len, const char *name, size_t *len_r,
                               bool *bad_r)
{
	struct cursor c = {value, value + len};
	const char *found = NULL, *param, *text;
	size_t param_len, text_len;

	while (c.at < c.end && *c.at != ';')
		c.at++;
	while (c.at < c.end) {
		if (*c.at++ != ';')
			goto bad;
		skip_spaces(&c);
		if (c.at == c.end || *c.at == ';')
			continue;       /* an empty parameter, as some clients send at the end */
		if (!read_param(&c, pool, &param, &param_len, &text, &text_len))
			goto bad;
		skip_spaces(&c);
		if (param_len != strlen(name) || strncasecmp(param, name, param_len) != 0)
			continue;
		if (found != NULL)
			goto bad;
		found = text;
		*len_r = text_len;
	}
	return found;

bad:
	*bad_r = true;
	return NULL;
}
