/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_servers - reads radius_servers, radius_server and radius_server_secret.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/network.h"
#include "common/str.h"
#include "mechanisms/rad_servers.h"
#include "mechanisms/secret_file.h"

#define UDP_PORT "1812"		/* RFC 2865, section 3 */
#define TLS_PORT "2083"		/* RFC 6614, section 2.1 */
#define TLS_SECRET "radsec"	/* the same, section 2.3 */
#define TLS_PREFIX "tls://"
#define PORT_MAX 65535
#define TIMEOUT_MAX_SEC 60	/* as radius_timeout, radius_retries */
#define RETRIES_MAX 10
#define MSEC_PER_SEC 1000
#define BLANKS " \t"
#define SEPARATORS " \t,"

/* ---- one server ------------------------------------------------------- */

static int
set_port(struct rad_server *s, const char *port, struct errmsg *e)
{
	long number;

	if (str_to_long(port, 1, PORT_MAX, &number) == -1)
		return errmsg_set(e, "a port is a number from 1 to %d",
		    PORT_MAX);
	return str_format(s->port, sizeof(s->port), "%ld", number);
}

/* "host", "host:port", "[address]", "[address]:port", or a bare IPv6 address,
 * which has more colons than one. So has host:port:secret, as other programs
 * want it; it must not get into logs as a name. */
