/*
 * A portfolio as JSON: a good document reads, and for each thing that can be wrong with it one line says what and
 * where.
 */
#include <stdio.h>
#include <string.h>

#include "gestion/portfolio.h"
#include "unit.h"

#define ID(n) "56a7766748177e22348b456" #n
#define DAY "{\"sec\":1467324000,\"usec\":0}"

static const char GOOD[] =
	"{\"user\":{\"username\":\"bob\",\"password\":\"p\"},"
	"\"immeubles\":[{\"id\":\"" ID(1) "\",\"name\":\"I\",\"surface\":23.5,\"active\":true,\"options\":{\"a\":1},"
	"\"emprunts\":[{\"index\":0,\"montant\":100,\"taux\":3.09}],"
	"\"declarations\":[{\"id\":\"" ID(2) "\",\"year\":2015}],"
	"\"biens\":[{\"id\":\"" ID(3) "\",\"nom\":\"T2\",\"etage\":-1,"
	"\"locataires\":[{\"id\":\"" ID(4) "\",\"nom\":\"N\","
	"\"prenom\":\"P\",\"loyer\":500,\"provision\":40.25,\"dayLoyer\":3,"
	"\"entryDate\":" DAY ",\"quitDate\":null}]}]}],"
	"\"operations\":[{\"id\":\"" ID(5) "\",\"immeubleId\":\"" ID(1) "\",\"operationMontant\":12.34,"
	"\"operationPaid\":true,\"operationAuto\":false,\"operationDate\":" DAY ",\"dateCreated\":" DAY ","
	"\"operationType\":{\"id\":\"chargeTF\"}}]}";

#define OF_8(s) s s s s s s s s
#define OF_512(s) OF_8(OF_8(OF_8(s)))
#define OF_1024(s) OF_512(s) OF_512(s)

/* Copies of the operation of the good document. */
#define COPY(n) \
	"{\"id\":\"" ID(n) "\",\"immeubleId\":\"" ID(1) "\",\"operationMontant\":1," \
	"\"operationRepeatOf\":\"" ID(5) "\"," \
	"\"operationPaid\":true,\"operationAuto\":false,\"operationDate\":" DAY ",\"dateCreated\":" DAY "," \
	"\"operationType\":{\"id\":\"chargeTF\"}}"

