/*
 * The portfolio reader: what it refuses it explains, and what it accepts it accepts again as it writes it, to the byte.
 */
#include <stdio.h>
#include <string.h>

#include "fuzz.h"
#include "gestion/portfolio.h"

/* What the database adds to what is read. */
static void complete(struct portfolio *p)
{
	if (p->user.id == 0)
		p->user.id = 1;
	if (p->user.password_hash == NULL)
		p->user.password_hash = "hash";
	for (size_t i = 0; i < p->n_operations; i++) {
		p->operations[i].type_name = "name";
		p->operations[i].locataire_nom = p->operations[i].locataire_prenom = "name";
	}
}

static struct text written(struct pool *pool, struct portfolio *p)
{
	struct text out = {0};
	struct json_out json;

	complete(p);
	json_out_init(&json, &out);
	portfolio_write(&json, pool, p);
	return out;
}

static void check_again(struct pool *pool, struct portfolio *portfolio, FILE *err)
{
	struct text first = written(pool, portfolio), second;
	struct portfolio again;

	MUST(portfolio_read(pool, first.data, first.len, &again, err) == 0);
	second = written(pool, &again);
	MUST(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	text_free(&first);
	text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_create();
	struct portfolio portfolio;
	char *said = NULL;
	size_t said_len = 0;
	FILE *err = open_memstream(&said, &said_len);
	int result = portfolio_read(pool, (const char *)data, size, &portfolio, err);

	fflush(err);
	MUST((result == 0) == (said_len == 0));
	/* Two with one identifier are the database's to refuse; written, they would be mixed up. */
	if (result == 0 && portfolio.n_immeubles <= 1 && portfolio.n_biens <= 1)
		check_again(pool, &portfolio, err);
	fclose(err);
	free(said);
	pool_free(pool);
	return 0;
}
