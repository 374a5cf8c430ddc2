/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's table of settings. */
#include "config.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/wire.h"
#include "saslauthd/settings.h"

#define WORKERS_LIMIT 4096
#define WORKERS_MAX_FACTOR 4		/* workers_max by default */
#define WORKERS_MAX_PER_REQUEST 64	/* the same with -n 0 */
#define WORKERS_PER_CPU 2		/* for mechanisms that compute */
#define WORKER_REQUESTS_DEFAULT 10000

static const char *const tempfail_words[] = { "empty", "no", NULL };
static const char *const sandbox_words[] = { "prefer", "require", NULL };
static const char *const limits_words[] = {
	"observe", "enforce", "off", NULL
};
static const char *const format_words[] = {
	"classic", "extended", "json", NULL
};
static const char *const success_words[] = { "no", "uncached", "all", NULL };

/* Each '%' begins a token that front/canonical.c knows. */
static int
check_template(const char *text, struct errmsg *e)
{
	for (; *text != '\0'; text++) {
		if (*text != '%')
			continue;
		text++;
		if (*text == '\0' || strchr("uUdr%", *text) == NULL)
			return errmsg_set(e, "wants u, U, d, r or %% behind "
			    "each '%%'");
	}
	return 0;
}

#define AT(member) offsetof(struct settings, member)

