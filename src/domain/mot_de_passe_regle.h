/*
 * Which new passwords are good enough.
 *
 * Length is what counts (NIST SP 800-63B, ANSSI-PG-078): no rule about kinds of characters, but what guessers try first
 * is refused. A password is worth as many characters as are left when every common word, word of the account's own,
 * sequence and repetition counts as one: "Azerty123456!" is worth three.
 */
#ifndef DOMAIN_MOT_DE_PASSE_REGLE_H
#define DOMAIN_MOT_DE_PASSE_REGLE_H

#include <stddef.h>

enum { MOT_DE_PASSE_CHARS_MIN = 12, MOT_DE_PASSE_WORTH_MIN = 8 };

enum mot_de_passe_verdict {
	MOT_DE_PASSE_BON = 0,
	MOT_DE_PASSE_TROP_COURT,        /* fewer characters than the minimum */
	MOT_DE_PASSE_TROP_LONG,         /* more bytes than MOT_DE_PASSE_MAX */
	MOT_DE_PASSE_DEVINABLE          /* worth fewer than the minimum */
};

/*
 * `personal`: n words that belong to the account (user name, e-mail address, names), each may be NULL or "". The
 * password is valid UTF-8.
 */
enum mot_de_passe_verdict mot_de_passe_judge(const char *password, const char *const *personal, size_t n);

#endif
