/*
 * Which addresses of the network are anybody's to post to.
 */
#ifndef DOMAIN_NETWORK_H
#define DOMAIN_NETWORK_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Is it a public address? Not: loopback, private (RFC 1918, RFC 4193), shared (RFC 6598), link-local, multicast,
 * documentation and other special ranges (RFC 6890), nor an IPv6 address that carries such an IPv4 one.
 */
bool network_is_public(const struct sockaddr *address);

#endif
