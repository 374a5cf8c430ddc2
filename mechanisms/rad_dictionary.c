/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_dictionary - what RFC 2865, 2869, 3162, 5580 and some vendors call
 * what a mail server might tell.
 */
#include "config.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "common/conf.h"
#include "common/str.h"
#include "mechanisms/rad_codec.h"
#include "mechanisms/rad_dictionary.h"

#define TYPE_MAX 255
#define HEX 16
#define VENDOR_PREFIX "26."
#define NAME_SIZE 64

enum vendor { CISCO = 9, MICROSOFT = 311, FORTINET = 12356, WISPR = 14122,
    MIKROTIK = 14988 };

#define OWN_KEY(word) .key = "radius_" word
#define WITHHELD .key = ""	/* nobody sets it */

static const struct rad_attribute attributes[] = {
	{ "User-Name", 0, RAD_USER_NAME, RAD_KIND_TEXT,
	  OWN_KEY("user_name") },
	{ "User-Password", 0, RAD_USER_PASSWORD, RAD_KIND_TEXT, WITHHELD },
	{ "CHAP-Password", 0, 3, RAD_KIND_TEXT, WITHHELD },
	{ "NAS-IP-Address", 0, RAD_NAS_IP_ADDRESS, RAD_KIND_IPV4,
	  OWN_KEY("nas_ip_address") },
	{ "NAS-Port", 0, 5, RAD_KIND_NUMBER, NULL },
	{ "Service-Type", 0, RAD_SERVICE_TYPE, RAD_KIND_NUMBER,
	  OWN_KEY("service_type") },
	{ "Framed-Protocol", 0, 7, RAD_KIND_NUMBER, NULL },
	{ "Framed-IP-Address", 0, 8, RAD_KIND_IPV4, NULL },
	{ "Filter-Id", 0, 11, RAD_KIND_TEXT, NULL },
	{ "Login-IP-Host", 0, 14, RAD_KIND_IPV4, NULL },
	{ "Login-Service", 0, 15, RAD_KIND_NUMBER, NULL },
	{ "State", 0, 24, RAD_KIND_TEXT, WITHHELD },
	{ "Class", 0, 25, RAD_KIND_TEXT, NULL },
	{ "Called-Station-Id", 0, RAD_CALLED_STATION_ID, RAD_KIND_TEXT,
	  OWN_KEY("called_station_id") },
	{ "Calling-Station-Id", 0, RAD_CALLING_STATION_ID, RAD_KIND_TEXT,
	  OWN_KEY("calling_station_id") },
	{ "NAS-Identifier", 0, RAD_NAS_IDENTIFIER, RAD_KIND_TEXT,
	  OWN_KEY("nas_identifier") },
	{ "Proxy-State", 0, 33, RAD_KIND_TEXT, WITHHELD },
	{ "Acct-Session-Id", 0, 44, RAD_KIND_TEXT, NULL },
	{ "CHAP-Challenge", 0, 60, RAD_KIND_TEXT, WITHHELD },
	{ "NAS-Port-Type", 0, RAD_NAS_PORT_TYPE, RAD_KIND_NUMBER,
	  OWN_KEY("nas_port_type") },
	{ "Connect-Info", 0, 77, RAD_KIND_TEXT, NULL },
	{ "EAP-Message", 0, 79, RAD_KIND_TEXT, WITHHELD },
	{ "Message-Authenticator", 0, RAD_MESSAGE_AUTHENTICATOR,
	  RAD_KIND_TEXT, WITHHELD },
	{ "NAS-Port-Id", 0, 87, RAD_KIND_TEXT, NULL },
	{ "Framed-Pool", 0, 88, RAD_KIND_TEXT, NULL },
	{ "NAS-IPv6-Address", 0, RAD_NAS_IPV6_ADDRESS, RAD_KIND_IPV6,
	  OWN_KEY("nas_ipv6_address") },
	{ "Operator-Name", 0, 126, RAD_KIND_TEXT, NULL },
	{ "Cisco-AVPair", CISCO, 1, RAD_KIND_TEXT, NULL },
	{ "MS-RAS-Client-Name", MICROSOFT, 34, RAD_KIND_TEXT, NULL },
	{ "MS-RAS-Client-Version", MICROSOFT, 35, RAD_KIND_TEXT, NULL },
	{ "Fortinet-Group-Name", FORTINET, 1, RAD_KIND_TEXT, NULL },
	{ "Fortinet-Vdom-Name", FORTINET, 3, RAD_KIND_TEXT, NULL },
	{ "WISPr-Location-ID", WISPR, 1, RAD_KIND_TEXT, NULL },
	{ "WISPr-Location-Name", WISPR, 2, RAD_KIND_TEXT, NULL },
	{ "Mikrotik-Realm", MIKROTIK, 9, RAD_KIND_TEXT, NULL },
	{ "Mikrotik-Host-IP", MIKROTIK, 10, RAD_KIND_IPV4, NULL },
};

