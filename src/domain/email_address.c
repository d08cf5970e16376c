/*
 * What an e-mail address may be. Strict on purpose: what passes here goes into an SMTP command and a header as it is.
 */
#include <idn2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "domain/address.h"

enum { LOCAL_MAX = 64, ADDRESS_MAX = 254, DOMAIN_MAX = 253, LABEL_MAX = 63 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 5322's atext. */
static bool is_atext(char c)
{
	return c != '\0' && (is_letter(c) || is_digit(c) || strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Length of the dot-atom at `s`, 0 when there is none. */
static size_t dot_atom(const char *s)
{
	size_t len = 0;

	while (is_atext(s[len])) {
		while (is_atext(s[len]))
			len++;
		if (s[len] != '.')
			return len;
		len++;
	}
	return 0;
}

/* Length of the quoted string at `s`, its quotes included, 0 when there is none. Spaces are not taken. */
static size_t quoted_string(const char *s)
{
	size_t len = 1;

	while (s[len] != '"') {
		if (s[len] == '\\')
			len++;
		if (s[len] <= ' ' || s[len] > '~')
			return 0;
		len++;
	}
	return len > 1 ? len + 1 : 0;
}

/* Letters, digits and hyphens, at least two labels, the last of which is no number (192.0.2.1 is no domain). */
static bool is_host_name(const char *s)
{
	size_t labels = 0, len;
	bool letters = false;

	if (strlen(s) > DOMAIN_MAX)
		return false;
	for (;; s += len + 1, labels++) {
		letters = false;
		for (len = 0; is_letter(s[len]) || is_digit(s[len]) || s[len] == '-'; len++)
			letters = letters || !is_digit(s[len]);
		if (len == 0 || len > LABEL_MAX || s[0] == '-' || s[len - 1] == '-')
			return false;
		if (s[len] != '.')
			return s[len] == '\0' && labels > 0 && letters;
	}
}

static bool is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/*
 * The domain as DNS has it, lower case; NULL when it is none. Not with IDN2_USE_STD3_ASCII_RULES: under it libidn2
 * drops what it should refuse, and `é/b.fr` would become the domain of someone else.
 */
static const char *ascii_domain(struct pool *pool, const char *given)
{
	char *ascii = NULL, *domain;

	if (is_ascii(given)) {
		domain = pool_strdup(pool, given);
	} else {
		if (!text_is_utf8(given, strlen(given)) ||
		    idn2_to_ascii_8z(given, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
			return NULL;
		domain = pool_strdup(pool, ascii);
		idn2_free(ascii);
	}
	if (!is_host_name(domain))
		return NULL;
	for (char *c = domain; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return domain;
}

const char *address_email(struct pool *pool, const char *given)
{
	size_t local, rest;
	const char *domain;
	char *address;

	if (given == NULL || strlen(given) > 4 * ADDRESS_MAX)
		return NULL;
	local = *given == '"' ? quoted_string(given) : dot_atom(given);
	if (local == 0 || local > LOCAL_MAX || given[local] != '@')
		return NULL;
	domain = ascii_domain(pool, given + local + 1);
	rest = domain != NULL ? strlen(domain) + 1 : 0;         /* with its NUL */
	if (rest == 0 || local + rest > ADDRESS_MAX)
		return NULL;
	address = pool_alloc(pool, local + 1 + rest);
	memcpy(address, given, local + 1);                      /* with its @ */
	memcpy(address + local + 1, domain, rest);
	return address;
}
