/*
 * Templates: what they render, what they escape, what they refuse.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "documents/template.h"
#include "unit.h"

static const struct template_value VALUES[] = {
	{"name", "Zoé"},
	{"empty", ""},
	{"absent", NULL},
	{"hostile", "<script>\"'&{{name}}{{{name}}}{{#name}}"},
};

static const struct {
	const char *source;
	enum template_kind kind;
	const char *expected;
} RENDERED[] = {
	{"", TEMPLATE_TEXT, ""},
	{"plain { } text", TEMPLATE_TEXT, "plain { } text"},
	{"Bonjour {{name}} !", TEMPLATE_TEXT, "Bonjour Zoé !"},
	{"{{name}}{{name}}", TEMPLATE_HTML, "ZoéZoé"},
	{"[{{empty}}{{absent}}{{unknown}}]", TEMPLATE_TEXT, "[]"},
	/* Values are never read as templates, and are escaped in HTML. */
	{"{{hostile}}", TEMPLATE_TEXT, "<script>\"'&{{name}}{{{name}}}{{#name}}"},
	{"<a b=\"{{hostile}}\">", TEMPLATE_HTML, "<a b=\"&lt;script&gt;&quot;&#39;&amp;{{name}}{{{name}}}{{#name}}\">"},
	{"{{{hostile}}}", TEMPLATE_HTML, "<script>\"'&{{name}}{{{name}}}{{#name}}"},
	{"{{#name}}yes{{/name}}{{^name}}no{{/name}}", TEMPLATE_TEXT, "yes"},
	{"{{#empty}}yes{{/empty}}{{^empty}}no{{/empty}}", TEMPLATE_TEXT, "no"},
	{"{{#absent}}yes{{/absent}}{{^absent}}no{{/absent}}", TEMPLATE_TEXT, "no"},
	{"{{#unknown}}yes{{/unknown}}{{^unknown}}no{{/unknown}}", TEMPLATE_TEXT, "no"},
	{"{{#name}}a{{#empty}}b{{#name}}c{{/name}}{{/empty}}d{{/name}}e", TEMPLATE_TEXT, "ade"},
	{"{{^name}}a{{#name}}b{{/name}}{{/name}}c", TEMPLATE_TEXT, "c"},
	{"{{#name}}{{#name}}x{{/name}}{{/name}}", TEMPLATE_TEXT, "x"},
	{"a } }} {", TEMPLATE_TEXT, "a } }} {"},
};

START_TEST(rendered)
{
	struct template *template = template_parse(RENDERED[_i].source, RENDERED[_i].kind, "test");
	struct text out = {0};

	ck_assert_ptr_nonnull(template);
	text_puts(&out, "");
	for (int twice = 0; twice < 2; twice++) {
		text_clear(&out);
		template_render(template, VALUES, sizeof VALUES / sizeof *VALUES, &out);
		ck_assert_str_eq(out.data, RENDERED[_i].expected);
	}
	text_free(&out);
	template_free(template);
}
END_TEST

static const char *const REFUSED[] = {
	"{{", "{{name", "{{name}", "{{}}", "{{ name }}", "{{{name}}", "{{Name}}", "{{na-me}}", "{{#name}}", "{{/name}}",
	"{{#name}}{{/empty}}", "{{#name}}{{#empty}}{{/name}}{{/empty}}", "{{^name}}x", "{{>file}}", "{{!comment}}",
	"{{#}}x{{/}}",
	"{{a23456789012345678901234567890123456789012345678901234567890123456789}}",
	("{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}"
	 "{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}{{/a}}"),
};

START_TEST(refused)
{
	ck_assert_ptr_null(template_parse(REFUSED[_i], TEMPLATE_TEXT, "test"));
}
END_TEST

/* A private directory with two places for templates. */
static char place[] = "/tmp/bailleur-template.XXXXXX";

static void put(const char *sub, const char *name, const char *content)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s/%s", place, sub, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(content, file);
	fclose(file);
}

static void expect_file(const char *directory, const char *name, const char *expected)
{
	struct template *template = template_load(directory, name);
	struct text out = {0};

	if (expected == NULL) {
		ck_assert_ptr_null(template);
		return;
	}
	ck_assert_ptr_nonnull(template);
	template_render(template, (const struct template_value[]){{"v", "<"}}, 1, &out);
	ck_assert_str_eq(out.data, expected);
	text_free(&out);
	template_free(template);
}

/* The operator's own template wins; one that is broken is an error, not a reason to take the other. */
START_TEST(places)
{
	char own[100], installed[100], command[300];

	ck_assert_ptr_nonnull(mkdtemp(place));
	snprintf(own, sizeof own, "%s/own", place);
	snprintf(installed, sizeof installed, "%s/installed", place);
	snprintf(command, sizeof command, "mkdir '%s' '%s'", own, installed);
	ck_assert_int_eq(system(command), 0);
	setenv("BAILLEUR_TEMPLATES", installed, 1);
	put("installed", "a.html", "installed {{v}}");
	put("installed", "b.txt", "installed {{v}}");
	put("installed", "c.txt", "installed");
	put("own", "a.html", "own {{v}}");
	put("own", "c.txt", "{{broken");
	put("own", "d.txt", "latin \xe9");
	expect_file(own, "a.html", "own &lt;");
	expect_file("", "a.html", "installed &lt;");
	expect_file(own, "b.txt", "installed <");
	expect_file(own, "c.txt", NULL);
	expect_file(own, "d.txt", NULL);
	expect_file(own, "missing.txt", NULL);
	snprintf(command, sizeof command, "rm -r '%s'", place);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("template");
	TCase *tc = tcase_create("template");

	tcase_add_loop_test(tc, rendered, 0, COUNT(RENDERED));
	tcase_add_loop_test(tc, refused, 0, COUNT(REFUSED));
	tcase_add_test(tc, places);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
