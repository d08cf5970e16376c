/*
 * Numbers of JSON: which ones fit.
 */
#include "base/json_number.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* No number a client means is longer; it keeps the conversion to double cheap and exact enough. */
enum { NUMBER_MAX = 64, DOUBLE_EXPONENT = 307 };

/* Digits of an integer part without sign: do they fit 64 bits, the sign considered? */
static bool integer_fits(const char *digits, size_t len, bool negative)
{
	uint64_t value = 0, max = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;

	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(digits[i] - '0'), &value))
			return false;
	return value <= max;
}

/* Would the decimal number overflow a double, or vanish? Told from the place of its first digit that is not 0. */
static bool double_fits(const char *digits, const char *end)
{
	long exponent = 0, place = -1, written = 0;
	bool seen = false, fraction = false;

	for (; digits < end && (*digits | 0x20) != 'e'; digits++) {
		if (*digits == '.') {
			fraction = true;
			continue;
		}
		if (!fraction)
			place++;
		if (seen)
			continue;
		if (*digits != '0')
			seen = true;
		else
			exponent--;
	}
	if (!seen)
		return true;
	if (digits < end)
		written = strtol(digits + 1, NULL, 10);         /* saturates */
	if (written > INT_MAX || written < INT_MIN)
		return false;
	exponent += place + written;
	return exponent <= DOUBLE_EXPONENT && exponent >= -DOUBLE_EXPONENT;
}

/* The same of what is in the input, where no NUL ends it. */
static bool decimal_fits(const char *digits, size_t len)
{
	char copy[NUMBER_MAX + 1];

	memcpy(copy, digits, len);
	copy[len] = '\0';
	return double_fits(copy, copy + len);
}

bool json_number_fits(const char *digits, size_t len, bool integer, bool negative)
{
	if (len > NUMBER_MAX)
		return false;
	return integer ? integer_fits(digits, len, negative) : decimal_fits(digits, len);
}
