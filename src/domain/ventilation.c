/*
 * How a payment is split between rent and charges.
 */
#include "domain/ventilation.h"

struct ventilation ventilation_split(montant total, montant loyer, montant provision, montant caf)
{
	montant part = total < provision ? total : provision;

	return (struct ventilation){
		.loyer_hc = total - part,
		.provision = part,
		.restant_a_payer = loyer + provision - caf
	};
}
