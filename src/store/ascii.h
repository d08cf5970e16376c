/*
 * Columns of keys and addresses hold ASCII. A text that is not ASCII is in none of them, and is not asked for:
 * comparing it would not use the index, and converting it would make it another text.
 */
#ifndef STORE_ASCII_H
#define STORE_ASCII_H

#include <stdbool.h>

static inline bool store_is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

#endif
