/*
 * Text for people: tables, ages, and clients' text made harmless for a terminal.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ctl.h"

/* Bytes of the control character at `s`: C0 and DEL are one byte, C1 is C2 80 to C2 9F; 0 when it is none. */
static size_t control_size(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f)
		return 2;
	return 0;
}

void ctl_put_safe(struct text *out, const char *s)
{
	const unsigned char *at = (const unsigned char *)s;

	while (*at != '\0') {
		size_t size = control_size(at);

		if (size == 0)
			text_putc(out, (char)*at++);
		else
			for (; size > 0; size--)
				text_printf(out, "\\x%02x", *at++);
	}
}

/* How many columns ctl_put_safe() takes for `s`, near enough: every code point is one wide. */
static size_t shown_width(const char *s)
{
	struct text shown = {0};
	size_t width;

	ctl_put_safe(&shown, s);
	width = shown.len > 0 ? text_codepoints(shown.data, shown.len) : 0;
	text_free(&shown);
	return width;
}

static void put_padded(struct text *out, const char *s, size_t width)
{
	size_t shown = shown_width(s);

	ctl_put_safe(out, s);
	for (; shown < width; shown++)
		text_putc(out, ' ');
}

const char *ctl_age(struct pool *pool, int64_t seconds)
{
	int64_t s = seconds > 0 ? seconds : 0;

	if (s >= 86400)
		return pool_printf(pool, "%" PRId64 "d %" PRId64 "h", s / 86400, s % 86400 / 3600);
	if (s >= 3600)
		return pool_printf(pool, "%" PRId64 "h %" PRId64 "m", s / 3600, s % 3600 / 60);
	if (s >= 60)
		return pool_printf(pool, "%" PRId64 "m %" PRId64 "s", s / 60, s % 60);
	return pool_printf(pool, "%" PRId64 "s", s);
}

const char *ctl_time(struct pool *pool, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];

	if (ms == 0)
		return "-";
	clock_iso(ms, iso);
	return pool_strdup(pool, iso);
}

void ctl_json_time(struct json_out *json, const char *name, int64_t ms)
{
	char iso[CLOCK_ISO_SIZE];

	if (ms != 0)
		clock_iso(ms, iso);
	json_kstr(json, name, ms != 0 ? iso : NULL);
}

void ctl_put_field(struct text *out, const char *label, const char *value)
{
	if (value == NULL)
		return;
	text_printf(out, "  %-14s", label);
	ctl_put_safe(out, value);
	text_putc(out, '\n');
}

void ctl_table_row(struct ctl_table *table, const char *const *cells)
{
	if (table->n_rows == table->capacity) {
		table->capacity = table->capacity > 0 ? table->capacity * 2 : 32;
		table->cells = mem_realloc(table->cells, table->capacity * table->n_columns * sizeof *table->cells);
	}
	memcpy(table->cells + table->n_rows * table->n_columns, cells, table->n_columns * sizeof *cells);
	table->n_rows++;
}

void ctl_table_end(struct ctl_table *table, struct text *out)
{
	size_t width[CTL_TABLE_COLUMNS] = {0};
	const char **cell;

	for (size_t i = 0; i < table->n_rows * table->n_columns; i++) {
		size_t shown = shown_width(table->cells[i]), *widest = &width[i % table->n_columns];

		*widest = shown > *widest ? shown : *widest;
	}
	cell = table->cells;
	for (size_t row = 0; row < table->n_rows; row++, cell += table->n_columns) {
		size_t last = table->n_columns;

		while (last > 1 && cell[last - 1][0] == '\0')
			last--;
		for (size_t column = 0; column + 1 < last; column++)
			put_padded(out, cell[column], width[column] + 2);
		ctl_put_safe(out, cell[last - 1]);
		text_putc(out, '\n');
	}
	free(table->cells);
	*table = (struct ctl_table){.n_columns = table->n_columns};
}
