/*
 * The lines of an INI file.
 *
 * Nothing is guessed: whoever mistypes a configuration learns the line, and not from what the program does later.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/ini.h"
#include "base/text.h"

enum { INI_GROUP = 64 };

int ini_error(const struct ini *ini, const char *format, ...)
{
	va_list args;

	if (ini->line > 0)
		fprintf(ini->err, "%s:%u: ", ini->path, ini->line);
	else
		fprintf(ini->err, "%s: ", ini->path);
	va_start(args, format);
	vfprintf(ini->err, format, args);
	va_end(args);
	fputc('\n', ini->err);
	return -1;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Cuts white space off both ends, in place. */
static char *trim(char *s)
{
	size_t len;

	while (is_space(*s))
		s++;
	len = strlen(s);
	while (len > 0 && is_space(s[len - 1]))
		s[--len] = '\0';
	return s;
}

static bool has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7F)
			return true;
	return false;
}

/*
 * Takes the quotes off. Without quotes a value has no ` #` or ` ;`: whoever writes that may mean a comment or a
 * password, and neither guess is safe.
 */
static int unquote(struct ini *ini, char **value)
{
	char *s = *value, quote = *s;
	size_t len = strlen(s);

	if (quote == '"' || quote == '\'') {
		if (len < 2 || s[len - 1] != quote || memchr(s + 1, quote, len - 2) != NULL)
			return ini_error(ini, "the quotes do not match");
		s[len - 1] = '\0';
		*value = s + 1;
		return 0;
	}
	if (*s == '#' || *s == ';')
		return ini_error(ini, "a comment takes a line of its own; to begin a value, %c needs quotes", *s);
	for (; *s != '\0'; s++)
		if (is_space(*s) && (s[1] == '#' || s[1] == ';'))
			return ini_error(ini, "a comment takes a line of its own; in a value, %c needs quotes", s[1]);
	return 0;
}

static int read_group(struct ini *ini, char *line, char *group)
{
	size_t len = strlen(line);
	char *name;

	if (line[len - 1] != ']')
		return ini_error(ini, "a group is written [name]");
	line[len - 1] = '\0';
	name = trim(line + 1);
	if (*name == '\0' || strpbrk(name, "[]\"' \t") != NULL)
		return ini_error(ini, "a group is written [name]");
	if (strlen(name) >= INI_GROUP)
		return ini_error(ini, "unknown group [%.*s…]", INI_GROUP / 2, name);
	memcpy(group, name, strlen(name) + 1);
	return 0;
}

static int read_option(struct ini *ini, const struct ini_reader *reader, void *arg, const char *group, char *line)
{
	char *equals = strchr(line, '='), *name, *value;

	if (equals == NULL)
		return ini_error(ini, "neither [group] nor name = value");
	*equals = '\0';
	name = trim(line);
	value = trim(equals + 1);
	if (*name == '\0')
		return ini_error(ini, "no name before =");
	if (unquote(ini, &value) != 0)
		return -1;
	return reader->option(ini, arg, group, name, value);
}

/* One line of `len` bytes, its end included; `wanted` and `group` go from one line to the next. */
static int read_line(struct ini *ini, const struct ini_reader *reader, void *arg, char *line, size_t len, int *wanted,
                     char *group)
{
	if (len > 0 && line[len - 1] == '\n')
		line[--len] = '\0';
	if (len > 0 && line[len - 1] == '\r')
		line[--len] = '\0';
	if (!text_is_utf8(line, len))
		return ini_error(ini, "not UTF-8 text");
	line = trim(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return 0;
	if (*line == '!')               /* !include, of which the connector reads another file at any time */
		return ini_error(ini, "no other file can be included");
	if (*line == '[') {
		if (read_group(ini, line, group) != 0)
			return -1;
		*wanted = reader->group(ini, arg, group);
		return *wanted < 0 ? -1 : 0;
	}
	if (*wanted == 0)
		return 0;
	if (*wanted < 0)
		return ini_error(ini, "an option before any [group]");
	if (has_control(line))
		return ini_error(ini, "a control character");
	return read_option(ini, reader, arg, group, line);
}

static int read_lines(struct ini *ini, FILE *file, const struct ini_reader *reader, void *arg)
{
	char *line = NULL, group[INI_GROUP] = "";
	int wanted = -1, result = 0;
	size_t size = 0;
	ssize_t len;

	while (result == 0 && (len = getline(&line, &size, file)) >= 0) {
		ini->line++;
		result = read_line(ini, reader, arg, line, (size_t)len, &wanted, group);
	}
	if (result == 0 && ferror(file)) {
		ini->line = 0;
		result = ini_error(ini, "%s", strerror(errno));
	}
	free(line);
	return result;
}

int ini_read(const char *path, const char *copy, FILE *err, const struct ini_reader *reader, void *arg)
{
	struct ini ini = { .path = path, .err = err };
	FILE *file = fopen(copy, "re");
	int result;

	if (file == NULL)
		return ini_error(&ini, "%s", strerror(errno));
	result = read_lines(&ini, file, reader, arg);
	fclose(file);
	return result;
}
