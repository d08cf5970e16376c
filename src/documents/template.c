/*
 * The template renderer of mails and pages: parsed once into a flat list of steps, rendered many times.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pool.h"
#include "documents/template.h"

enum step_type { STEP_LITERAL, STEP_VALUE, STEP_RAW, STEP_IF, STEP_UNLESS, STEP_END };

enum { DEPTH_MAX = 16, NAME_MAX_LENGTH = 64, FILE_MAX = 1 << 20 };

struct step {
	enum step_type type;
	char *text;             /* the literal, or the name */
	size_t len;
	size_t end;             /* of a section: the index of its STEP_END */
};

struct template {
	enum template_kind kind;
	struct step *steps;
	size_t n_steps, capacity;
};

/* What is being parsed, for the messages. */
struct parse {
	struct template *template;
	const char *name;
	const char *start, *at;
	size_t open[DEPTH_MAX];
	unsigned depth;
};

static int wrong(const struct parse *parse, const char *what)
{
	unsigned line = 1;

	for (const char *s = parse->start; s < parse->at; s++)
		line += *s == '\n';
	log_event(LOG_LEVEL_ERROR, "template", "file", parse->name, "line", log_num(line), "wrong", what, NULL);
	return -1;
}

static struct step *add_step(struct template *template, enum step_type type, const char *text, size_t len)
{
	struct step *step;

	if (template->n_steps == template->capacity) {
		template->capacity = template->capacity == 0 ? 32 : template->capacity * 2;
		template->steps = mem_realloc(template->steps, template->capacity * sizeof *template->steps);
	}
	step = &template->steps[template->n_steps++];
	*step = (struct step){.type = type, .text = mem_alloc(len + 1), .len = len};
	memcpy(step->text, text, len);
	step->text[len] = '\0';
	return step;
}

static int open_section(struct parse *parse)
{
	if (parse->depth == DEPTH_MAX)
		return wrong(parse, "sections nested too deep");
	parse->open[parse->depth++] = parse->template->n_steps - 1;
	return 0;
}

static int close_section(struct parse *parse)
{
	struct template *template = parse->template;
	size_t last = template->n_steps - 1;
	struct step *begin;

	if (parse->depth == 0)
		return wrong(parse, "a section is closed that was not opened");
	begin = &template->steps[parse->open[--parse->depth]];
	if (strcmp(begin->text, template->steps[last].text) != 0)
		return wrong(parse, "a section is closed by another name");
	begin->end = last;
	return 0;
}

/* Reads one tag; parse->at stands on its "{{" and ends after its "}}". */
static int parse_tag(struct parse *parse)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	const char *s = parse->at + 2;
	const char *close = "}}";
	enum step_type type = STEP_VALUE;
	size_t len;

	switch (*s) {
	case '{': type = STEP_RAW; close = "}}}"; break;
	case '#': type = STEP_IF; break;
	case '^': type = STEP_UNLESS; break;
	case '/': type = STEP_END; break;
	}
	if (type != STEP_VALUE)
		s++;
	len = strspn(s, letters);
	if (len == 0 || len > NAME_MAX_LENGTH || strncmp(s + len, close, strlen(close)) != 0)
		return wrong(parse, "not a tag: {{name}}, {{{name}}}, {{#name}}, {{^name}} or {{/name}}");
	add_step(parse->template, type, s, len);
	if ((type == STEP_IF || type == STEP_UNLESS) && open_section(parse) != 0)
		return -1;
	if (type == STEP_END && close_section(parse) != 0)
		return -1;
	parse->at = s + len + strlen(close);
	return 0;
}

struct template *template_parse(const char *source, enum template_kind kind, const char *name)
{
	struct template *template = mem_alloc(sizeof *template);
	struct parse parse = {.template = template, .name = name, .start = source, .at = source};

	*template = (struct template){.kind = kind};
	for (;;) {
		const char *tag = strstr(parse.at, "{{");
		size_t len = tag == NULL ? strlen(parse.at) : (size_t)(tag - parse.at);

		if (len > 0)
			add_step(template, STEP_LITERAL, parse.at, len);
		if (tag == NULL)
			break;
		parse.at = tag;
		if (parse_tag(&parse) != 0)
			goto err0;
	}
	if (parse.depth > 0) {
		wrong(&parse, "a section is not closed before the end");
		goto err0;
	}
	return template;
err0:
	template_free(template);
	return NULL;
}

