/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <string.h>

#include "common/str.h"
#include "front/identity.h"

static size_t
fold(char *to, size_t room, const char *from)
{
	size_t n;

	for (n = 0; n < room && from[n] != '\0'; n++)
		to[n] = str_lower(from[n]);
	return n;
}

/* Is the realm at the login's end already, behind an '@'? */
static bool
has_realm(const char *login, const char *realm)
{
	size_t login_len = strlen(login), realm_len = strlen(realm);

	return login_len > realm_len &&
	    login[login_len - realm_len - 1] == '@' &&
	    str_casecmp(login + login_len - realm_len, realm) == 0;
}

size_t
identity_format(char *to, size_t size, const char *login, const char *realm,
    bool sees_realm)
{
	size_t n;

	n = fold(to, size - 1, login);
	if (sees_realm && realm[0] != '\0' && !has_realm(login, realm) &&
	    n + 1 < size) {
		to[n++] = '@';
		n += fold(to + n, size - 1 - n, realm);
	}
	to[n] = '\0';
	return n;
}
