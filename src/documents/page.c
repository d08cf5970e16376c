/*
 * A4 pages of text on a PDF.
 */
#include "documents/page.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include "base/log.h"
#include "base/pool.h"
#include "documents/pdf_lang.h"

/* A4 in points; the margins of an ordinary letter. */
static const double width = 595.276, height = 841.890, margin = 56.7, foot = 62.0;
static const double second_column = 250.0, figure_width = 120.0, gutter = 24.0;

#define FONT "DejaVu Sans"

enum { KEPT = 64 };

/* A text laid out. Accounts repeat themselves: the same rent for the same thing, month after month. */
struct kept {
	PangoLayout *layout;            /* NULL: none */
	struct page_style style;
	double wide;
};

struct page {
	cairo_surface_t *surface;
	cairo_t *cairo;
	PangoContext *context;
	struct kept kept[KEPT];         /* each text has one place, where it takes the turn of whatever is there */
	double y;
	unsigned pages;
	struct text pdf;
};

/*
 * With every half kilobyte, and before each text is shown, others may have the processor at once: a kernel that
 * interrupts nobody for a mere wake-up would let them wait for its next tick.
 */
static cairo_status_t append(void *closure, const unsigned char *data, unsigned int length)
{
	struct text *pdf = closure;
	size_t before = pdf->len;

	text_add(pdf, data, length);
	if (pdf->len / 512 != before / 512)
		sched_yield();
	return CAIRO_STATUS_SUCCESS;
}

static void set_meta(struct page *page, const struct page_meta *meta)
{
	time_t created = (time_t)meta->created;
	struct tm tm;
	char iso[32];

	gmtime_r(&created, &tm);
	strftime(iso, sizeof iso, "%Y-%m-%dT%H:%M:%SZ", &tm);
	cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_TITLE, meta->title);
	cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_AUTHOR, meta->author);
	cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_SUBJECT, meta->subject);
	cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_CREATOR, "bailleur");
	cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_CREATE_DATE, iso);
	cairo_pdf_surface_set_metadata(page->surface, CAIRO_PDF_METADATA_MOD_DATE, iso);
}

struct page *page_begin(const struct page_meta *meta)
{
	struct page *page = mem_alloc(sizeof *page);
	cairo_font_options_t *options = cairo_font_options_create();

	page->surface = cairo_pdf_surface_create_for_stream(append, &page->pdf, width, height);
	/* No object streams: the language is added to a catalogue that can be read. */
	cairo_pdf_surface_restrict_to_version(page->surface, CAIRO_PDF_VERSION_1_4);
	set_meta(page, meta);
	page->cairo = cairo_create(page->surface);
	page->context = pango_cairo_create_context(page->cairo);
	/* Glyphs where the font wants them, as on paper, not at the dots of some screen. */
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
	pango_cairo_context_set_font_options(page->context, options);
	pango_context_set_round_glyph_positions(page->context, FALSE);
	pango_context_set_language(page->context, pango_language_from_string("fr"));
	cairo_font_options_destroy(options);
	page->y = margin;
	page->pages = 1;
	return page;
}