static const struct conf_key keys[] = {
	{ .name = "mechanism", .type = CONF_STRING, .offset = AT(mechanism),
	  .max = 1024, .def = "",
	  .scope = SETTINGS_BACKEND,
	  .help = "mechanism that checks passwords, or several, asked in turn "
	      "(flag -a)" },
	{ .name = "run_dir", .type = CONF_PATH, .offset = AT(run_dir),
	  .max = 4096, .def = RUNDIR,
	  .help = "directory of the socket and the pid file (flag -m)" },
	{ .name = "strict", .type = CONF_BOOL, .offset = AT(strict),
	  .def = "no",
	  .help = "warnings about the configuration stop the start" },
	{ .name = "verbose", .type = CONF_BOOL, .offset = AT(verbose),
	  .def = "no",
	  .help = "log debug messages and every success (flag -V)" },

	{ .name = "workers", .type = CONF_INT, .offset = AT(workers),
	  .min = 0, .max = WORKERS_LIMIT, .def = "5",
	  .scope = SETTINGS_BACKEND,
	  .help = "workers kept ready; 0: a fresh one per request (flag -n)" },
	{ .name = "workers_max", .type = CONF_INT, .offset = AT(workers_max),
	  .min = 0, .max = WORKERS_LIMIT, .def = "0",
	  .scope = SETTINGS_BACKEND,
	  .help = "workers while requests wait; 0: 4 x workers" },
	{ .name = "worker_requests", .type = CONF_INT,
	  .offset = AT(worker_requests), .min = 0, .max = 1000000000,
	  .def = "0",
	  .scope = SETTINGS_BACKEND,
	  .help = "requests before a worker is replaced; "
	      "0: 10000, pam 100" },
	{ .name = "worker_idle", .type = CONF_SECONDS,
	  .offset = AT(worker_idle_sec), .min = 1, .max = 86400, .def = "60",
	  .scope = SETTINGS_BACKEND,
	  .help = "seconds until an idle worker above `workers` goes" },
	{ .name = "user", .type = CONF_STRING, .offset = AT(user),
	  .max = 256, .def = "",
	  .help = "user of the front; empty: saslauth, sasl or nobody" },
	{ .name = "sandbox", .type = CONF_CHOICE, .offset = AT(sandbox),
	  .choices = sandbox_words, .def = "prefer",
	  .help = "start without a wall around the front that cannot be had, "
	      "or do not start" },
	{ .name = "worker_user", .type = CONF_STRING,
	  .offset = AT(worker_user), .max = 256, .def = "",
	  .scope = SETTINGS_BACKEND,
	  .help = "user of workers that need no right; empty: as user" },

	{ .name = "request_timeout", .type = CONF_SECONDS,
	  .offset = AT(request_timeout_sec), .min = 1, .max = 3600,
	  .def = "30",
	  .help = "seconds from a complete request to its answer" },
	{ .name = "backend_timeout", .type = CONF_SECONDS,
	  .offset = AT(backend_timeout_sec), .min = 1, .max = 3600,
	  .def = "10",
	  .scope = SETTINGS_BACKEND,
	  .help = "seconds a worker gets for one request" },
	{ .name = "client_timeout", .type = CONF_SECONDS,
	  .offset = AT(client_timeout_sec), .min = 1, .max = 3600,
	  .def = "10",
	  .help = "seconds a client gets to send its request" },
	{ .name = "clients_max", .type = CONF_INT, .offset = AT(clients_max),
	  .min = 8, .max = 1000000, .def = "16384",
	  .help = "connections held at once" },
	{ .name = "queue_max", .type = CONF_INT, .offset = AT(queue_max),
	  .min = 1, .max = 1000000, .def = "1000",
	  .scope = SETTINGS_BACKEND,
	  .help = "requests that may wait for a worker" },
	{ .name = "name_max", .type = CONF_INT, .offset = AT(name_max),
	  .min = 64, .max = WIRE_NAME_MAX_LIMIT, .def = "1024",
	  .help = "bytes of login, service, realm and address" },
	{ .name = "password_max", .type = CONF_INT, .offset = AT(password_max),
	  .min = 64, .max = WIRE_PASSWORD_MAX_LIMIT, .def = "8192",
	  .help = "bytes of a password" },

	{ .name = "append_realm", .type = CONF_BOOL,
	  .offset = AT(append_realm), .def = "no",
	  .help = "login becomes login@realm (flag -r)" },
	{ .name = "fold_case", .type = CONF_BOOL, .offset = AT(fold_case),
	  .def = "no",
	  .help = "upper case in login and realm becomes lower case" },
	{ .name = "trim_blanks", .type = CONF_BOOL,
	  .offset = AT(trim_blanks), .def = "no",
	  .help = "blanks around the login go" },
	{ .name = "login_template", .type = CONF_STRING,
	  .offset = AT(login_template), .max = 256,
	  .check = check_template,
	  .help = "what the login becomes: %u login, %U without domain, "
	      "%d domain, %r realm, %% a percent sign" },
	{ .name = "default_realm", .type = CONF_STRING,
	  .offset = AT(default_realm), .max = 1024,
	  .help = "realm of who sends neither realm nor domain" },
	{ .name = "tempfail_reply", .type = CONF_CHOICE,
	  .offset = AT(tempfail_reply), .choices = tempfail_words,
	  .def = "empty",
	  .help = "answer to an outage; no: as a wrong password" },
	{ .name = "log_format", .type = CONF_CHOICE, .offset = AT(log_format),
	  .choices = format_words, .def = "classic",
	  .help = "shape of the line about each attempt" },
	{ .name = "log_success", .type = CONF_CHOICE,
	  .offset = AT(log_success), .choices = success_words, .def = "no",
	  .help = "which successes are logged" },

	{ .name = "cache", .type = CONF_BOOL, .offset = AT(cache),
	  .def = "no",
	  .scope = SETTINGS_BACKEND,
	  .help = "remember successes (flag -c)" },
	{ .name = "cache_ttl", .type = CONF_SECONDS,
	  .offset = AT(cache_ttl_sec), .min = 1, .max = 2147483647,
	  .def = "3600",
	  .scope = SETTINGS_BACKEND,
	  .help = "seconds a success is remembered (flag -t)" },
	{ .name = "cache_size", .type = CONF_INT, .offset = AT(cache_size_kb),
	  .min = 1, .max = 4194304, .def = "32768",
	  .help = "kilobytes the cache may take (flag -s)" },
	{ .name = "cache_negative_ttl", .type = CONF_SECONDS,
	  .offset = AT(cache_negative_ttl_sec), .min = 0, .max = 86400,
	  .def = "0",
	  .scope = SETTINGS_BACKEND,
	  .help = "seconds a refusal is remembered; 0: not" },
	{ .name = "cache_grace", .type = CONF_SECONDS,
	  .offset = AT(cache_grace_sec), .min = 0, .max = 31536000,
	  .def = "0",
	  .scope = SETTINGS_BACKEND,
	  .help = "seconds an expired success still answers in an outage" },
	{ .name = "cache_ignore_address", .type = CONF_BOOL,
	  .offset = AT(cache_ignore_address), .def = "no",
	  .scope = SETTINGS_BACKEND,
	  .help = "a success counts for every client address" },
	{ .name = "join", .type = CONF_BOOL, .offset = AT(join),
	  .def = "yes",
	  .scope = SETTINGS_BACKEND,
	  .help = "equal requests in flight are asked once" },

	{ .name = "limits", .type = CONF_CHOICE, .offset = AT(limits),
	  .choices = limits_words, .def = "observe",
	  .help = "limits on guessing: count and log, refuse, or neither" },
	{ .name = "limit_identity", .type = CONF_INT,
	  .offset = AT(limit_identity), .min = 1, .max = 1000000,
	  .def = "20",
	  .help = "distinct wrong passwords for one identity" },
	{ .name = "limit_address", .type = CONF_INT,
	  .offset = AT(limit_address), .min = 1, .max = 1000000,
	  .def = "50",
	  .help = "distinct wrong passwords from one client address" },
	{ .name = "limit_window", .type = CONF_SECONDS,
	  .offset = AT(limit_window_sec), .min = 1, .max = 86400,
	  .def = "600", .help = "seconds within which they are counted" },
	{ .name = "limit_compare", .type = CONF_INT,
	  .offset = AT(limit_compare), .min = 0, .max = 60000, .def = "60",
	  .help = "tries a minute that are compared past a limit" },
	{ .name = "limit_exempt", .type = CONF_NETWORKS,
	  .offset = AT(limit_exempt), .def = "127.0.0.0/8,::1",
	  .help = "networks limit_address does not count" },
	{ .name = "limit_size", .type = CONF_INT, .offset = AT(limit_size_kb),
	  .min = 64, .max = 4194304, .def = "8192",
	  .help = "kilobytes the counted tries may take" },
	{ .name = "limit_peer", .type = CONF_INT, .offset = AT(limit_peer),
	  .min = 0, .max = 1000000, .def = "0",
	  .help = "requests one connecting uid may have in flight; "
	      "0: no limit" },
};

