/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ldap_floor - the least that logins at a directory can cost: libldap and
 * nothing else. Each client is a thread with two connections that does what
 * mech_ldap does at a login: search as the service account on one, bind as
 * the user on the other; with -f the bind alone. It decides nothing, limits
 * nothing, and nobody asks it. Passwords come from standard input: the
 * service account's, then the users'. Reports as saslbench does.
 */
#include "config.h"

#include <ldap.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 4096
#define USERS_MAX 10000000	/* as many as seven digits tell apart */
#define SECONDS_MAX 3600
#define PASSWORD_MAX 256
#define DN_MAX 1024
#define FILTER_MAX 64
#define WAIT_SEC 10
#define SAMPLES_MAX 1000000	/* latencies kept of a client */

struct client {
	pthread_t thread;
	LDAP *service, *user;
	unsigned seed;
	size_t count, failed;
	uint32_t *usec;
};

static struct {
	const char *uri, *service_dn, *base;
	unsigned long clients, users;
	double seconds;
	bool fastbind;
	char service_password[PASSWORD_MAX], password[PASSWORD_MAX];
} opt = { .clients = 1, .users = 1 };

static uint64_t stop_at_nsec;

static uint64_t
now_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void
quit(const char *what, int rc)
{
	fprintf(stderr, "ldap_floor: %s: %s\n", what, ldap_err2string(rc));
	exit(1);
}

static LDAP *
reach(void)
{
	const int version = LDAP_VERSION3;
	LDAP *ld;
	int rc = ldap_initialize(&ld, opt.uri);

	if (rc == LDAP_SUCCESS) {
		ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
		ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
		rc = ldap_connect(ld);
	}
	if (rc != LDAP_SUCCESS)
		quit("connect", rc);
	return ld;
}

static bool
bind_as(LDAP *ld, const char *dn, char *password)
{
	struct timeval tv = { WAIT_SEC, 0 };
	struct berval cred = { strlen(password), password };
	LDAPMessage *msg = NULL;
	int msgid, code = LDAP_OTHER;

	if (ldap_sasl_bind(ld, dn, LDAP_SASL_SIMPLE, &cred, NULL, NULL,
	    &msgid) != LDAP_SUCCESS ||
	    ldap_result(ld, msgid, LDAP_MSG_ALL, &tv, &msg) <= 0)
		return false;
	ldap_parse_result(ld, msg, &code, NULL, NULL, NULL, NULL, 1);
	return code == LDAP_SUCCESS;
}

/* The DN of the one entry, to be freed by ldap_memfree; or NULL. */
static char *
find(LDAP *ld, const char *filter)
{
	struct timeval tv = { WAIT_SEC, 0 };
	char none[] = LDAP_NO_ATTRS;
	char *attrs[] = { none, NULL }, *dn = NULL;
	LDAPMessage *msg = NULL, *entry;
	int msgid;

	if (ldap_search_ext(ld, opt.base, LDAP_SCOPE_SUBTREE, filter, attrs,
	    0, NULL, NULL, &tv, 1, &msgid) != LDAP_SUCCESS ||
	    ldap_result(ld, msgid, LDAP_MSG_ALL, &tv, &msg) <= 0)
		return NULL;
	entry = ldap_first_entry(ld, msg);
	if (entry != NULL)
		dn = ldap_get_dn(ld, entry);
	ldap_msgfree(msg);
	return dn;
}

static bool
log_in(struct client *c)
{
	const unsigned long n = (unsigned long)rand_r(&c->seed) % opt.users;
	char filter[FILTER_MAX], dn[DN_MAX], *found;
	bool good;

	if (opt.fastbind) {
		snprintf(dn, sizeof(dn), "uid=user%07lu,%s", n, opt.base);
		return bind_as(c->user, dn, opt.password);
	}
	snprintf(filter, sizeof(filter), "(uid=user%07lu)", n);
	found = find(c->service, filter);
	good = found != NULL && bind_as(c->user, found, opt.password);
	ldap_memfree(found);
	return good;
}

static void *
client_run(void *arg)
{
	struct client *c = arg;
	uint64_t begin = now_nsec(), end;

	while (begin < stop_at_nsec && c->count < SAMPLES_MAX) {
		if (!log_in(c))
			c->failed++;
		end = now_nsec();
		c->usec[c->count++] = (uint32_t)((end - begin) / 1000);
		begin = end;
	}
	return NULL;
}

