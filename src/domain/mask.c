/*
 * Masked addresses. The dots are always as many, so that lengths are not told either.
 */
#include "domain/mask.h"

#include <string.h>

/* Bytes of the first character; the address may hold any UTF-8. */
static int first_character(const char *s)
{
	if (*s == '\0')
		return 0;
	int n = 1;
	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

const char *mask_email(struct pool *pool, const char *address)
{
	const char *at = strrchr(address, '@');
	if (at == NULL)
		return "•••";
	const char *domain = at + 1, *dot = strrchr(domain, '.');
	int first = at == address ? 0 : first_character(address);
	if (dot == NULL || dot == domain)
		return pool_printf(pool, "%.*s•••@•••", first, address);
	return pool_printf(pool, "%.*s•••@%.*s•••%s", first, address, first_character(domain), domain, dot);
}

const char *mask_phone(struct pool *pool, const char *number)
{
	size_t len = strlen(number);
	return pool_printf(pool, "•• •• •• •• %s", len >= 6 ? number + len - 2 : "••");
}
