/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_settings - the keys of mechanism radius.
 */
#include "config.h"

#include <limits.h>
#include <string.h>

#include "mechanisms/rad_settings.h"

/* Each time the key stands there adds a line; the default, "", begins. */
static int
read_server_secret(const struct conf_key *k, void *member, const char *text,
    struct errmsg *e)
{
	struct secret *lines = member, more = SECRET_INIT;
	const size_t used = lines->len, len = strlen(text);
	const size_t name = strcspn(text, " \t");

	(void)k;
	if (len == 0) {
		secret_wipe(lines);
		return 0;
	}
	if (text[name] == '\0' || text[name + strspn(text + name,
	    " \t")] == '\0')
		return errmsg_set(e, "wants a server of radius_servers, a "
		    "blank, and its secret");
	if (secret_reserve(&more, used + len + 1) == -1)
		return errmsg_set(e, "out of memory");
	if (used > 0)
		memcpy(more.bytes, lines->bytes, used);
	memcpy(more.bytes + used, text, len);
	more.bytes[used + len] = '\n';
	secret_end(&more, used + len + 1);
	secret_wipe(lines);
	secret_move(lines, &more);
	return 0;
}

#define AT(member) .offset = offsetof(struct rad_settings, member)
#define TEXT(member) .type = CONF_STRING, AT(member)
#define FILE_PATH(member) .type = CONF_PATH, AT(member), .max = PATH_MAX - 1
#define SWITCH(member) .type = CONF_BOOL, AT(member)
#define LINES(member) .type = CONF_LINES, AT(member)

static const struct conf_key keys[] = {
	{ .name = "radius_servers", TEXT(servers),
	  .help = "servers by preference: host, host:port, tls://host" },
	{ .name = "radius_secret", .type = CONF_SECRET, AT(secret),
	  .help = "secret shared with the servers" },
	{ .name = "radius_secret_file", FILE_PATH(secret_file),
	  .help = "file whose first line is that secret" },
	{ .name = "radius_timeout", .type = CONF_SECONDS, AT(timeout_sec),
	  .min = 1, .max = 60, .def = "2",
	  .help = "how long a try waits for its answer" },
	{ .name = "radius_retries", .type = CONF_INT, AT(retries),
	  .max = 10, .def = "2",
	  .help = "how often a server is asked again that is silent" },
	{ .name = "radius_require_message_authenticator",
	  SWITCH(require_signature), .def = "yes",
	  .help = "ignore answers without Message-Authenticator" },
	{ .name = "radius_status_server", SWITCH(status_server), .def = "no",
	  .help = "ask servers that are down whether they are back" },
	{ .name = "radius_server", LINES(server_options),
	  .help = "SERVER option=value ...: where one differs" },
	{ .name = "radius_server_secret", .type = CONF_SECRET,
	  AT(server_secrets), .read = read_server_secret,
	  .help = "SERVER SECRET: where one has its own" },

	{ .name = "radius_user_name", TEXT(user_name), .min = 1, .def = "%u",
	  .help = "User-Name, with tokens" },
	{ .name = "radius_nas_identifier", TEXT(nas_identifier),
	  .help = "NAS-Identifier; empty: the host's name" },
	{ .name = "radius_nas_ip_address", TEXT(nas_ip_address),
	  .help = "NAS-IP-Address; empty: not sent" },
	{ .name = "radius_nas_ipv6_address", TEXT(nas_ipv6_address),
	  .help = "NAS-IPv6-Address; empty: not sent" },
	{ .name = "radius_nas_port_type", TEXT(nas_port_type),
	  .def = "Virtual",
	  .help = "NAS-Port-Type, by name or number; empty: not sent" },
	{ .name = "radius_service_type", TEXT(service_type),
	  .def = "Authenticate-Only",
	  .help = "Service-Type, by name or number; empty: not sent" },
	{ .name = "radius_called_station_id", TEXT(called_station_id),
	  .help = "Called-Station-Id, with tokens; empty: not sent" },
	{ .name = "radius_calling_station_id", TEXT(calling_station_id),
	  .def = "%a",
	  .help = "Calling-Station-Id, with tokens; empty: not sent" },
	{ .name = "radius_attribute", LINES(attributes),
	  .help = "NAME=VALUE: one more attribute, with tokens" },

	{ .name = "radius_tls_cacert_file", FILE_PATH(cacert_file),
	  .help = "file of certificates trusted to sign servers'" },
	{ .name = "radius_tls_cacert_dir", FILE_PATH(cacert_dir),
	  .help = "directory of such certificates" },
	{ .name = "radius_tls_cert", FILE_PATH(cert),
	  .help = "file of the client certificate" },
	{ .name = "radius_tls_key", FILE_PATH(key),
	  .help = "file of its key" },
};

const struct conf_table rad_settings_table = {
	.owner = "radius",
	.keys = keys,
	.count = sizeof(keys) / sizeof(keys[0]),
};
