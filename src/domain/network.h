/*
 * Which addresses of the network are anybody's to post to, and which are one customer's.
 */
#ifndef DOMAIN_NETWORK_H
#define DOMAIN_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Is it a public address? Not: loopback, private (RFC 1918, RFC 4193), shared (RFC 6598), link-local, multicast,
 * documentation and other special ranges (RFC 6890), nor an IPv6 address that carries such an IPv4 one.
 */
bool network_is_public(const struct sockaddr *address);

enum { NETWORK_SIZE = 16 };

/*
 * The part of an address, as text, that one customer holds: of IPv6 the /64; the whole of IPv4, also as IPv6 writes it
 * (::ffff:192.0.2.1). Zeros for what is no address.
 */
void network_of(const char *address, uint8_t out[NETWORK_SIZE]);

#endif
