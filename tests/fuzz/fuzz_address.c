/*
 * Addresses: what passes has no byte that SMTP or a gateway could take for something else, and passes again unchanged.
 */
#include <string.h>

#include "domain/address.h"
#include "fuzz.h"

static void check_email(struct pool *pool, const char *address)
{
	size_t len = strlen(address);

	MUST(len <= 254 && strchr(address, '@') != NULL);
	for (size_t i = 0; i < len; i++)
		MUST(address[i] > ' ' && address[i] <= '~');
	MUST(strcmp(address_email(pool, address), address) == 0);
}

static void check_phone(struct pool *pool, const char *number)
{
	size_t digits = strspn(number + 1, "0123456789");

	MUST(number[0] == '+' && number[1] != '0' && digits >= 7 && digits <= 15 && number[1 + digits] == '\0');
	MUST(strcmp(address_phone(pool, number), number) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pool *pool = pool_create();
	const char *given = pool_strndup(pool, (const char *)data, size), *address;

	address = address_email(pool, given);
	if (address != NULL)
		check_email(pool, address);
	address = address_phone(pool, given);
	if (address != NULL)
		check_phone(pool, address);
	if (address_is_originator(given))
		MUST(strlen(given) <= 16 &&
		     strspn(given, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 +") ==
		     strlen(given));
	pool_free(pool);
	return 0;
}