/* RFC 2865, sections 5.6, 5.7, 5.15 and 5.41. */
static const struct {
	unsigned type;
	const char *word;
	uint32_t value;
} words[] = {
	{ RAD_SERVICE_TYPE, "Login-User", 1 },
	{ RAD_SERVICE_TYPE, "Framed-User", 2 },
	{ RAD_SERVICE_TYPE, "Callback-Login-User", 3 },
	{ RAD_SERVICE_TYPE, "Callback-Framed-User", 4 },
	{ RAD_SERVICE_TYPE, "Outbound-User", 5 },
	{ RAD_SERVICE_TYPE, "Administrative-User", 6 },
	{ RAD_SERVICE_TYPE, "NAS-Prompt-User", 7 },
	{ RAD_SERVICE_TYPE, "Authenticate-Only", 8 },
	{ RAD_SERVICE_TYPE, "Call-Check", 10 },
	{ 7, "PPP", 1 },
	{ 7, "SLIP", 2 },
	{ 15, "Telnet", 0 },
	{ 15, "Rlogin", 1 },
	{ RAD_NAS_PORT_TYPE, "Async", 0 },
	{ RAD_NAS_PORT_TYPE, "Sync", 1 },
	{ RAD_NAS_PORT_TYPE, "ISDN", 2 },
	{ RAD_NAS_PORT_TYPE, "Virtual", 5 },
	{ RAD_NAS_PORT_TYPE, "xDSL", 16 },
	{ RAD_NAS_PORT_TYPE, "Cable", 17 },
	{ RAD_NAS_PORT_TYPE, "Ethernet", 15 },
	{ RAD_NAS_PORT_TYPE, "Wireless-802.11", 19 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- names ------------------------------------------------------------ */

static const struct rad_attribute *
known(uint32_t vendor, unsigned type)
{
	size_t i;

	for (i = 0; i < COUNT(attributes); i++)
		if (attributes[i].vendor == vendor &&
		    attributes[i].type == type)
			return &attributes[i];
	return NULL;
}

/* "5", or "26.9.1". */
static int
read_number(const char *name, long *vendor_r, long *type_r)
{
	char number[NAME_SIZE];
	const char *dot;

	*vendor_r = 0;
	if (!str_starts(name, VENDOR_PREFIX))
		return str_to_long(name, 1, TYPE_MAX, type_r);
	name += strlen(VENDOR_PREFIX);
	dot = strchr(name, '.');
	if (dot == NULL || str_copy_n(number, sizeof(number), name,
	    (size_t)(dot - name)) == -1)
		return -1;
	return str_to_long(number, 1, INT32_MAX, vendor_r) == 0 ?
	    str_to_long(dot + 1, 0, TYPE_MAX, type_r) : -1;
}

static int
unknown(const char *name, struct errmsg *e)
{
	struct conf_near near;
	size_t i;

	(void)errmsg_set(e, "%.64s is not in the dictionary: a number, or "
	    "26.VENDOR.TYPE, will do", name);
	conf_near_init(&near, name);
	for (i = 0; i < COUNT(attributes); i++)
		conf_near_offer(&near, attributes[i].name);
	conf_near_hint(&near, e);
	return -1;
}

int
rad_dictionary_find(const char *name, struct rad_attribute *a_r,
    struct errmsg *e)
{
	const struct rad_attribute *a = NULL;
	long vendor, type;
	size_t i;

	for (i = 0; i < COUNT(attributes) && a == NULL; i++)
		if (str_casecmp(attributes[i].name, name) == 0)
			a = &attributes[i];
	if (a == NULL) {
		if (read_number(name, &vendor, &type) == -1)
			return unknown(name, e);
		a = known((uint32_t)vendor, (unsigned)type);
		*a_r = (struct rad_attribute){ .vendor = (uint32_t)vendor,
		    .type = (unsigned)type, .kind = RAD_KIND_TEXT };
	}
	if (a != NULL)
		*a_r = *a;
	return 0;
}

/* ---- values ----------------------------------------------------------- */

static int
encode_number(const struct rad_attribute *a, const char *text,
    unsigned char *bytes_r, size_t *len_r, struct errmsg *e)
{
	uint32_t value = 0;
	bool found = false;
	long number;
	size_t i;

	for (i = 0; a->vendor == 0 && i < COUNT(words); i++)
		if (words[i].type == a->type &&
		    str_casecmp(words[i].word, text) == 0) {
			value = words[i].value;
			found = true;
		}
	if (!found) {
		if (str_to_long(text, 0, INT32_MAX, &number) == -1)
			return errmsg_set(e, "%.64s: no number, and no word "
			    "for one of %s", text, a->name);
		value = (uint32_t)number;
	}
	value = htonl(value);
	memcpy(bytes_r, &value, sizeof(value));
	*len_r = sizeof(value);
	return 0;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = strchr(digits, str_lower(c));

	return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

static int
encode_hex(const char *text, unsigned char *bytes_r, size_t *len_r,
    struct errmsg *e)
{
	size_t n = 0;
	int high, low;

	for (; *text != '\0' && n < RAD_VALUE_MAX; text += 2) {
		high = hex_digit(text[0]);
		low = high != -1 ? hex_digit(text[1]) : -1;
		if (low == -1)
			break;
		bytes_r[n++] = (unsigned char)(high * HEX + low);
	}
	*len_r = n;
	return *text == '\0' && n > 0 ? 0 : errmsg_set(e, "behind 0x stand "
	    "pairs of hexadecimal digits, %d at most",
	    RAD_VALUE_MAX);
}

static int
encode_text(const char *text, unsigned char *bytes_r, size_t *len_r,
    struct errmsg *e)
{
	const size_t n = strlen(text);

	if (str_starts(text, "0x"))
		return encode_hex(text + 2, bytes_r, len_r, e);
	if (n > RAD_VALUE_MAX)
		return errmsg_set(e, "is longer than %d bytes",
		    RAD_VALUE_MAX);
	memcpy(bytes_r, text, n);
	*len_r = n;
	return 0;
}

int
rad_dictionary_encode(const struct rad_attribute *a, const char *text,
    unsigned char bytes_r[RAD_VALUE_MAX], size_t *len_r,
    struct errmsg *e)
{
	switch (a->kind) {
	case RAD_KIND_TEXT:
		return encode_text(text, bytes_r, len_r, e);
	case RAD_KIND_NUMBER:
		return encode_number(a, text, bytes_r, len_r, e);
	case RAD_KIND_IPV4:
		*len_r = sizeof(struct in_addr);
		return inet_pton(AF_INET, text, bytes_r) == 1 ? 0 :
		    errmsg_set(e, "%.64s: no IPv4 address", text);
	case RAD_KIND_IPV6:
		*len_r = sizeof(struct in6_addr);
		return inet_pton(AF_INET6, text, bytes_r) == 1 ? 0 :
		    errmsg_set(e, "%.64s: no IPv6 address", text);
	}
	return errmsg_set(e, "is of no known kind");
}