static int
set_host(struct rad_server *s, const char *text, struct errmsg *e)
{
	struct network_address address;
	const char *end, *port;

	if (text[0] == '[') {
		end = strchr(++text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return errmsg_set(e, "an address in brackets ends "
			    "with \"]\" or \"]:port\"");
		port = end[1] == ':' ? end + 2 : NULL;
	} else {
		end = strchr(text, ':');
		if (end == NULL || strchr(end + 1, ':') != NULL)
			end = text + strlen(text);
		port = *end == ':' ? end + 1 : NULL;
	}
	if (end == text || str_copy_n(s->host, sizeof(s->host), text,
	    (size_t)(end - text)) == -1)
		return errmsg_set(e, "has no host, or too long a one");
	if (strchr(s->host, ':') != NULL &&
	    network_address_parse(&address, s->host) == -1)
		return errmsg_set(e, "has more colons than host:port, and is "
		    "no IPv6 address");
	return port != NULL ? set_port(s, port, e) : 0;
}

static int
set_server(struct rad_server *s, const char *text, size_t len,
    const struct rad_settings *settings, struct errmsg *e)
{
	s->name = strndup(text, len);
	s->secret_file = strdup("");
	if (s->name == NULL || s->secret_file == NULL)
		return errmsg_set(e, "out of memory");
	text = s->name;
	s->tls = str_starts(text, TLS_PREFIX);
	if (s->tls)
		text += strlen(TLS_PREFIX);
	(void)str_copy(s->port, sizeof(s->port),
	    s->tls ? TLS_PORT : UDP_PORT);
	s->timeout_msec = settings->timeout_sec * MSEC_PER_SEC;
	s->tries = (unsigned)settings->retries + 1;
	s->require_signature = settings->require_signature;
	/* What is behind the host may be anything, such as its secret. */
	return set_host(s, text, e) == 0 ? 0 :
	    errmsg_prefix(e, "radius_servers: %.*s",
	    (int)strcspn(text, text[0] == '[' ? "]" : ":"), text);
}

static int
parse_names(const struct rad_settings *settings, struct rad_servers *sv,
    struct errmsg *e)
{
	const char *text = settings->servers;
	struct rad_server *list;
	size_t len;

	for (;; text += len) {
		text += strspn(text, SEPARATORS);
		len = strcspn(text, SEPARATORS);
		if (len == 0)
			break;
		if (sv->count == RAD_SERVERS_MAX)
			return errmsg_set(e, "radius_servers: more than %d",
			    RAD_SERVERS_MAX);
		list = realloc(sv->list, (sv->count + 1) * sizeof(*list));
		if (list == NULL)
			return errmsg_set(e, "out of memory");
		sv->list = list;
		list[sv->count] = (struct rad_server){ .name = NULL };
		if (set_server(&list[sv->count++], text, len, settings,
		    e) == -1)
			return -1;
	}
	return sv->count > 0 ? 0 : errmsg_set(e, "radius_servers: there is "
	    "none");
}

/* ---- options of one --------------------------------------------------- */

static int
set_yes_no(bool *member, const char *value, struct errmsg *e)
{
	*member = str_casecmp(value, "yes") == 0;
	return *member || str_casecmp(value, "no") == 0 ? 0 :
	    errmsg_set(e, "wants yes or no");
}

static int
set_option(struct rad_server *s, const char *name, const char *value,
    struct errmsg *e)
{
	long number;

	if (str_casecmp(name, "timeout") == 0) {
		if (str_to_long(value, 1, TIMEOUT_MAX_SEC, &number) == -1)
			return errmsg_set(e, "wants 1 to %d seconds",
			    TIMEOUT_MAX_SEC);
		s->timeout_msec = number * MSEC_PER_SEC;
		return 0;
	}
	if (str_casecmp(name, "retries") == 0) {
		if (str_to_long(value, 0, RETRIES_MAX, &number) == -1)
			return errmsg_set(e, "wants a number from 0 to %d",
			    RETRIES_MAX);
		s->tries = (unsigned)number + 1;
		return 0;
	}
	if (str_casecmp(name, "require_message_authenticator") == 0)
		return set_yes_no(&s->require_signature, value, e);
	if (str_casecmp(name, "secret_file") == 0) {
		if (value[0] != '/')
			return errmsg_set(e, "wants an absolute path");
		free(s->secret_file);
		s->secret_file = strdup(value);
		return s->secret_file != NULL ? 0 :
		    errmsg_set(e, "out of memory");
	}
	return errmsg_set(e, "is none of timeout, retries, secret_file, "
	    "require_message_authenticator");
}

/* The word a line begins with is a server's name; cut off. */
static struct rad_server *
server_of_line(const struct rad_servers *sv, char **line)
{
	const char *name = strsep(line, BLANKS);

	return rad_servers_find(sv, name);
}

static int
parse_options(const struct rad_servers *sv, char *line, struct errmsg *e)
{
	const char *name = line;
	struct rad_server *s = server_of_line(sv, &line);
	char *word, *value;

	if (s == NULL && strchr(name, '=') != NULL)
		return errmsg_set(e, "radius_server: begins with a server of "
		    "radius_servers");
	if (s == NULL)
		return errmsg_set(e, "radius_server: %.64s is not in "
		    "radius_servers", name);
	while ((word = strsep(&line, BLANKS)) != NULL) {
		if (word[0] == '\0')
			continue;
		value = strchr(word, '=');
		/* It is not told: it may be the secret. */
		if (value == NULL)
			return errmsg_set(e, "radius_server: %s: wants "
			    "option=value", s->name);
		*value++ = '\0';
		if (set_option(s, word, value, e) == -1)
			return errmsg_prefix(e, "radius_server: %s: %.64s",
			    s->name, word);
	}
	return 0;
}

static int
parse_option_lines(const struct rad_settings *settings,
    const struct rad_servers *sv, struct errmsg *e)
{
	char *lines = strdup(settings->server_options), *rest = lines, *line;
	int rc = lines != NULL ? 0 : errmsg_set(e, "out of memory");

	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '\0')
			rc = parse_options(sv, line, e);
	free(lines);
	return rc;
}

/* ---- secrets ---------------------------------------------------------- */

