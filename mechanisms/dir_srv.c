/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_srv - servers of a domain from DNS (RFC 2782).
 */
#include "config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#ifdef HAVE_RES_NQUERY
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#endif

#include "common/str.h"
#include "mechanisms/dir_settings.h"
#include "mechanisms/dir_srv.h"

#define TTL_MIN_SEC 60		/* as the header promises */
#define TTL_MAX_SEC 3600
/* Of one name server. The resolver counts in seconds and takes one server
 * after the other. */
#define SERVER_TIMEOUT_SEC 1
#define NAME_SERVERS_MAX 2
#define MSEC_PER_SEC 1000

/* RFC 952 and 1123, and the underscore that Windows allows: nothing that
 * means something in a URI. */
static bool
is_host_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static const char *
skip_blanks(const char *s)
{
	while (*s == ' ')
		s++;
	return s;
}

int
dir_srv_domain(const char *dn, char *to, size_t size)
{
	size_t used = 0, n;

	for (dn = skip_blanks(dn);; dn = skip_blanks(dn + 1)) {
		if (str_lower(dn[0]) != 'd' || str_lower(dn[1]) != 'c')
			return -1;
		dn = skip_blanks(dn + 2);
		if (*dn != '=')
			return -1;
		dn = skip_blanks(dn + 1);
		for (n = 0; is_host_char(dn[n]); n++)
			;
		if (n == 0 || n >= size - used)
			return -1;
		memcpy(to + used, dn, n);
		used += n;
		dn = skip_blanks(dn + n);
		if (*dn != ',')
			break;
		to[used++] = '.';
	}
	to[used] = '\0';
	return *dn == '\0' ? 0 : -1;
}

void
dir_srv_fini(struct dir_srv_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		free(list->uris[i]);
	free(list->uris);
	*list = (struct dir_srv_list){ 0 };
}

#ifdef HAVE_RES_NQUERY

struct record {
	unsigned priority, weight, port;
	char host[NS_MAXDNAME];
};

struct records {
	struct record list[DIR_SERVERS_MAX];
	size_t count;
	int64_t ttl_sec;	/* the shortest */
};

static bool
is_host_name(const char *s)
{
	/* A target of "." says that the service is not there. */
	if (!is_host_char(*s))
		return false;
	while (is_host_char(*s) || *s == '.')
		s++;
	return *s == '\0';
}

/* -1 for a record that is of no use: it is left out. */
static int
read_record(ns_msg *msg, const ns_rr *rr, struct record *r)
{
	const unsigned char *data = ns_rr_rdata(*rr);

	if (ns_rr_type(*rr) != ns_t_srv || ns_rr_class(*rr) != ns_c_in ||
	    ns_rr_rdlen(*rr) <= 3 * NS_INT16SZ)
		return -1;
	r->priority = ns_get16(data);
	r->weight = ns_get16(data + NS_INT16SZ);
	r->port = ns_get16(data + 2 * NS_INT16SZ);
	if (ns_name_uncompress(ns_msg_base(*msg), ns_msg_end(*msg),
	    data + 3 * NS_INT16SZ, r->host, sizeof(r->host)) == -1)
		return -1;
	return is_host_name(r->host) && r->port != 0 ? 0 : -1;
}

static int
read_records(const unsigned char *answer, size_t len, struct records *all,
    struct errmsg *e)
{
	ns_msg msg;
	ns_rr rr;
	int i;

	all->count = 0;
	all->ttl_sec = TTL_MAX_SEC;
	if (ns_initparse(answer, (int)len, &msg) == -1)
		return errmsg_set(e, "the answer of DNS cannot be read");
	for (i = 0; i < ns_msg_count(msg, ns_s_an) &&
	    all->count < DIR_SERVERS_MAX; i++) {
		if (ns_parserr(&msg, ns_s_an, i, &rr) == -1)
			return errmsg_set(e,
			    "the answer of DNS cannot be read");
		if (read_record(&msg, &rr, &all->list[all->count]) == -1)
			continue;
		all->count++;
		if ((int64_t)ns_rr_ttl(rr) < all->ttl_sec)
			all->ttl_sec = (int64_t)ns_rr_ttl(rr);
	}
	if (all->ttl_sec < TTL_MIN_SEC)
		all->ttl_sec = TTL_MIN_SEC;
	if (all->count == 0)
		return errmsg_set(e, "DNS has no server");
	return 0;
}

/* From 0 to max. */
static unsigned
draw(unsigned max)
{
	unsigned number;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(number))
		return 0;	/* some order is as good as another */
	return number % (max + 1);
}

/* Of the records from `from` on, the one to be asked next. RFC 2782: of the
 * lowest priority, drawn by weight; with those of weight 0 in front, so that
 * they are drawn now and then. */
