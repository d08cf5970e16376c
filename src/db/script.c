/*
 * Scripts of several statements, as migrations are: split where the mysql tool would split them.
 */
#include <string.h>
#include <strings.h>

#include "base/pool.h"
#include "base/text.h"
#include "db/internal.h"

/* Past a quoted text: the quote doubled or, but for backquotes, after a backslash does not end it. */
static const char *skip_quoted(const char *at)
{
	char quote = *at++;

	for (; *at; at++) {
		if (*at == '\\' && quote != '`' && at[1])
			at++;
		else if (*at == quote && at[1] == quote)
			at++;
		else if (*at == quote)
			return at + 1;
	}
	return at;
}

/* Past a comment, or NULL when there is none here. Comments that hold a version are for the server, whole. */
static const char *skip_comment(const char *at)
{
	const char *end;

	if (*at == '#' || (at[0] == '-' && at[1] == '-' && (at[2] == '\0' || strchr(" \t\r\n", at[2]))))
		return at + strcspn(at, "\n");
	if (at[0] != '/' || at[1] != '*')
		return NULL;
	end = strstr(at + 2, "*/");
	return end ? end + 2 : at + strlen(at);
}

/* A line `DELIMITER x` between statements: takes x, returns the end of the line; NULL when it is not one. */
static const char *delimiter_line(const char *at, char delimiter[8])
{
	const char *word;
	size_t len;

	if (strncasecmp(at, "DELIMITER", 9) != 0 || (at[9] != ' ' && at[9] != '\t'))
		return NULL;
	word = at + 9 + strspn(at + 9, " \t");
	len = strcspn(word, " \t\r\n");
	if (len == 0 || len >= 8)
		return NULL;
	memcpy(delimiter, word, len);
	delimiter[len] = '\0';
	return word + strcspn(word, "\n");
}

/* Finds the end of the statement that starts at `at`. */
static const char *statement_end(const char *at, const char *delimiter)
{
	size_t len = strlen(delimiter);
	const char *next;

	while (*at && strncmp(at, delimiter, len) != 0) {
		if (*at == '\'' || *at == '"' || *at == '`')
			at = skip_quoted(at);
		else if ((next = skip_comment(at)))
			at = next;
		else
			at++;
	}
	return at;
}

enum db_status db_script(struct db *db, const char *script)
{
	char delimiter[8] = ";";
	enum db_status status = db_ready(db);

	while (status == DB_OK) {
		const char *next, *end;

		script += strspn(script, " \t\r\n");
		if (!*script)
			break;
		if ((next = delimiter_line(script, delimiter)) || (next = skip_comment(script))) {
			script = next;
			continue;
		}
		end = statement_end(script, delimiter);
		if (end > script)
			status = db_plain(db, script, (size_t)(end - script));
		script = *end ? end + strlen(delimiter) : end;
	}
	return status;
}
