/*
 * Which numbers of JSON are taken: those that are read without loss of more than a double has.
 */
#ifndef BASE_JSON_NUMBER_H
#define BASE_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `digits` is a number's text without its sign, by the letter of RFC 8259; no NUL ends it. An integer must fit 64 bits,
 * its sign considered; any other number a double, without vanishing; neither may be longer than a client's can be.
 */
bool json_number_fits(const char *digits, size_t len, bool integer, bool negative);

#endif