static PangoLayout *lay_out(struct page *page, const char *text, const struct page_style *style, double wide)
{
	static const PangoAlignment aligns[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_CENTER, PANGO_ALIGN_RIGHT};
	PangoLayout *made = pango_layout_new(page->context);
	PangoFontDescription *font = pango_font_description_from_string(FONT);
	PangoAttrList *plain = pango_attr_list_new();

	pango_font_description_set_absolute_size(font, style->size * PANGO_SCALE);
	pango_font_description_set_weight(font, style->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_font_description_set_style(font, style->italic ? PANGO_STYLE_OBLIQUE : PANGO_STYLE_NORMAL);
	pango_layout_set_font_description(made, font);
	pango_font_description_free(font);
	pango_layout_set_width(made, (int)(wide * PANGO_SCALE));
	pango_layout_set_wrap(made, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_alignment(made, aligns[style->align]);
	/* A «fi» drawn as one glyph would be found as one character. */
	pango_attr_list_insert(plain, pango_attr_font_features_new("liga=0"));
	pango_layout_set_attributes(made, plain);
	pango_attr_list_unref(plain);
	/* A name written from right to left stays at the left, under its heading. */
	pango_layout_set_auto_dir(made, FALSE);
	pango_layout_set_text(made, text, -1);
	return made;
}

static bool is_like(const struct kept *kept, const char *text, const struct page_style *style, double wide)
{
	const struct page_style *had = &kept->style;

	return kept->layout != NULL && kept->wide == wide && had->size == style->size && had->bold == style->bold &&
	       had->italic == style->italic && had->align == style->align &&
	       strcmp(pango_layout_get_text(kept->layout), text) == 0;
}

/* A layout `wide` points wide, not to be changed; the caller unrefs it. */
static PangoLayout *layout(struct page *page, const char *text, const struct page_style *style, double wide)
{
	struct kept *kept = &page->kept[(g_str_hash(text) + (unsigned)wide + style->bold) % KEPT];

	if (!is_like(kept, text, style, wide)) {
		g_clear_object(&kept->layout);
		*kept = (struct kept){lay_out(page, text, style, wide), *style, wide};
	}
	return g_object_ref(kept->layout);
}

static double height_of(PangoLayout *made)
{
	PangoRectangle logical;

	pango_layout_get_extents(made, NULL, &logical);
	return (double)logical.height / PANGO_SCALE;
}

static void show(struct page *page, PangoLayout *made, double x, double y)
{
	sched_yield();
	cairo_move_to(page->cairo, x, y);
	pango_cairo_show_layout(page->cairo, made);
}

/* Goes to the next page when `needed` points are not left on this one. */
static void make_room(struct page *page, double needed)
{
	if (page->y + needed <= height - margin - foot || page->y <= margin)
		return;
	cairo_show_page(page->cairo);
	page->pages++;
	page->y = margin;
}

void page_paragraph(struct page *page, const char *text, const struct page_style *style, double after)
{
	PangoLayout *made = layout(page, text, style, width - 2 * margin);
	double high = height_of(made);

	make_room(page, high);
	show(page, made, margin, page->y);
	page->y += high + after;
	g_object_unref(made);
}

/* One column with its heading; returns its height. */
static double column(struct page *page, const char *heading, const char *text, double x, double wide, bool draws)
{
	static const struct page_style head = {.size = 8.5, .bold = true}, body = {.size = 10};
	PangoLayout *top = layout(page, heading, &head, wide), *rest = layout(page, text, &body, wide);
	double high = height_of(top) + 3 + height_of(rest);

	if (draws) {
		cairo_set_source_rgb(page->cairo, 0.35, 0.35, 0.35);
		show(page, top, x, page->y);
		cairo_set_source_rgb(page->cairo, 0, 0, 0);
		show(page, rest, x, page->y + height_of(top) + 3);
	}
	g_object_unref(top);
	g_object_unref(rest);
	return high;
}

void page_columns(struct page *page, const char *left_heading, const char *left, const char *right_heading,
                  const char *right, double after)
{
	double wide = (width - 2 * margin - gutter) / 2, x = margin + wide + gutter;
	double one = column(page, left_heading, left, margin, wide, false);
	double other = column(page, right_heading, right, x, wide, false);

	make_room(page, one > other ? one : other);
	column(page, left_heading, left, margin, wide, true);
	column(page, right_heading, right, x, wide, true);
	page->y += (one > other ? one : other) + after;
}

static void rule_above(struct page *page)
{
	cairo_set_line_width(page->cairo, 0.6);
	cairo_move_to(page->cairo, margin, page->y);
	cairo_line_to(page->cairo, width - margin, page->y);
	cairo_stroke(page->cairo);
	page->y += 4;
}

void page_row(struct page *page, const char *label, const char *second, const char *figure, bool bold, bool rule)
{
	struct page_style left = {.size = 10, .bold = bold}, right = {.size = 10, .bold = bold, .align = PAGE_RIGHT};
	double label_width = second != NULL ? second_column - gutter / 2 : width - 2 * margin - figure_width;
	PangoLayout *one = layout(page, label, &left, second != NULL ? 80 : label_width);
	PangoLayout *two = second != NULL ? layout(page, second, &left, width - 2 * margin - figure_width - 90) : NULL;
	PangoLayout *three = layout(page, figure, &right, figure_width);
	double high = height_of(one);

	if (two != NULL && height_of(two) > high)
		high = height_of(two);
	make_room(page, high + 8);
	if (rule)
		rule_above(page);
	show(page, one, margin, page->y);
	if (two != NULL)
		show(page, two, margin + 90, page->y);
	show(page, three, width - margin - figure_width, page->y);
	page->y += high + 4;
	g_object_unref(one);
	if (two != NULL)
		g_object_unref(two);
	g_object_unref(three);
}

void page_space(struct page *page, double points)
{
	page->y += points;
}

void page_foot(struct page *page, const char *text)
{
	static const struct page_style small = {.size = 7.5, .align = PAGE_CENTER};
	PangoLayout *made = layout(page, text, &small, width - 2 * margin);

	cairo_set_source_rgb(page->cairo, 0.35, 0.35, 0.35);
	show(page, made, margin, height - margin - height_of(made));
	cairo_set_source_rgb(page->cairo, 0, 0, 0);
	g_object_unref(made);
}

int page_end(struct page *page, struct text *out)
{
	cairo_status_t status;
	int result = -1;

	for (size_t i = 0; i < KEPT; i++)
		g_clear_object(&page->kept[i].layout);
	g_object_unref(page->context);
	cairo_destroy(page->cairo);
	cairo_surface_finish(page->surface);
	status = cairo_surface_status(page->surface);
	cairo_surface_destroy(page->surface);
	if (status != CAIRO_STATUS_SUCCESS)
		log_event(LOG_LEVEL_ERROR, "pdf", "error", cairo_status_to_string(status), NULL);
	else if (pdf_set_language(&page->pdf, "fr-FR") != 0)
		log_event(LOG_LEVEL_ERROR, "pdf", "error", "no catalogue found to add the language to", NULL);
	else
		result = 0;
	if (result == 0)
		text_add(out, page->pdf.data, page->pdf.len);
	text_free(&page->pdf);
	free(page);
	return result;
}
