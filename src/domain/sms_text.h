/*
 * An SMS's alphabet and length (3GPP TS 23.038 and 23.040).
 */
#ifndef DOMAIN_SMS_TEXT_H
#define DOMAIN_SMS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct sms_text {
	bool ucs2;              /* false: GSM 7-bit default alphabet with its extension table */
	unsigned units;         /* septets (an extension character is two) or UTF-16 code units */
	unsigned segments;      /* 160 / 153 septets, 70 / 67 code units a segment; 0 for an empty text */
};

/*
 * Measures valid UTF-8. A character of two units (extension character, surrogate pair) is never split over two
 * segments, which the count takes into account.
 */
struct sms_text sms_text_measure(const char *utf8, size_t len);

#endif
