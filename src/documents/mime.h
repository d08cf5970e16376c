/*
 * The alphabet of mails: header fields (RFC 5322, RFC 2047) and the transfer encodings of bodies (RFC 2045).
 *
 * Whatever is given, what comes out is ASCII in lines ended by CRLF of at most 76 characters where they can be
 * folded, with no other CR or LF and no NUL: a value never ends its field.
 */
#ifndef DOCUMENTS_MIME_H
#define DOCUMENTS_MIME_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* A field of free text, as encoded words when it is not short, plain ASCII. Control characters become spaces. */
void mime_field(struct text *out, const char *name, const char *value);

/*
 * A field with one mailbox: the display name (NULL or "": none) quoted or encoded, then the address in angle
 * brackets.
 */
void mime_field_mailbox(struct text *out, const char *name, const char *display, const char *address);

/* `Date: Fri, 21 Nov 1997 09:55:06 +0000`. */
void mime_field_date(struct text *out, int64_t ms);

/*
 * The Content-Transfer-Encoding field, an empty line, and `bytes` encoded: quoted-printable, or base64 where that is
 * the shorter. LF, CR LF and CR are line breaks. No line begins with a dot, so nothing on the way has a dot to stuff.
 */
void mime_body(struct text *out, const char *bytes, size_t len);

/* The same for bytes that are no text: base64, as they are. */
void mime_binary(struct text *out, const char *bytes, size_t len);

/* `Content-Disposition: attachment` with a file name, encoded (RFC 2231) when it is not plain ASCII. */
void mime_field_attachment(struct text *out, const char *name);

#endif
