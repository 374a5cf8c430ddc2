/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_form - made once of the settings, filled for each request.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "mechanisms/rad_dictionary.h"
#include "mechanisms/rad_form.h"

#define TOKENS "uUdrsa%"
#define HOST_NAME_SIZE 256
#define FIELDS_MAX 64		/* attributes; 4096 bytes hold few more */
#define NAME_SIZE 64		/* of an attribute, with NUL */

/* A text is expanded for each request; bytes are the same for all. */
struct field {
	struct rad_attribute is;
	char *template;		/* NULL: bytes */
	unsigned char bytes[RAD_VALUE_MAX];
	size_t len;
};

struct rad_form {
	struct field fields[FIELDS_MAX];
	size_t count;
};

/* ---- templates -------------------------------------------------------- */

static int
check_template(const char *template, struct errmsg *e)
{
	const char *at = template;

	while ((at = strchr(at, '%')) != NULL) {
		if (at[1] == '\0' || strchr(TOKENS, at[1]) == NULL)
			return errmsg_set(e, "tokens are %%u, %%U, %%d, %%r, "
			    "%%s, %%a and %%%%");
		at += 2;
	}
	return 0;
}

static const char *
value_of(char token, const struct mech_request *req, size_t *len_r)
{
	const char *value = "", *at = strchr(req->login, '@');

	switch (token) {
	case 'u':
		value = req->login;
		break;
	case 'U':
		*len_r = strcspn(req->login, "@");
		return req->login;
	case 'd':
		value = at != NULL && at[1] != '\0' ? at + 1 : req->realm;
		break;
	case 'r':
		value = req->realm;
		break;
	case 's':
		value = req->service;
		break;
	case 'a':
		*len_r = strcspn(req->address, ";");	/* no port */
		return req->address;
	case '%':
		value = "%";
		break;
	}
	*len_r = strlen(value);
	return value;
}

/* -1: longer than `size`. */
static int
expand(const char *template, const struct mech_request *req,
    unsigned char *to, size_t size, size_t *len_r)
{
	const char *value;
	size_t len;

	*len_r = 0;
	while (*template != '\0') {
		value = template;
		len = strcspn(template, "%");
		template += len;
		if (len == 0) {
			value = value_of(template[1], req, &len);
			template += 2;
		}
		if (len > size - *len_r)
			return -1;
		memcpy(to + *len_r, value, len);
		*len_r += len;
	}
	return 0;
}

/* What comes to nothing is left out: an attribute has a value (RFC 2865,
 * section 5). */
static int
fill_field(const struct field *field, const struct mech_request *req,
    struct rad_packet *p)
{
	unsigned char value[RAD_VALUE_MAX];
	size_t len = field->len;

	if (field->template == NULL)
		memcpy(value, field->bytes, len);
	else if (expand(field->template, req, value, sizeof(value),
	    &len) == -1)
		return -1;
	if (len == 0)
		return 0;
	return field->is.vendor != 0 ? rad_codec_add_vendor(p,
	    field->is.vendor, field->is.type, value, len) :
	    rad_codec_add(p, field->is.type, value, len);
}

/* ---- making ----------------------------------------------------------- */

/* A plain text is no bytes, whatever it begins with. */
static int
add_field(struct rad_form *f, const struct rad_attribute *is,
    const char *value, bool plain, struct errmsg *e)
{
	struct field *field = &f->fields[f->count];

	if (f->count == FIELDS_MAX)
		return errmsg_set(e, "more than %d attributes", FIELDS_MAX);
	*field = (struct field){ .is = *is };
	if (is->kind != RAD_KIND_TEXT ||
	    (!plain && str_starts(value, "0x"))) {
		if (rad_dictionary_encode(is, value, field->bytes,
		    &field->len, e) == -1)
			return -1;
	} else {
		if (check_template(value, e) == -1)
			return -1;
		field->template = strdup(value);
		if (field->template == NULL)
			return errmsg_set(e, "out of memory");
	}
	f->count++;
	return 0;
}

/* That of a key of its own; "" leaves it out. */
static int
add_known(struct rad_form *f, const char *name, const char *value,
    struct errmsg *e)
{
	struct rad_attribute is;

	if (value[0] == '\0')
		return 0;
	if (rad_dictionary_find(name, &is, e) == -1)
		return -1;
	return add_field(f, &is, value, false, e) == 0 ? 0 :
	    errmsg_prefix(e, "%s", is.key);
}

static int
check_free(const struct rad_attribute *is, struct errmsg *e)
{
	if (is->vendor == 0 && is->type == RAD_VENDOR_SPECIFIC)
		return errmsg_set(e, "a vendor's attribute is 26.VENDOR.TYPE");
	if (is->key == NULL)
		return 0;
	return errmsg_set(e, is->key[0] != '\0' ? "has a key of its own, %s" :
	    "is not for requests of this kind%s", is->key);
}

static int
add_line(struct rad_form *f, const char *line, size_t len, struct errmsg *e)
{
	const char *equals = memchr(line, '=', len);
	struct rad_attribute is;
	char name[NAME_SIZE], *value;
	size_t used;
	int rc;

	if (equals == NULL)
		return errmsg_set(e, "wants NAME=VALUE");
	for (used = (size_t)(equals - line); used > 0 &&
	    str_is_blank(line[used - 1]); used--)
		;
	if (str_copy_n(name, sizeof(name), line, used) == -1)
		return errmsg_set(e, "the attribute's name is too long");
	do
		equals++;
	while (equals < line + len && str_is_blank(*equals));
	value = strndup(equals, (size_t)(line + len - equals));
	if (value == NULL)
		return errmsg_set(e, "out of memory");
	rc = rad_dictionary_find(name, &is, e);
	if (rc == 0)
		rc = check_free(&is, e);
	if (rc == 0)
		rc = value[0] != '\0' ? add_field(f, &is, value, false, e) :
		    errmsg_set(e, "has no value");
	free(value);
	return rc == 0 ? 0 : errmsg_prefix(e, "%s", name);
}