/* Replaces the one `from` of the good document by `to`; then this line, and no other, is what is said. */
static const struct { const char *from, *to, *line; } WRONG[] = {
	{GOOD, "", "not valid JSON at byte 0"},
	{GOOD, "[]", "not a JSON object"},
	{GOOD, "12", "not a JSON object"},
	{"\"user\":{", "\"user\":[],\"u\":{", "user: missing, or not an object\nu: unknown"},
	{"{\"user\"", "{\"extra\":1,\"user\"", "extra: unknown"},
	{"\"username\":\"bob\"", "\"username\":12", "user.username: not a text"},
	{"\"username\":\"bob\"", "\"username\":\"\"", "user.username: empty"},
	{"\"username\":\"bob\",", "", "user.username: missing"},
	{"\"username\":\"bob\"", "\"username\":null", "user.username: missing"},
	{"\"password\":\"p\"", "\"password\":\"p\",\"password_hash\":\"h\"",
	 "user.password: give either password or password_hash"},
	{",\"password\":\"p\"", "", "user.password: give either password or password_hash"},
	{"\"password\":\"p\"", "\"password\":\"\"", "user.password: not 1 to 1024 bytes"},
	{"\"password\":\"p\"", "\"password\":\"p" OF_1024("x") "\"", "user.password: not 1 to 1024 bytes"},
	{"\"password\":\"p\"", "\"password\":\"p" OF_512("é") "\"", "user.password: not 1 to 1024 bytes"},
	{"\"username\":\"bob\"", "\"username\":\"bob\",\"email\":\"x\"", "user.email: not an e-mail address"},
	{"\"username\":\"bob\"", "\"username\":\"bob\",\"userid\":\"0\"", "user.userid: not a number above 0"},
	{"\"username\":\"bob\"", "\"username\":\"bob\",\"userid\":2", "user.userid: not a text"},
	{"\"username\":\"bob\"", "\"username\":\"bob\",\"premium_end\":\"demain\"",
	 "user.premium_end: not a time in ISO 8601"},
	{"\"username\":\"bob\"", "\"username\":\"bob\",\"age\":1", "user.age: unknown"},
	{"\"immeubles\":[{", "\"immeubles\":[1,{", "immeubles[0]: not an object"},
	{"\"immeubles\":[{", "\"immeubles\":{},\"operations2\":[{", "immeubles: not an array\noperations2: unknown"},
	{"\"id\":\"" ID(1) "\",\"name\"", "\"name\"", "immeubles[0].id: missing"},
	{"\"id\":\"" ID(1) "\",\"name\"", "\"id\":\"5\",\"name\"",
	 "immeubles[0].id: not an identifier of 24 hexadecimal digits"},
	{"\"name\":\"I\"", "\"name\":[]", "immeubles[0].name: not a text"},
	{"\"surface\":23.5", "\"surface\":\"23.5\"", "immeubles[0].surface: not a number"},
	{"\"surface\":23.5", "\"surface\":-1", "immeubles[0].surface: negative, too large, or more than 2 places"},
	{"\"surface\":23.5", "\"surface\":1.234", "immeubles[0].surface: negative, too large, or more than 2 places"},
	{"\"surface\":23.5", "\"surface\":100000000",
	 "immeubles[0].surface: negative, too large, or more than 2 places"},
	{"\"surface\":23.5", "\"surface\":1e3", "immeubles[0].surface: negative, too large, or more than 2 places"},
	{"\"active\":true", "\"active\":1", "immeubles[0].active: not true or false"},
	{"\"options\":{\"a\":1}", "\"options\":[]", "immeubles[0].options: not an object"},
	{"\"index\":0", "\"index\":-1", "immeubles[0].emprunts[0].index: not from 0 to 1000000000"},
	{"\"index\":0,", "", "immeubles[0].emprunts[0].index: missing"},
	{"\"montant\":100", "\"montant\":1.005",
	 "immeubles[0].emprunts[0].montant: not an amount with at most two places"},
	{"\"montant\":100", "\"montant\":-1", "immeubles[0].emprunts[0].montant: negative"},
	{"\"taux\":3.09", "\"taux\":3.12345",
	 "immeubles[0].emprunts[0].taux: negative, too large, or more than 4 places"},
	{"\"taux\":3.09", "\"taux\":100000",
	 "immeubles[0].emprunts[0].taux: negative, too large, or more than 4 places"},
	{"\"year\":2015", "\"year\":1899", "immeubles[0].declarations[0].year: not from 1900 to 9999"},
	{"\"year\":2015", "\"year\":2015.5", "immeubles[0].declarations[0].year: not a whole number"},
	{"\"nom\":\"T2\"", "\"nom\":\"T2\",\"immeubleId\":\"" ID(9) "\"",
	 "immeubles[0].biens[0].immeubleId: not the one it stands in"},
	{"\"etage\":-1", "\"etage\":-101", "immeubles[0].biens[0].etage: not from -100 to 1000"},
	{"\"prenom\":\"P\",", "", "immeubles[0].biens[0].locataires[0].prenom: missing"},
	{"\"loyer\":500", "\"loyer\":\"500\"", "immeubles[0].biens[0].locataires[0].loyer: not a number"},
	{"\"dayLoyer\":3", "\"dayLoyer\":32", "immeubles[0].biens[0].locataires[0].dayLoyer: not from 1 to 31"},
	{"\"entryDate\":" DAY, "\"entryDate\":1467324000",
	 "immeubles[0].biens[0].locataires[0].entryDate: not a time {sec, usec}"},
	{"\"entryDate\":" DAY, "\"entryDate\":{\"sec\":1467324001,\"usec\":0}",
	 "immeubles[0].biens[0].locataires[0].entryDate: not midnight in Paris"},
	{"\"entryDate\":" DAY, "\"entryDate\":{\"sec\":-9999999999,\"usec\":0}",
	 "immeubles[0].biens[0].locataires[0].entryDate: not midnight in Paris"},
	{"\"quitDate\":null", "\"quitDate\":" DAY, "immeubles[0].biens[0].locataires[0].quitDate: not after entryDate"},
	{"\"operationMontant\":12.34", "\"operationMontant\":0", "operations[0].operationMontant: not positive"},
	{"\"operationPaid\":true", "\"operationPaid\":\"on\"", "operations[0].operationPaid: not true or false"},
	{"\"operationAuto\":false,", "", "operations[0].operationAuto: missing"},
	{"\"operationAuto\":false", "\"operationAuto\":false,\"operationRepeatDay\":32",
	 "operations[0].operationRepeatDay: not from 1 to 31"},
	{"\"operationAuto\":false", "\"operationAuto\":false,\"operationRepeatDay\":2",
	 "operations[0].operationRepeatDay: not the day of operationDate, nor one that its month has not"},
	{"\"operationAuto\":false", "\"operationAuto\":false,\"operationRepeatOf\":5",
	 "operations[0].operationRepeatOf: not an identifier of 24 hexadecimal digits"},
	{"\"operationAuto\":false", "\"operationAuto\":false,\"operationRepeatOf\":\"" ID(9) "\"",
	 "operations[0].operationRepeatOf: no operation of this document"},
	{"\"operationAuto\":false", "\"operationAuto\":false,\"operationRepeatOf\":\"" ID(5) "\"",
	 "operations[0].operationRepeatOf: the operation itself"},
	{"\"operations\":[", "\"operations\":[" COPY(6) "," COPY(7) ",",
	 "operations[1].operationRepeatOf: has its copy already"},
	{"\"dateCreated\":" DAY, "\"dateCreated\":{\"sec\":1,\"usec\":1}",
	 "operations[0].dateCreated: finer than a millisecond"},
	{"\"dateCreated\":" DAY, "\"dateCreated\":{\"sec\":1,\"usec\":1000000}",
	 "operations[0].dateCreated: not a time {sec, usec}"},
	{"\"id\":\"chargeTF\"", "\"id\":12", "operations[0].operationType.id: missing, or not a type"},
	{"\"id\":\"chargeTF\"", "\"id\":\"charge TF\"", "operations[0].operationType.id: missing, or not a type"},
	{"\"operationType\":{\"id\":\"chargeTF\"}", "\"operationType\":\"chargeTF\"",
	 "operations[0].operationType.id: missing, or not a type"},
};

