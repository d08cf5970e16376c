/*
 * Words that passwords are often made of, in lower case without accents: the usual ones of published lists of stolen
 * passwords, English and French, first names, towns, months, clubs, and the words of this trade. Of each only what is
 * not a sequence of digits or keys, which the rule finds by itself.
 */
#ifndef DOMAIN_MOTS_COURANTS_H
#define DOMAIN_MOTS_COURANTS_H

/* Ends with NULL. Shorter than 4 letters would be found by accident. */
extern const char *const mots_courants[];

#endif
