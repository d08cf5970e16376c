/*
 * The picture of an immeuble.
 */
#include "domain/image.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

static bool given(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* Names of the countries French landlords own in; another one is shown as it is stored. */
static const char *country_name(const char *code)
{
	static const struct {
		const char *code, *name;
	} names[] = {
		{"FR", "France"}, {"BE", "Belgique"}, {"CH", "Suisse"}, {"LU", "Luxembourg"}, {"MC", "Monaco"},
		{"DE", "Allemagne"}, {"ES", "Espagne"}, {"IT", "Italie"}, {"PT", "Portugal"}, {"GB", "Royaume-Uni"},
		{"US", "États-Unis"}, {"CA", "Canada"}
	};

	for (size_t i = 0; given(code) && i < sizeof names / sizeof names[0]; i++)
		if (text_same_ascii(code, names[i].code))
			return names[i].name;
	return code;
}

static void part(struct text *list, const char *s, size_t len)
{
	if (len == 0)
		return;
	if (list->len > 0)
		text_puts(list, ", ");
	text_add(list, s, len);
}

static void part_of(struct text *list, const char *s)
{
	if (given(s))
		part(list, s, strlen(s));
}

static void town(struct text *list, const struct image_place *place)
{
	if (given(place->town))
		part_of(list, place->town);
	else if (given(place->ville))
		part(list, place->ville, strcspn(place->ville, "|"));
}

static void postcode(struct text *list, const struct image_place *place)
{
	const char *bar = given(place->ville) ? strchr(place->ville, '|') : NULL;

	if (given(place->postcode))
		part_of(list, place->postcode);
	else if (bar != NULL)
		part_of(list, bar + 1);
}

const char *image_url(struct pool *pool, const struct image_place *place, const char *key)
{
	struct text list = {0}, url = {0};
	const char *result;

	part_of(&list, place->address);
	town(&list, place);
	if (!given(place->address))
		postcode(&list, place);
	part_of(&list, given(place->country_long) ? place->country_long : country_name(place->country));
	text_puts(&url, "https://maps.googleapis.com/maps/api/");
	text_puts(&url, given(place->address) ? "streetview?size=640x400&location="
	                                      : "staticmap?zoom=6&size=640x400&maptype=roadmap&markers=color:red%7C");
	text_form_encode(&url, list.data != NULL ? list.data : "", list.len);
	text_puts(&url, "&key=");
	text_form_encode(&url, key, strlen(key));
	result = pool_strndup(pool, url.data, url.len);
	text_free(&list);
	text_free(&url);
	return result;
}
