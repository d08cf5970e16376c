/*
 * The picture of an immeuble: the API document's own addresses, and what is missing or must be escaped.
 */
#include "domain/image.h"
#include "unit.h"

#define STREET "https://maps.googleapis.com/maps/api/streetview?size=640x400&location="
#define MAP "https://maps.googleapis.com/maps/api/staticmap?zoom=6&size=640x400&maptype=roadmap&markers=color:red%7C"
#define KEY "&key=MAPS_API_KEY"

static const struct { struct image_place place; const char *url; } TABLE[] = {
	/* The document's. */
	{{"24, rue d'iena", NULL, "Angers|49000", NULL, "FR", NULL},
	 STREET "24%2C+rue+d%27iena%2C+Angers%2C+France" KEY},
	{{"3, rue Flore", NULL, "Angers|49000", NULL, "FR", NULL}, STREET "3%2C+rue+Flore%2C+Angers%2C+France" KEY},
	{{"6 Boulevard Saint-Germain", "Paris", "Paris|75005", "75005", "FR", "France"},
	 STREET "6+Boulevard+Saint-Germain%2C+Paris%2C+France" KEY},
	{{"100 avenue Pasteur", "Angers", "Angers|49000", "49000", "FR", "France"},
	 STREET "100+avenue+Pasteur%2C+Angers%2C+France" KEY},
	{{"", NULL, "Angers|49000", NULL, "FR", NULL}, MAP "Angers%2C+49000%2C+France" KEY},
	/* What is missing. */
	{{NULL, NULL, "Angers|49000", NULL, "FR", NULL}, MAP "Angers%2C+49000%2C+France" KEY},
	{{NULL, "Angers", NULL, "49100", "FR", NULL}, MAP "Angers%2C+49100%2C+France" KEY},
	{{NULL, NULL, "Angers|49000", "49100", "FR", NULL}, MAP "Angers%2C+49100%2C+France" KEY},
	{{NULL, NULL, "Angers", NULL, "FR", NULL}, MAP "Angers%2C+France" KEY},
	{{NULL, NULL, "|49000", NULL, "FR", NULL}, MAP "49000%2C+France" KEY},
	{{"1 rue X", NULL, NULL, "49000", "FR", NULL}, STREET "1+rue+X%2C+France" KEY},
	{{"1 rue X", NULL, NULL, NULL, NULL, NULL}, STREET "1+rue+X" KEY},
	{{NULL, NULL, NULL, NULL, NULL, NULL}, MAP KEY},
	/* Countries. */
	{{"1 rue X", "Gand", NULL, NULL, "be", NULL}, STREET "1+rue+X%2C+Gand%2C+Belgique" KEY},
	{{"1 rue X", "Oslo", NULL, NULL, "NO", NULL}, STREET "1+rue+X%2C+Oslo%2C+NO" KEY},
	{{"1 rue X", "Oslo", NULL, NULL, "NO", "Norge"}, STREET "1+rue+X%2C+Oslo%2C+Norge" KEY},
	/* What must not leave its place in the address. */
	{{"1&key=x#?/\"<>\r\n%", "\xc3\x89pinal", NULL, NULL, NULL, NULL},
	 STREET "1%26key%3Dx%23%3F%2F%22%3C%3E%0D%0A%25%2C+%C3%89pinal" KEY},
};

START_TEST(url)
{
	struct pool *pool = pool_create();

	ck_assert_str_eq(image_url(pool, &TABLE[_i].place, "MAPS_API_KEY"), TABLE[_i].url);
	pool_free(pool);
}
END_TEST

START_TEST(key_is_escaped)
{
	struct pool *pool = pool_create();
	struct image_place nowhere = {0};

	ck_assert_str_eq(image_url(pool, &nowhere, "a&b=c d"), MAP "&key=a%26b%3Dc+d");
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("image");
	TCase *tcase = tcase_create("image");

	tcase_add_loop_test(tcase, url, 0, COUNT(TABLE));
	tcase_add_test(tcase, key_is_escaped);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
