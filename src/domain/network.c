/*
 * Which addresses are public, and how much of one is a customer's.
 */
#include "domain/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct range4 {
	uint32_t first;
	unsigned bits;
};

static const struct range4 special4[] = {
	{0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16}, {0xAC100000, 12},
	{0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16}, {0xC6120000, 15}, {0xC6336400, 24},
	{0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4}
};

static bool is_public4(uint32_t address)
{
	for (size_t i = 0; i < sizeof special4 / sizeof special4[0]; i++)
		if ((address ^ special4[i].first) >> (32 - special4[i].bits) == 0)
			return false;
	return true;
}

static uint32_t four_bytes(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};   /* an IPv4 address follows */

/* Global unicast is 2000::/3; within it, what is for documentation or carries an IPv4 address is looked at apart. */
static bool is_public6(const uint8_t a[16])
{
	static const uint8_t nat64[12] = {0x00, 0x64, 0xFF, 0x9B};

	if (memcmp(a, mapped, sizeof mapped) == 0 || memcmp(a, nat64, sizeof nat64) == 0)
		return is_public4(four_bytes(a + 12));
	if (a[0] == 0x20 && a[1] == 0x02)                               /* 6to4 */
		return is_public4(four_bytes(a + 2));
	/* 2001::/23, documentation */
	if (a[0] == 0x20 && a[1] == 0x01 && (a[2] < 2 || (a[2] == 0x0D && a[3] == 0xB8)))
		return false;
	if (a[0] == 0x3F && a[1] == 0xFF && a[2] < 0x10)                /* 3fff::/20, documentation too */
		return false;
	return (a[0] & 0xE0) == 0x20;
}

bool network_is_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof in);
		return is_public4(ntohl(in.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof in6);
		return is_public6(in6.sin6_addr.s6_addr);
	}
	return false;
}

void network_of(const char *address, uint8_t out[NETWORK_SIZE])
{
	struct in6_addr in6;

	memset(out, 0, NETWORK_SIZE);
	if (inet_pton(AF_INET, address, out + sizeof mapped) == 1)
		memcpy(out, mapped, sizeof mapped);
	else if (inet_pton(AF_INET6, address, &in6) == 1)
		memcpy(out, &in6, memcmp(&in6, mapped, sizeof mapped) == 0 ? sizeof in6 : 8);
}
