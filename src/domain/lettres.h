/*
 * Numbers in French words, in the traditional spelling: «quatre-vingts», «quatre-vingt-un», «soixante et onze», «deux
 * cents», «deux cent un», «mille», «un million».
 */
#ifndef DOMAIN_LETTRES_H
#define DOMAIN_LETTRES_H

#include <stdint.h>

#include "base/montant.h"
#include "base/text.h"

/* Appends a number below 10^15 in words. */
void lettres_nombre(struct text *out, uint64_t number);

/*
 * Appends an amount as it is written on a receipt: «quatre-vingt-un euros et vingt-cinq centimes», «un million
 * d'euros», «cinquante centimes», «zéro euro». A negative amount begins with «moins ».
 */
void lettres_montant(struct text *out, montant amount);

#endif
