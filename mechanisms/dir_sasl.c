/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sasl_interact_t of libsasl2 is filled here, so that dir_link needs no
 * second library's header.
 */
#include "config.h"

#include <string.h>

#ifdef WITH_LDAP_SASL
#include <sasl/sasl.h>
#endif

#include "common/str.h"
#include "mechanisms/dir_sasl.h"

/* Those that take a password and prove it to the server, strongest first:
 * SCRAM (RFC 5802, RFC 7677), then DIGEST-MD5, CRAM-MD5 and NTLM, which keep
 * it from who listens, then those that hand it over (RFC 4616). */
static const char *const password_mechs[] = {
	"SCRAM-SHA-512", "SCRAM-SHA-384", "SCRAM-SHA-256", "SCRAM-SHA-224",
	"SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "NTLM", "PLAIN", "LOGIN"
};

/* RFC 4422, section 3.1: 20 letters; with NUL. */
#define MECH_NAME_SIZE 21
#define MECHS (sizeof(password_mechs) / sizeof(password_mechs[0]))

#ifdef WITH_LDAP_SASL

static void
give(sasl_interact_t *in, const char *bytes, size_t len)
{
	in->result = bytes;
	in->len = (unsigned)len;
}

/* Where there may be none, libsasl2's own proposal or nothing will do. */
static void
give_optional(sasl_interact_t *in, const char *text)
{
	if (text[0] == '\0' && in->defresult != NULL)
		text = in->defresult;
	give(in, text, strlen(text));
}

static int
answer(sasl_interact_t *in, struct dir_sasl_login *login)
{
	switch (in->id) {
	case SASL_CB_USER:
		give_optional(in, login->authz_id);
		return 0;
	case SASL_CB_GETREALM:
		give_optional(in, login->realm);
		return 0;
	case SASL_CB_AUTHNAME:
		if (login->id[0] == '\0')
			return -1;
		give(in, login->id, strlen(login->id));
		return 0;
	case SASL_CB_PASS:
		if (login->password == NULL || login->password->len == 0)
			return -1;
		give(in, secret_cstr(login->password), login->password->len);
		login->password_asked = true;
		return 0;
	default:	/* a one-time code, or whatever a plug-in thinks of */
		return -1;
	}
}

int
dir_sasl_fill(void *interact, struct dir_sasl_login *login)
{
	sasl_interact_t *in;

	for (in = interact; in->id != SASL_CB_LIST_END; in++)
		if (answer(in, login) == -1)
			return -1;
	return 0;
}

#else

int
dir_sasl_fill(void *interact, struct dir_sasl_login *login)
{
	(void)interact;
	(void)login;
	return -1;
}

#endif

static bool
is_offered(const char *mech, const struct secret *offered, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (str_casecmp(secret_cstr(&offered[i]), mech) == 0)
			return true;
	return false;
}

/* Is it one of these words? "": of any. */
static bool
is_wanted(const char *mech, const char *words)
{
	char word[MECH_NAME_SIZE];
	size_t n;

	if (words[0] == '\0')
		return true;
	for (; *words != '\0'; words += n) {
		words += strspn(words, " \t,");
		n = strcspn(words, " \t,");
		if (str_copy_n(word, sizeof(word), words, n) == 0 &&
		    str_casecmp(word, mech) == 0)
			return true;
	}
	return false;
}

int
dir_sasl_choose(const struct secret *offered, size_t count, const char *only,
    char *to, size_t size)
{
	size_t i, used = 0;
	const char *mech;

	to[0] = '\0';
	for (i = 0; i < MECHS; i++) {
		mech = password_mechs[i];
		if (!is_wanted(mech, only))
			continue;
		if (!is_offered(mech, offered, count))
			continue;
		if (str_format(to + used, size - used, "%s%s",
		    used > 0 ? " " : "", mech) == -1)
			return -1;
		used = strlen(to);
	}
	return used > 0 ? 0 : -1;
}

bool
dir_sasl_takes_password(const char *mech)
{
	size_t i;

	for (i = 0; i < MECHS; i++)
		if (str_casecmp(mech, password_mechs[i]) == 0)
			return true;
	return false;
}