static size_t
pick(const struct records *all, size_t from)
{
	unsigned lowest = all->list[from].priority, sum = 0, number;
	size_t i, found = from;
	int pass;

	for (i = from; i < all->count; i++)
		if (all->list[i].priority < lowest)
			lowest = all->list[i].priority;
	for (i = from; i < all->count; i++)
		if (all->list[i].priority == lowest)
			sum += all->list[i].weight;
	number = draw(sum);
	sum = 0;
	for (pass = 0; pass < 2; pass++)
		for (i = from; i < all->count; i++) {
			if (all->list[i].priority != lowest ||
			    (all->list[i].weight == 0) != (pass == 0))
				continue;
			found = i;
			sum += all->list[i].weight;
			if (sum >= number)
				return found;
		}
	return found;
}

static int
make_list(const char *scheme, struct records *all,
    struct dir_srv_list *list_r, struct errmsg *e)
{
	struct record chosen;
	size_t i, at;

	list_r->ttl_sec = all->ttl_sec;
	list_r->uris = calloc(all->count, sizeof(*list_r->uris));
	if (list_r->uris == NULL)
		return errmsg_set(e, "out of memory");
	for (i = 0; i < all->count; i++) {
		at = pick(all, i);
		chosen = all->list[at];
		all->list[at] = all->list[i];
		all->list[i] = chosen;
		list_r->uris[i] = str_dup_format("%s://%s:%u/", scheme,
		    chosen.host, chosen.port);
		if (list_r->uris[i] == NULL) {
			dir_srv_fini(list_r);
			return errmsg_set(e, "out of memory");
		}
		list_r->count++;
	}
	return 0;
}

int
dir_srv_read(const char *scheme, const unsigned char *answer, size_t len,
    struct dir_srv_list *list_r, struct errmsg *e)
{
	struct records *all = malloc(sizeof(*all));
	int result = -1;

	*list_r = (struct dir_srv_list){ 0 };
	if (all == NULL)
		return errmsg_set(e, "out of memory");
	if (read_records(answer, len, all, e) == 0)
		result = make_list(scheme, all, list_r, e);
	free(all);
	return result;
}

/* The answer, in a fresh block. */
static int
ask(const char *name, const struct deadline *d, unsigned char **answer_r,
    struct errmsg *e)
{
	struct __res_state resolver = { 0 };
	const int32_t servers = deadline_left_msec(d) /
	    (SERVER_TIMEOUT_SEC * MSEC_PER_SEC);
	int n;

	if (servers == 0)
		return errmsg_set(e, "no time is left to ask DNS");
	if (res_ninit(&resolver) == -1)
		return errmsg_set(e, "the resolver does not start");
	resolver.retry = 1;
	resolver.retrans = SERVER_TIMEOUT_SEC;
	if (resolver.nscount > NAME_SERVERS_MAX)
		resolver.nscount = NAME_SERVERS_MAX;
	if (resolver.nscount > servers)
		resolver.nscount = servers;
	*answer_r = malloc(NS_MAXMSG);
	n = *answer_r == NULL ? -1 : res_nquery(&resolver, name, ns_c_in,
	    ns_t_srv, *answer_r, NS_MAXMSG);
	if (*answer_r == NULL)
		errmsg_set(e, "out of memory");
	else if (n == -1)
		errmsg_set(e, "DNS: %s", hstrerror(resolver.res_h_errno));
	res_nclose(&resolver);
	return n;
}

int
dir_srv_query(const char *scheme, const char *domain,
    const struct deadline *d, struct dir_srv_list *list_r, struct errmsg *e)
{
	char name[NS_MAXDNAME];
	unsigned char *answer = NULL;
	int n, result = -1;

	*list_r = (struct dir_srv_list){ 0 };
	if (str_format(name, sizeof(name), "_ldap._tcp.%s.", domain) == -1)
		return errmsg_set(e, "%.64s...: no domain", domain);
	n = ask(name, d, &answer, e);
	if (n != -1)
		result = dir_srv_read(scheme, answer, (size_t)n, list_r, e);
	if (result == -1)
		errmsg_prefix(e, "_ldap._tcp.%s", domain);
	free(answer);
	return result;
}

#else

int
dir_srv_read(const char *scheme, const unsigned char *answer, size_t len,
    struct dir_srv_list *list_r, struct errmsg *e)
{
	(void)scheme;
	(void)answer;
	(void)len;
	*list_r = (struct dir_srv_list){ 0 };
	return errmsg_set(e, "this build cannot ask DNS for servers");
}

int
dir_srv_query(const char *scheme, const char *domain,
    const struct deadline *d, struct dir_srv_list *list_r, struct errmsg *e)
{
	(void)d;
	if (dir_srv_read(scheme, NULL, 0, list_r, e) == -1)
		errmsg_prefix(e, "_ldap._tcp.%s", domain);
	return -1;
}

#endif
