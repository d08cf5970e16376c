/*
 * Which new passwords are good enough.
 */
#include <string.h>

#include "base/pool.h"
#include "domain/mot_de_passe.h"
#include "domain/mot_de_passe_regle.h"
#include "domain/mots_courants.h"
#include "unit.h"

enum { GOOD = MOT_DE_PASSE_BON, SHORT = MOT_DE_PASSE_TROP_COURT, LONG = MOT_DE_PASSE_TROP_LONG,
       EASY = MOT_DE_PASSE_DEVINABLE };

/* The account of the table: bob.durand, bob@agence-du-port.example, Zoé Dupont-Lajoie. */
static const struct {
	const char *password;
	int verdict;
} JUDGED[] = {
	/* Length, in characters and not in bytes. */
	{"", SHORT}, {"a", SHORT}, {"kT9#xQ2vLm8", SHORT}, {"kT9#xQ2vLm8z", GOOD},
	{"éàüöîçêâûôë", SHORT}, {"éàüöîçêâûôëÿ", GOOD}, {"日本語の長い文です", SHORT}, {"日本語の長い文章ですよね", GOOD},
	{"🦀🐙🦑🦐🐚🐠🐟🐬🐳🐋🦈", SHORT}, {"🦀🐙🦑🦐🐚🐠🐟🐬🐳🐋🦈🐊", GOOD},
	/* Passphrases, whatever they are made of; no kind of character is asked for. */
	{"trois corbeaux gris", GOOD}, {"vlgxmqktzprw", GOOD}, {"une tartine de rhubarbe", GOOD},
		{"J'habite au 4e etage", GOOD},
	{"            ", EASY},
	/* Common words and what people put around them. */
	{"motdepasse123", EASY}, {"MotDePasse2024!", EASY}, {"m0td3p4ss3!!!", EASY}, {"P@ssw0rd1234", EASY},
	{"passwordpassword", EASY}, {"administrateur", EASY}, {"Bienvenue2024", EASY}, {"azertyuiop123", EASY},
	{"jetaimejetaime", EASY}, {"soleilsoleil12", EASY}, {"quittance2024!", EASY}, {"Proprietaire1", EASY},
	{"propriétaire1", EASY}, {"correcthorsebatterystaple", EASY}, {"marseille-paris", EASY},
	/* A common word in enough others does no harm. */
	{"le soleil brille sur nous", GOOD}, {"motdepasse vraiment mien", GOOD},
	/* Sequences and repetitions. */
	{"123456789012", EASY}, {"987654321098", EASY}, {"abcdefghijklmnop", EASY}, {"zyxwvutsrqponml", EASY},
	{"aaaaaaaaaaaa", EASY}, {"abababababab", EASY}, {"121212121212", EASY}, {"qsdfghjklm123", EASY},
	{"aqwzsxedcrfv", EASY}, {"&é\"'(-è_çà)=", EASY}, {"ééééééééééééé", EASY}, {"kT9#kT9#kT9#", EASY},
	{"🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀", EASY}, {"azerty987654", EASY},
	/* The account's own names, with little around them. */
	{"bob.durand1234", EASY}, {"bob@agence-du-port.example", EASY}, {"BOB.DURAND-2024", EASY},
		{"zoedupontlajoie", EASY},
	{"Zoé-Dupont-Lajoie", EASY}, {"agence.port.durand", EASY}, {"DurandDurand75", EASY},
	{"durand mange des crevettes", GOOD},
};

static enum mot_de_passe_verdict judge(const char *password)
{
	static const char *const personal[] = {"bob.durand", "bob@agence-du-port.example", "Zoé", "Dupont-Lajoie", NULL,
	                                       ""};

	return mot_de_passe_judge(password, personal, sizeof personal / sizeof personal[0]);
}

START_TEST(judged)
{
	ck_assert_msg((int)judge(JUDGED[_i].password) == JUDGED[_i].verdict, "«%s» is judged %d", JUDGED[_i].password,
	              (int)judge(JUDGED[_i].password));
}
END_TEST

/* Without an account's words the same password may be good. */
START_TEST(own_words_matter)
{
	const char *personal = "grenouillette";

	ck_assert_int_eq(mot_de_passe_judge("grenouillette", NULL, 0), MOT_DE_PASSE_BON);
	ck_assert_int_eq(mot_de_passe_judge("grenouillette", &personal, 1), MOT_DE_PASSE_DEVINABLE);
	ck_assert_int_eq(mot_de_passe_judge("GRENOUILLETTE1", &personal, 1), MOT_DE_PASSE_DEVINABLE);
	personal = "ab";
	ck_assert_int_eq(mot_de_passe_judge("grenouillette", &personal, 1), MOT_DE_PASSE_BON);
}
END_TEST

START_TEST(long_ones)
{
	char password[MOT_DE_PASSE_MAX + 2];

	for (size_t i = 0; i < sizeof password; i++)
		password[i] = (char)('!' + i * 37 % 90);
	password[MOT_DE_PASSE_MAX + 1] = '\0';
	ck_assert_int_eq(judge(password), LONG);
	password[MOT_DE_PASSE_MAX] = '\0';
	ck_assert_int_eq(judge(password), GOOD);
	memset(password, 'x', MOT_DE_PASSE_MAX);
	ck_assert_int_eq(judge(password), EASY);
}
END_TEST

/* Words are found as they are folded, so they must be written so; and none alone, doubled or with a year is good. */
START_TEST(every_word)
{
	for (const char *const *word = mots_courants; *word != NULL; word++) {
		struct pool *pool = pool_create();

		ck_assert_msg(strlen(*word) >= 4 &&
		              (*word)[strspn(*word, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0',
		              "«%s»", *word);
		if (word != mots_courants)
			ck_assert_msg(strcmp(word[-1], *word) < 0, "«%s» is out of order", *word);
		ck_assert_int_ne(judge(pool_printf(pool, "%s%s%s", *word, *word, *word)), GOOD);
		ck_assert_int_ne(judge(pool_printf(pool, "%s2024", *word)), GOOD);
		pool_free(pool);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mot_de_passe_regle");
	TCase *tc = tcase_create("mot_de_passe_regle");

	tcase_add_loop_test(tc, judged, 0, sizeof JUDGED / sizeof *JUDGED);
	tcase_add_test(tc, own_words_matter);
	tcase_add_test(tc, long_ones);
	tcase_add_test(tc, every_word);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