/* Connected, and bound as the service account, before the clock runs. */
static void
client_init(struct client *c, unsigned long nth)
{
	c->seed = (unsigned)now_nsec() + (unsigned)nth;
	/* Pages that are not written cost nothing. */
	c->usec = calloc(SAMPLES_MAX, sizeof(*c->usec));
	if (c->usec == NULL)
		quit("latencies", LDAP_NO_MEMORY);
	c->user = reach();
	if (opt.fastbind)
		return;
	c->service = reach();
	if (!bind_as(c->service, opt.service_dn, opt.service_password))
		quit(opt.service_dn, LDAP_INVALID_CREDENTIALS);
}

static int
by_value(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Returns whether every login succeeded. */
static bool
report(const struct client *clients, uint64_t nsec)
{
	size_t total = 0, failed = 0, at = 0;
	uint32_t *all;

	for (size_t i = 0; i < opt.clients; i++) {
		total += clients[i].count;
		failed += clients[i].failed;
	}
	all = calloc(total > 0 ? total : 1, sizeof(*all));
	if (all == NULL || total == 0)
		quit("report", LDAP_NO_MEMORY);
	for (size_t i = 0; i < opt.clients; at += clients[i++].count)
		memcpy(all + at, clients[i].usec,
		    clients[i].count * sizeof(*all));
	qsort(all, total, sizeof(*all), by_value);
	printf("requests %zu\nrequests_per_second %.1f\n", total,
	    (double)total * 1e9 / (double)nsec);
	printf("p50_usec %u\np99_usec %u\nfailed %zu\n",
	    all[(total - 1) / 2], all[(total - 1) * 99 / 100], failed);
	free(all);
	return failed == 0;
}

static void
usage(void)
{
	fprintf(stderr, "usage: ldap_floor -H URI -D SERVICE_DN -b BASE\n"
	    "           -c CLIENTS -N USERS -t SECONDS [-f] <passwords\n"
	    "BASE has user0000000, user0000001 and so on; with -f just "
	    "below it.\n");
	exit(64);
}

static void
parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "H:D:b:c:N:t:f")) != -1)
		switch (c) {
		case 'H': opt.uri = optarg; break;
		case 'D': opt.service_dn = optarg; break;
		case 'b': opt.base = optarg; break;
		case 'c': opt.clients = strtoul(optarg, NULL, 10); break;
		case 'N': opt.users = strtoul(optarg, NULL, 10); break;
		case 't': opt.seconds = strtod(optarg, NULL); break;
		case 'f': opt.fastbind = true; break;
		default: usage();
		}
	if (opt.uri == NULL || opt.service_dn == NULL || opt.base == NULL ||
	    optind != argc || opt.clients == 0 || opt.clients > CLIENTS_MAX ||
	    opt.users == 0 || opt.users > USERS_MAX ||
	    !(opt.seconds > 0 && opt.seconds <= SECONDS_MAX))
		usage();
}

static void
read_password(char *to, size_t size)
{
	if (fgets(to, (int)size, stdin) == NULL)
		usage();
	to[strcspn(to, "\n")] = '\0';
}

int
main(int argc, char **argv)
{
	struct client *clients;
	uint64_t begin;

	parse_options(argc, argv);
	read_password(opt.service_password, sizeof(opt.service_password));
	read_password(opt.password, sizeof(opt.password));
	clients = calloc(opt.clients, sizeof(*clients));
	if (clients == NULL)
		quit("clients", LDAP_NO_MEMORY);
	for (size_t i = 0; i < opt.clients; i++)
		client_init(&clients[i], i);
	begin = now_nsec();
	stop_at_nsec = begin + (uint64_t)(opt.seconds * 1e9);
	for (size_t i = 0; i < opt.clients; i++)
		if (pthread_create(&clients[i].thread, NULL, client_run,
		    &clients[i]) != 0)
			quit("threads", LDAP_NO_MEMORY);
	for (size_t i = 0; i < opt.clients; i++)
		pthread_join(clients[i].thread, NULL);
	return report(clients, now_nsec() - begin) ? 0 : 1;
}
