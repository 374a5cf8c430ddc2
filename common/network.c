/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/network.h"
#include "common/str.h"

#define ADDRESS_BITS 128
#define IPV4_AT 12		/* bytes in front of a mapped IPv4 address */
#define IPV4_BITS 32
#define IPV4_PREFIX_BITS (ADDRESS_BITS - IPV4_BITS)
#define PORT_MAX 65535

_Static_assert(NETWORK_TEXT_MAX > INET6_ADDRSTRLEN, "room for any address");

static const unsigned char mapped[IPV4_AT] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

/* An address of `len` bytes and nothing else. */
static int
parse_host(struct network_address *a_r, const char *text, size_t len)
{
	char host[INET6_ADDRSTRLEN];

	if (len >= sizeof(host))
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET6, host, a_r->bytes) == 1)
		return 0;
	memcpy(a_r->bytes, mapped, sizeof(mapped));
	return inet_pton(AF_INET, host, a_r->bytes + IPV4_AT) == 1 ? 0 : -1;
}

/* `len` decimal digits, no sign, at most max. */
static int
parse_number(const char *text, size_t len, unsigned max, unsigned *v_r)
{
	unsigned v = 0;
	size_t i;

	for (i = 0; i < len && v <= max; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		v = v * 10 + (unsigned)(text[i] - '0');
	}
	if (len == 0 || v > max)
		return -1;
	*v_r = v;
	return 0;
}

int
network_address_parse(struct network_address *a_r, const char *text)
{
	size_t len = strcspn(text, ";"), zone;
	unsigned port;

	if (text[len] == ';' && parse_number(text + len + 1,
	    strlen(text + len + 1), PORT_MAX, &port) == -1)
		return -1;
	/* RFC 4007 section 11: <address>%<zone_id>, IPv6 only. */
	zone = strcspn(text, "%");
	if (zone < len) {
		if (zone + 1 == len || memchr(text, ':', zone) == NULL)
			return -1;
		len = zone;
	}
	return parse_host(a_r, text, len);
}

bool
network_address_is_ipv4(const struct network_address *a)
{
	return memcmp(a->bytes, mapped, sizeof(mapped)) == 0;
}

void
network_address_format(const struct network_address *a, char *to)
{
	if (network_address_is_ipv4(a))
		(void)inet_ntop(AF_INET, a->bytes + IPV4_AT, to,
		    NETWORK_TEXT_MAX);
	else
		(void)inet_ntop(AF_INET6, a->bytes, to, NETWORK_TEXT_MAX);
}

/* Do the first `bits` agree? */
static bool
same_prefix(const struct network_address *a, const struct network_address *b,
    unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(a->bytes, b->bytes, whole) == 0 && (rest == 0 ||
	    (a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest) == 0);
}

static bool
has_host_bits(const struct network *n)
{
	unsigned at;

	for (at = n->bits; at < ADDRESS_BITS; at++)
		if (n->first.bytes[at / 8] & 0x80 >> at % 8)
			return true;
	return false;
}

/* One word of a list; NULL or what is wrong with it. */
static const char *
parse_network(struct network *n_r, const char *word, size_t len)
{
	const char *slash = memchr(word, '/', len);
	size_t host = slash == NULL ? len : (size_t)(slash - word);
	unsigned bits = ADDRESS_BITS;

	if (parse_host(&n_r->first, word, host) == -1)
		return "is no address or network";
	if (slash != NULL) {
		/* A length counts the bits of the notation it stands in. */
		if (memchr(word, ':', host) != NULL) {
			if (parse_number(slash + 1, len - host - 1,
			    ADDRESS_BITS, &bits) == -1)
				return "wants a length from 0 to 128";
		} else {
			if (parse_number(slash + 1, len - host - 1,
			    IPV4_BITS, &bits) == -1)
				return "wants a length from 0 to 32";
			bits += IPV4_PREFIX_BITS;
		}
	}
	n_r->bits = bits;
	return has_host_bits(n_r) ? "has bits set behind its length" : NULL;
}

static int
add(struct networks *ns, const struct network *n)
{
	struct network *list;

	list = realloc(ns->list, (ns->count + 1) * sizeof(*list));
	if (list == NULL)
		return -1;
	ns->list = list;
	list[ns->count++] = *n;
	return 0;
}

int
networks_parse(struct networks *ns_r, const char *text, struct errmsg *e)
{
	static const char separators[] = " \t,";
	struct networks ns = NETWORKS_INIT;
	char shown[STR_ESCAPED_SIZE];
	const char *wrong = NULL;
	struct network n;
	size_t len;

	for (text += strspn(text, separators); *text != '\0';
	    text += len, text += strspn(text, separators)) {
		len = strcspn(text, separators);
		wrong = parse_network(&n, text, len);
		if (wrong == NULL && add(&ns, &n) == -1)
			wrong = "found no memory";
		if (wrong != NULL) {
			(void)str_escape_log(shown, sizeof(shown), text, len);
			networks_fini(&ns);
			return errmsg_set(e, "'%s' %s", shown, wrong);
		}
	}
	*ns_r = ns;
	return 0;
}

void
networks_fini(struct networks *ns)
{
	free(ns->list);
	ns->list = NULL;
	ns->count = 0;
}

bool
networks_contain(const struct networks *ns, const struct network_address *a)
{
	bool ipv4 = network_address_is_ipv4(a);
	size_t i;

	for (i = 0; i < ns->count; i++) {
		/* Who writes ::/0 means IPv6; IPv4 is in it by our shape. */
		if (ipv4 && ns->list[i].bits < IPV4_PREFIX_BITS)
			continue;
		if (same_prefix(a, &ns->list[i].first, ns->list[i].bits))
			return true;
	}
	return false;
}