static int
add_lines(struct rad_form *f, const char *lines, struct errmsg *e)
{
	size_t len;

	for (; *lines != '\0'; lines += len + (lines[len] == '\n')) {
		len = strcspn(lines, "\n");
		if (len > 0 && add_line(f, lines, len, e) == -1)
			return errmsg_prefix(e, "radius_attribute");
	}
	return 0;
}

/* NAS-Identifier or an address of the NAS has to be there: RFC 2865, section
 * 4.1. */
static int
add_identifier(struct rad_form *f, const struct rad_settings *s,
    struct errmsg *e)
{
	char host[HOST_NAME_SIZE] = "";
	struct rad_attribute is;

	if (s->nas_identifier[0] != '\0')
		return add_known(f, "NAS-Identifier", s->nas_identifier, e);
	if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0')
		return errmsg_set(e, "radius_nas_identifier: this host has "
		    "no name");
	if (rad_dictionary_find("NAS-Identifier", &is, e) == -1)
		return -1;
	/* One may be called "0xmail". */
	return add_field(f, &is, host, true, e);
}

/* What is the same in all requests must leave room for what is not. */
static int
check_room(const struct rad_form *f, struct errmsg *e)
{
	static const unsigned char password[RAD_PASSWORD_MAX];
	static const unsigned char authenticator[RAD_AUTHENTICATOR_SIZE];
	const struct mech_request least = { .login = "", .service = "",
	    .realm = "", .address = "" };
	struct rad_packet p;
	size_t i;

	rad_codec_begin(&p, RAD_ACCESS_REQUEST, 0, authenticator);
	if (rad_codec_add(&p, RAD_USER_PASSWORD, password,
	    sizeof(password)) == -1)
		return -1;
	for (i = 0; i < f->count; i++)
		if (fill_field(&f->fields[i], &least, &p) == -1)
			return errmsg_set(e, "radius_attribute: %u is too "
			    "long, or all of them for a packet",
			    f->fields[i].is.type);
	return 0;
}

struct rad_form *
rad_form_new(const struct rad_settings *s, struct errmsg *e)
{
	struct rad_form *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		(void)errmsg_set(e, "out of memory");
		return NULL;
	}
	/* The first one is the name, see rad_form_fill(). */
	if (add_known(f, "User-Name", s->user_name, e) == -1 ||
	    add_identifier(f, s, e) == -1 ||
	    add_known(f, "NAS-IP-Address", s->nas_ip_address, e) == -1 ||
	    add_known(f, "NAS-IPv6-Address", s->nas_ipv6_address,
	    e) == -1 ||
	    add_known(f, "NAS-Port-Type", s->nas_port_type, e) == -1 ||
	    add_known(f, "Service-Type", s->service_type, e) == -1 ||
	    add_known(f, "Called-Station-Id", s->called_station_id,
	    e) == -1 ||
	    add_known(f, "Calling-Station-Id", s->calling_station_id,
	    e) == -1 ||
	    add_lines(f, s->attributes, e) == -1 ||
	    check_room(f, e) == -1) {
		rad_form_free(f);
		return NULL;
	}
	return f;
}

void
rad_form_free(struct rad_form *f)
{
	size_t i;

	if (f == NULL)
		return;
	for (i = 0; i < f->count; i++)
		free(f->fields[i].template);
	free(f);
}

/* ---- filling ---------------------------------------------------------- */

static enum rad_filled
failed(struct errmsg *e)
{
	(void)errmsg_set(e, "libcrypto refuses MD5, which RADIUS needs");
	return RAD_FILL_FAILED;
}

enum rad_filled
rad_form_fill(const struct rad_form *f, const struct mech_request *req,
    const struct secret *shared, unsigned identifier,
    const unsigned char authenticator[RAD_AUTHENTICATOR_SIZE],
    struct rad_packet *p_r, struct errmsg *e)
{
	size_t begun, i;

	if (req->password->len > RAD_PASSWORD_MAX) {
		(void)errmsg_set(e, "RADIUS has room for %d bytes of a "
		    "password", RAD_PASSWORD_MAX);
		return RAD_FILL_BAD_PASSWORD;
	}
	rad_codec_begin(p_r, RAD_ACCESS_REQUEST, identifier, authenticator);
	begun = p_r->len;
	if (fill_field(&f->fields[0], req, p_r) == -1 || p_r->len == begun) {
		(void)errmsg_set(e, "User-Name has 1 to %d bytes",
		    RAD_VALUE_MAX);
		return RAD_FILL_BAD_NAME;
	}
	if (rad_codec_add_password(p_r, shared, req->password) == -1)
		return failed(e);
	for (i = 1; i < f->count; i++)
		if (fill_field(&f->fields[i], req, p_r) == -1) {
			(void)errmsg_set(e, "attribute %u is too long",
			    f->fields[i].is.type);
			return RAD_FILL_TOO_LONG;
		}
	return rad_codec_sign(p_r, shared) == 0 ? RAD_FILLED : failed(e);
}