/* Of lines as rad_settings keeps them: each is a name, blanks, the secret. */
static int
take_own_secrets(const struct rad_settings *settings,
    const struct rad_servers *sv, struct errmsg *e)
{
	struct secret copy = SECRET_INIT;
	char *rest, *line;
	struct rad_server *s;
	int rc = 0;

	if (secret_set(&copy, settings->server_secrets.bytes,
	    settings->server_secrets.len) == -1)
		return errmsg_set(e, "out of memory");
	rest = (char *)copy.bytes;
	while (rc == 0 && (line = strsep(&rest, "\n")) != NULL) {
		if (line[0] == '\0')
			continue;
		s = server_of_line(sv, &line);
		/* The word is not told: it may be the secret. */
		if (s == NULL)
			rc = errmsg_set(e, "radius_server_secret: begins with "
			    "a server that is not in radius_servers");
		else if (secret_set(&s->secret, line + strspn(line, BLANKS),
		    strlen(line + strspn(line, BLANKS))) == -1)
			rc = errmsg_set(e, "out of memory");
	}
	secret_wipe(&copy);
	return rc;
}

/* What holds for a server that has no secret of its own. */
static int
take_common_secret(const struct rad_settings *settings,
    struct rad_server *s, struct errmsg *e)
{
	if (s->secret.len > 0 || s->secret_file[0] != '\0')
		return 0;
	if (s->tls)
		return secret_set(&s->secret, TLS_SECRET,
		    strlen(TLS_SECRET)) == 0 ? 0 :
		    errmsg_set(e, "out of memory");
	if (settings->secret_file[0] != '\0') {
		free(s->secret_file);
		s->secret_file = strdup(settings->secret_file);
		return s->secret_file != NULL ? 0 :
		    errmsg_set(e, "out of memory");
	}
	if (settings->secret.len == 0)
		return errmsg_set(e, "%s has no secret: radius_secret or "
		    "radius_secret_file", s->name);
	return secret_set(&s->secret, settings->secret.bytes,
	    settings->secret.len) == 0 ? 0 : errmsg_set(e, "out of memory");
}

int
rad_servers_parse(const struct rad_settings *settings,
    struct rad_servers *sv_r, struct errmsg *e)
{
	size_t i;

	*sv_r = (struct rad_servers)RAD_SERVERS_INIT;
	if (parse_names(settings, sv_r, e) == -1 ||
	    parse_option_lines(settings, sv_r, e) == -1 ||
	    take_own_secrets(settings, sv_r, e) == -1)
		return -1;
	for (i = 0; i < sv_r->count; i++)
		if (take_common_secret(settings, &sv_r->list[i], e) == -1)
			return -1;
	return 0;
}

int
rad_servers_read_secrets(struct rad_servers *sv, struct errmsg *e)
{
	struct secret fresh[RAD_SERVERS_MAX] = { SECRET_INIT };
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < sv->count; i++)
		if (sv->list[i].secret_file[0] != '\0' &&
		    secret_file_read(sv->list[i].secret_file, &fresh[i],
		    e) == -1)
			rc = errmsg_prefix(e, "the secret of %s",
			    sv->list[i].name);
	for (i = 0; i < sv->count; i++) {
		if (rc == 0 && fresh[i].len > 0)
			secret_move(&sv->list[i].secret, &fresh[i]);
		secret_wipe(&fresh[i]);
	}
	return rc;
}

/* ---- the list --------------------------------------------------------- */

void
rad_servers_fini(struct rad_servers *sv)
{
	size_t i;

	for (i = 0; i < sv->count; i++) {
		free(sv->list[i].name);
		free(sv->list[i].secret_file);
		secret_wipe(&sv->list[i].secret);
	}
	free(sv->list);
	*sv = (struct rad_servers)RAD_SERVERS_INIT;
}

struct rad_server *
rad_servers_find(const struct rad_servers *sv, const char *name)
{
	size_t i;

	for (i = 0; i < sv->count; i++)
		if (strcmp(sv->list[i].name, name) == 0)
			return &sv->list[i];
	return NULL;
}
