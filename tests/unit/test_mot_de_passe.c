/*
 * Passwords: every stored form that verifies, and that nothing damaged, foreign or empty does.
 */
#include <string.h>

#include <sodium.h>

#include "domain/mot_de_passe.h"
#include "unit.h"

#define PHRASE "pass phrase"
#define SHA512 "$6$saltsalt$/LkDKOM27V14DTWMOKb/CuLWrd2aj4kAWDWGLttgZEeqP4louT2Khojqe9HX4JsEeLRmVVXvivzj4saBJKlwi0"
#define BCRYPT "04$oR1hLjBMpgV0gJlWafW/6uEgkSIDi3cobUS1jbebc31050uOKYS/y"

static const struct { const char *stored, *password; bool good; } TABLE[] = {
	{"$2y$" BCRYPT, PHRASE, true}, {"$2b$" BCRYPT, PHRASE, true}, {"$2a$" BCRYPT, PHRASE, true},
	{SHA512, PHRASE, true},
	{"$5$saltsalt$sqC0TyRV4fig7uKYlmQKKqoxYNKW31kmCojJYv6rbd3", PHRASE, true},
	{"$1$saltsalt$tEFo1ZzIShsuzg2pRJ5B/.", PHRASE, true},
	{"abIpTYuidAl/6", PHRASE, true},
	{"$6$rounds=1000$NYUayCCOcgCsRBAB$pzdSNHnPxRvXqOmC/8ptNqzvpq0ILhO9R0z3X913QA/cRByRMzk9hdMCIPY0QXZUwTBHiys4WZzX"
	 "jq2895fKR0", "", true},
	{"$2y$" BCRYPT, "pass phras", false}, {"$2y$" BCRYPT, PHRASE " ", false}, {"$2y$" BCRYPT, "", false},
	{SHA512, "Pass phrase", false}, {SHA512, SHA512, false}, {SHA512 "x", PHRASE, false},
	{SHA512 " ", PHRASE, false},
	{"$6$saltsalt$", PHRASE, false}, {"$6$saltsalt", PHRASE, false}, {"$6$", PHRASE, false},
	{"$2y$04$", PHRASE, false},
	{"$2y$" "99" "$oR1hLjBMpgV0gJlWafW/6uEgkSIDi3cobUS1jbebc31050uOKYS/y", PHRASE, false},
	{"abIpTYuidAl/7", PHRASE, false}, {"", PHRASE, false}, {"", "", false}, {"*", "*", false},
	{"*0", PHRASE, false},
	{"*1", PHRASE, false}, {"!", PHRASE, false}, {"!" SHA512, PHRASE, false}, {"x", PHRASE, false},
	{PHRASE, PHRASE, false}, {"thirteen-char", "thirteen-char", false}, {"$", PHRASE, false}, {"$$", PHRASE, false},
	{"$argon2id$", PHRASE, false}, {"$argon2id$v=19$m=19456,t=2,p=1$", PHRASE, false},
	{"$argon2id$v=19$m=19456,t=2,p=1$AAAA$AAAA", PHRASE, false},
	{"$argon2i$v=19$m=4096,t=3,p=1$AAAA$AAAA", PHRASE, false},
};

START_TEST(stored_forms)
{
	bool upgrade = !TABLE[_i].good;

	ck_assert_int_eq(mot_de_passe_verify(TABLE[_i].stored, TABLE[_i].password, &upgrade), TABLE[_i].good);
	ck_assert_int_eq(upgrade, TABLE[_i].good);      /* none of these is what we would store today */
}
END_TEST

static const char *const PASSWORDS[] = {"", "x", PHRASE, "\xc3\xa9t\xc3\xa9 \xf0\x9f\x8f\xa0", " ", "$argon2id$"};

START_TEST(fresh)
{
	char one[128], two[128], cut[128];
	bool upgrade = true;

	ck_assert_int_eq(mot_de_passe_hash(PASSWORDS[_i], one), 0);
	ck_assert_int_eq(mot_de_passe_hash(PASSWORDS[_i], two), 0);
	ck_assert_mem_eq(one, "$argon2id$v=19$m=19456,t=2,p=1$", 31);
	ck_assert_str_ne(one, two);
	ck_assert(mot_de_passe_verify(one, PASSWORDS[_i], &upgrade));
	ck_assert(!upgrade);
	ck_assert(!mot_de_passe_verify(one, PASSWORDS[(_i + 1) % COUNT(PASSWORDS)], &upgrade));
	ck_assert(!upgrade);
	memcpy(cut, one, sizeof cut);
	cut[strlen(cut) - 1] = '\0';
	ck_assert(!mot_de_passe_verify(cut, PASSWORDS[_i], &upgrade));
}
END_TEST

/* Of another strength: it opens, and is to be replaced. */
START_TEST(weaker_is_upgraded)
{
	char weak[crypto_pwhash_STRBYTES];
	bool upgrade = false;

	ck_assert_int_eq(crypto_pwhash_str_alg(weak, PHRASE, strlen(PHRASE), 1, 8192, crypto_pwhash_ALG_ARGON2ID13), 0);
	ck_assert(mot_de_passe_verify(weak, PHRASE, &upgrade));
	ck_assert(upgrade);
	ck_assert(!mot_de_passe_verify(weak, "x", &upgrade));
	ck_assert(!upgrade);
}
END_TEST

START_TEST(length)
{
	static char longest[MOT_DE_PASSE_MAX + 2];
	char hash[128];
	bool upgrade;

	memset(longest, 'x', MOT_DE_PASSE_MAX);
	ck_assert_int_eq(mot_de_passe_hash(longest, hash), 0);
	ck_assert(mot_de_passe_verify(hash, longest, &upgrade));
	longest[MOT_DE_PASSE_MAX] = 'x';
	ck_assert(!mot_de_passe_verify(hash, longest, &upgrade));
	mot_de_passe_verify_nobody(longest);
	mot_de_passe_verify_nobody("");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mot_de_passe");
	TCase *tcase = tcase_create("mot_de_passe");

	tcase_add_loop_test(tcase, stored_forms, 0, COUNT(TABLE));
	tcase_add_loop_test(tcase, fresh, 0, COUNT(PASSWORDS));
	tcase_add_test(tcase, weaker_is_upgraded);
	tcase_add_test(tcase, length);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