static int read_document(struct pool *pool, const char *document, struct portfolio *portfolio, char said[4096])
{
	FILE *err = fmemopen(said, 4096, "w");
	int result;

	ck_assert_ptr_nonnull(err);
	said[0] = '\0';
	result = portfolio_read(pool, document, strlen(document), portfolio, err);
	fclose(err);
	return result;
}

START_TEST(good)
{
	struct pool *pool = pool_create();
	struct portfolio p;
	char said[4096];

	ck_assert_msg(read_document(pool, GOOD, &p, said) == 0, "%s", said);
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(p.n_immeubles, 1);
	ck_assert_uint_eq(p.n_emprunts, 1);
	ck_assert_uint_eq(p.n_declarations, 1);
	ck_assert_uint_eq(p.n_biens, 1);
	ck_assert_uint_eq(p.n_locataires, 1);
	ck_assert_uint_eq(p.n_operations, 1);
	ck_assert_int_eq(p.locataires[0].provision, 4025);
	ck_assert_int_eq(p.locataires[0].quit, JOUR_NONE);
	ck_assert(oid_same(&p.locataires[0].immeuble_id, &p.immeubles[0].id));
	ck_assert_int_eq(p.operations[0].amount, 1234);
	ck_assert_str_eq(p.immeubles[0].surface, "23.5");
	pool_free(pool);
}
END_TEST

START_TEST(a_copy_stands_anywhere)
{
	static const char from[] = "\"operations\":[";
	struct pool *pool = pool_create();
	const char *at = strstr(GOOD, from);
	struct portfolio p;
	char said[4096];

	ck_assert_int_eq(read_document(pool, pool_printf(pool, "%.*s%s" COPY(6) ",%s", (int)(at - GOOD), GOOD, from,
	                                                 at + strlen(from)), &p, said), 0);
	ck_assert_uint_eq(p.n_operations, 2);
	ck_assert(p.operations[0].is_copy && !p.operations[1].is_copy);
	ck_assert(oid_same(&p.operations[0].copied_from, &p.operations[1].id));
	pool_free(pool);
}
END_TEST

/* As long a password as opens the account, in bytes and in characters. */
START_TEST(the_longest_password)
{
	static const char *const passwords[] = {OF_1024("x"), OF_512("é")};
	struct pool *pool = pool_create();
	struct portfolio p;
	char said[4096];

	for (size_t i = 0; i < COUNT(passwords); i++) {
		ck_assert_int_eq(read_document(pool, pool_printf(pool, "{\"user\":{\"username\":\"b\",\"password\":"
		                                                 "\"%s\"}}", passwords[i]), &p, said), 0);
		ck_assert_str_eq(p.password, passwords[i]);
	}
	pool_free(pool);
}
END_TEST

START_TEST(wrong)
{
	struct pool *pool = pool_create();
	const char *at = strstr(GOOD, WRONG[_i].from);
	struct portfolio p;
	char said[4096];
	const char *document;

	ck_assert_ptr_nonnull(at);
	document = pool_printf(pool, "%.*s%s%s", (int)(at - GOOD), GOOD, WRONG[_i].to, at + strlen(WRONG[_i].from));
	ck_assert_int_eq(read_document(pool, document, &p, said), -1);
	ck_assert_str_eq(said, pool_printf(pool, "%s\n", WRONG[_i].line));
	pool_free(pool);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("portfolio_read");
	TCase *tcase = tcase_create("portfolio_read");

	tcase_add_test(tcase, good);
	tcase_add_test(tcase, a_copy_stands_anywhere);
	tcase_add_test(tcase, the_longest_password);
	tcase_add_loop_test(tcase, wrong, 0, COUNT(WRONG));
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