const struct conf_table settings_table = {
	.owner = "saslauthd",
	.keys = keys,
	.count = sizeof(keys) / sizeof(keys[0])
};

/* Listeners and routes have no mechanism's keys; what else stands in a part
 * may be a password. */
static bool
is_own(const struct conf_entries *es, const struct conf_entry *en)
{
	const char *kind = en->part != 0 ? es->parts[en->part - 1].kind : "";

	return strcmp(kind, "listener") == 0 || strcmp(kind, "route") == 0 ||
	    conf_key_find(&settings_table, en->key) != NULL;
}

int
settings_filter(const struct conf_entries *all, struct conf_entries *own_r)
{
	const size_t before = own_r->part_count;
	const struct conf_part *p;
	size_t i, part;

	/* Also those nothing is taken from: each is a backend, or a mistake
	 * that is to be told. */
	for (i = 0; i < all->part_count; i++) {
		p = &all->parts[i];
		if (conf_add_part(own_r, p->kind, p->name, p->origin, &part,
		    NULL) != 0)
			return -1;
	}
	for (i = 0; i < all->count; i++) {
		const struct conf_entry *en = &all->list[i];

		if (!is_own(all, en))
			continue;
		part = en->part != 0 ? before + en->part : 0;
		if (conf_add_to(own_r, part, en->key, en->value, en->origin,
		    NULL) != 0)
			return -1;
	}
	return 0;
}

unsigned
settings_workers_ready(const struct settings *s)
{
	return s->workers > 0 ? (unsigned)s->workers : 1;
}

unsigned
settings_workers_max(const struct settings *s, bool cpu_bound)
{
	unsigned ready = settings_workers_ready(s), max, by_cpu;
	long cpus;

	if (s->workers_max > 0)
		return s->workers_max > (long)ready ?
		    (unsigned)s->workers_max : ready;
	max = s->workers > 0 ? ready * WORKERS_MAX_FACTOR :
	    WORKERS_MAX_PER_REQUEST;
	if (cpu_bound) {
		cpus = sysconf(_SC_NPROCESSORS_ONLN);
		by_cpu = WORKERS_PER_CPU * (cpus > 0 ? (unsigned)cpus : 1);
		if (max > by_cpu)
			max = by_cpu;
	}
	return max > ready ? max : ready;
}

unsigned
settings_worker_requests(const struct settings *s, unsigned mech_default)
{
	if (s->workers == 0)
		return 1;
	if (s->worker_requests > 0)
		return (unsigned)s->worker_requests;
	return mech_default > 0 ? mech_default : WORKER_REQUESTS_DEFAULT;
}