void template_free(struct template *template)
{
	if (template == NULL)
		return;
	for (size_t i = 0; i < template->n_steps; i++)
		free(template->steps[i].text);
	free(template->steps);
	free(template);
}

/* Reads a whole file into `to`. Returns 0, or -1 with errno. */
static int read_file(const char *path, struct text *to)
{
	char bytes[8192];
	size_t n;
	FILE *file = fopen(path, "re");
	int error = 0;

	if (file == NULL)
		return -1;
	while ((n = fread(bytes, 1, sizeof bytes, file)) > 0 && to->len < FILE_MAX)
		text_add(to, bytes, n);
	if (ferror(file))
		error = errno;
	else if (to->len >= FILE_MAX)
		error = EFBIG;
	fclose(file);
	errno = error;
	return error == 0 ? 0 : -1;
}

static const char *installed_directory(void)
{
	const char *env = getenv("BAILLEUR_TEMPLATES");

	return env != NULL && *env != '\0' ? env : PKGDATADIR "/templates";
}

/*
 * Parses the file at `path`; *found_r tells whether there is one, so that the next place is tried only when there is
 * not.
 */
static struct template *load_path(const char *path, enum template_kind kind, bool *found_r)
{
	struct template *template = NULL;
	struct text source = {0};

	*found_r = true;
	if (read_file(path, &source) != 0) {
		*found_r = errno != ENOENT;
		if (*found_r)
			log_event(LOG_LEVEL_ERROR, "template", "file", path, "wrong", strerror(errno), NULL);
	} else if (!text_is_utf8(source.data != NULL ? source.data : "", source.len)) {
		log_event(LOG_LEVEL_ERROR, "template", "file", path, "wrong", "not UTF-8", NULL);
	} else {
		template = template_parse(source.data != NULL ? source.data : "", kind, path);
	}
	text_free(&source);
	return template;
}

struct template *template_load(const char *directory, const char *name)
{
	const char *places[] = {directory, installed_directory()};
	const char *ending = strrchr(name, '.');
	enum template_kind kind = ending != NULL && strcmp(ending, ".html") == 0 ? TEMPLATE_HTML : TEMPLATE_TEXT;

	for (unsigned i = 0; i < 2; i++) {
		struct text path = {0};
		struct template *template;
		bool found;

		if (places[i] == NULL || *places[i] == '\0')
			continue;
		text_printf(&path, "%s/%s", places[i], name);
		template = load_path(path.data, kind, &found);
		text_free(&path);
		if (found)
			return template;
	}
	log_event(LOG_LEVEL_ERROR, "template", "file", name, "wrong", "in no template directory", "installed",
	          places[1], NULL);
	return NULL;
}

static const char *look_up(const struct template_value *values, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(values[i].name, name) == 0)
			return values[i].value != NULL ? values[i].value : "";
	return "";
}

void template_escape_html(struct text *out, const char *s)
{
	for (;;) {
		size_t plain = strcspn(s, "&<>\"'");

		text_add(out, s, plain);
		s += plain;
		switch (*s++) {
		case '&': text_puts(out, "&amp;"); break;
		case '<': text_puts(out, "&lt;"); break;
		case '>': text_puts(out, "&gt;"); break;
		case '"': text_puts(out, "&quot;"); break;
		case '\'': text_puts(out, "&#39;"); break;
		default: return;
		}
	}
}

void template_render(const struct template *template, const struct template_value *values, size_t n, struct text *out)
{
	for (size_t i = 0; i < template->n_steps; i++) {
		const struct step *step = &template->steps[i];
		const char *value;

		if (step->type == STEP_LITERAL) {
			text_add(out, step->text, step->len);
			continue;
		}
		if (step->type == STEP_END)
			continue;
		value = look_up(values, n, step->text);
		if (step->type == STEP_VALUE && template->kind == TEMPLATE_HTML)
			template_escape_html(out, value);
		else if (step->type == STEP_VALUE || step->type == STEP_RAW)
			text_puts(out, value);
		else if ((*value != '\0') != (step->type == STEP_IF))
			i = step->end;
	}
}
