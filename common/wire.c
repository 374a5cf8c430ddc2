/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire - the clients' protocol: four or five counted strings in, one out.
 */
#include "config.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "common/wire.h"

#define HEAD 2			/* bytes of a length */
#define PORT_MAX 65535
#define PORT_DIGITS 5

static size_t
field_max(enum wire_field f, const struct wire_limits *l)
{
	return f == WIRE_PASSWORD ? l->password_max : l->name_max;
}

/* One counted string at the beginning of n bytes. */
static enum wire_state
scan_field(const unsigned char *p, size_t n, size_t max, size_t *len_r)
{
	size_t len;

	if (n < HEAD)
		return WIRE_MORE;
	len = (size_t)p[0] << 8 | p[1];
	if (len > max)
		return WIRE_TOO_LONG;
	if (len > n - HEAD)
		return WIRE_MORE;
	*len_r = len;
	return WIRE_COMPLETE;
}

enum wire_state
wire_scan(const void *bytes, size_t n, const struct wire_limits *l,
    size_t *used_r, enum wire_field *field_r)
{
	const unsigned char *p = bytes;
	enum wire_state state;
	size_t used = 0, len;
	int f;

	for (f = 0; f < WIRE_REQUIRED; f++) {
		if (n == used)
			return WIRE_MORE;
		state = scan_field(p + used, n - used,
		    field_max((enum wire_field)f, l), &len);
		if (state != WIRE_COMPLETE) {
			*field_r = (enum wire_field)f;
			return state;
		}
		used += HEAD + len;
	}
	*used_r = used;
	return WIRE_COMPLETE;
}

enum wire_fifth
wire_scan_fifth(const void *bytes, size_t n, const struct wire_limits *l)
{
	size_t len;

	if (n == 0)
		return WIRE_FIFTH_NONE;
	if (scan_field(bytes, n, l->name_max, &len) == WIRE_MORE)
		return WIRE_FIFTH_BEGUN;
	return WIRE_FIFTH_WHOLE;
}

bool
wire_address_valid(const char *s, size_t n)
{
	char text[INET6_ADDRSTRLEN];
	unsigned char address[sizeof(struct in6_addr)];
	const char *port;
	size_t i, host = n;
	unsigned long number = 0;

	port = n == 0 ? NULL : memchr(s, ';', n);
	if (port != NULL) {
		host = (size_t)(port++ - s);
		n -= host + 1;
		if (n == 0 || n > PORT_DIGITS)
			return false;
		for (i = 0; i < n; i++) {
			if (port[i] < '0' || port[i] > '9')
				return false;
			number = number * 10 + (unsigned long)(port[i] - '0');
		}
	}
	if (number > PORT_MAX || host >= sizeof(text) || host == 0 ||
	    memchr(s, 0, host) != NULL)
		return false;
	memcpy(text, s, host);
	text[host] = 0;
	return inet_pton(AF_INET, text, address) == 1 ||
	    inet_pton(AF_INET6, text, address) == 1;
}

/* Take one name out of the buffer. */
static enum wire_decoded
take_name(struct buf *b, size_t max, char **name_r)
{
	const unsigned char *p = buf_data(b);
	size_t len = 0;

	if (scan_field(p, buf_len(b), max, &len) == WIRE_COMPLETE &&
	    memchr(p + HEAD, 0, len) != NULL)
		return WIRE_NUL;
	return buf_get_str(b, max, name_r) == -1 ? WIRE_NO_MEMORY :
	    WIRE_DECODED;
}

static enum wire_decoded
take_password(struct buf *b, size_t max, struct secret *password)
{
	if (buf_get_secret(b, max, password) == -1)
		return WIRE_NO_MEMORY;
	return secret_has_nul(password) ? WIRE_NUL : WIRE_DECODED;
}

/* Take the fifth string if it is whole and an address, or empty. */
static enum wire_decoded
take_address(struct buf *b, size_t max, char **address_r)
{
	const unsigned char *p = buf_data(b);
	size_t len;

	if (buf_len(b) > 0 &&
	    scan_field(p, buf_len(b), max, &len) == WIRE_COMPLETE &&
	    (len == 0 || wire_address_valid((const char *)p + HEAD, len)))
		return take_name(b, max, address_r);
	*address_r = calloc(1, 1);
	return *address_r == NULL ? WIRE_NO_MEMORY : WIRE_DECODED;
}

enum wire_decoded
wire_decode(struct buf *b, const struct wire_limits *l,
    struct wire_request *req, bool *surplus_r, enum wire_field *field_r)
{
	char **const names[WIRE_FIELDS] = {
		[WIRE_LOGIN] = &req->login,
		[WIRE_SERVICE] = &req->service,
		[WIRE_REALM] = &req->realm,
		[WIRE_ADDRESS] = &req->address
	};
	enum wire_decoded rc = WIRE_DECODED;
	enum wire_state state;
	size_t used;
	int f;

	memset(req, 0, sizeof(*req));
	*surplus_r = false;
	state = wire_scan(buf_data(b), buf_len(b), l, &used, field_r);
	assert(state == WIRE_COMPLETE);
	(void)state;
	for (f = 0; f < WIRE_FIELDS && rc == WIRE_DECODED; f++) {
		*field_r = (enum wire_field)f;
		if (f == WIRE_PASSWORD)
			rc = take_password(b, l->password_max,
			    &req->password);
		else if (f == WIRE_ADDRESS)
			rc = take_address(b, l->name_max, names[f]);
		else
			rc = take_name(b, l->name_max, names[f]);
	}
	if (rc == WIRE_DECODED)
		*surplus_r = buf_len(b) > 0;
	return rc;
}

void
wire_request_fini(struct wire_request *req)
{
	free(req->login);
	free(req->service);
	free(req->realm);
	free(req->address);
	secret_wipe(&req->password);
	memset(req, 0, sizeof(*req));
}

int
wire_encode(struct buf *b, const char *login, const struct secret *pw,
    const char *service, const char *realm, const char *address)
{
	const void *const bytes[WIRE_FIELDS] = {
		login, secret_cstr(pw), service, realm, address
	};
	const size_t len[WIRE_FIELDS] = {
		strlen(login), pw->len, strlen(service), strlen(realm),
		address == NULL ? 0 : strlen(address)
	};
	const int fields = address == NULL ? WIRE_REQUIRED : WIRE_FIELDS;
	size_t total = 0;
	int f;

	/* All or nothing: half a request must never stay in the buffer. */
	for (f = 0; f < fields; f++) {
		if (len[f] > UINT16_MAX)
			return -1;
		total += HEAD + len[f];
	}
	if (buf_room(b, total) == NULL)
		return -1;
	for (f = 0; f < fields; f++)
		(void)buf_put_counted(b, bytes[f], len[f]);
	return 0;
}

const char *
wire_field_name(enum wire_field f)
{
	switch (f) {
	case WIRE_LOGIN: return "login";
	case WIRE_PASSWORD: return "password";
	case WIRE_SERVICE: return "service";
	case WIRE_REALM: return "realm";
	case WIRE_ADDRESS: return "client address";
	case WIRE_FIELDS: break;
	}
	return "invalid";
}
