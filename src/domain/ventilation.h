/*
 * How a payment is split between rent and charges (API document, «Split Loyer»).
 */
#ifndef DOMAIN_VENTILATION_H
#define DOMAIN_VENTILATION_H

#include "base/montant.h"

struct ventilation {
	montant loyer_hc;               /* total − provision */
	montant provision;              /* min(total, current provision) */
	montant restant_a_payer;        /* loyer + provision − CAF: what the tenant himself owes a month */
};

/* Loyer and provision are the current ones, after revisions; no amount is negative. */
struct ventilation ventilation_split(montant total, montant loyer, montant provision, montant caf);

#endif
