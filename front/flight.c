/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/wire.h"
#include "front/digest.h"
#include "front/flight.h"
#include "front/loop.h"
#include "front/request.h"
#include "saslauthd/site.h"

#define CHAINS 1024		/* some hundred flights at a time */
#define NAMES_MAX (WIRE_FIELDS * (2 * WIRE_NAME_MAX_LIMIT + 3))

struct flights {
	unsigned char *key;	/* chains cannot be filled on purpose */
	LIST_HEAD(, flight) chains[CHAINS];
	struct buf names;
};

struct flights *
flights_new(void)
{
	struct flights *fs = calloc(1, sizeof(*fs));

	if (fs == NULL)
		return NULL;
	fs->key = digest_key_new();
	if (fs->key == NULL) {
		free(fs);
		return NULL;
	}
	buf_init(&fs->names, NAMES_MAX);
	return fs;
}

void
flights_free(struct flights *fs)
{
	if (fs == NULL)
		return;
	digest_key_free(fs->key);
	buf_fini(&fs->names);
	free(fs);
}

/* The port is another one each time. */
static size_t
host_len(const char *address)
{
	return strcspn(address, ";");
}

static bool
same_host(const char *a, const char *b)
{
	size_t len = host_len(a);

	return len == host_len(b) && memcmp(a, b, len) == 0;
}

static int
chain_of(struct flights *fs, const struct request *r)
{
	struct buf *b = &fs->names;

	buf_reset(b);
	if (buf_put_str(b, r->login) != 0 || buf_put_str(b, r->service) != 0 ||
	    buf_put_str(b, r->realm) != 0)
		return -1;
	return (int)(digest_index(fs->key, buf_data(b), buf_len(b)) % CHAINS);
}

static bool
asks(const struct frame_request *q, const struct request *r, bool by_address)
{
	return strcmp(q->login, r->login) == 0 &&
	    strcmp(q->service, r->service) == 0 &&
	    strcmp(q->realm, r->realm) == 0 &&
	    (!by_address || same_host(q->address, r->address)) &&
	    secret_equal(&q->password, &r->password);
}

struct flight *
flights_find(struct flights *fs, const struct request *r, bool by_address)
{
	int chain = chain_of(fs, r);
	struct flight *fl;

	if (chain < 0)
		return NULL;
	LIST_FOREACH(fl, &fs->chains[chain], link)
		if (asks(&fl->question, r, by_address))
			return fl;
	return NULL;
}

struct flight *
flight_new(struct flights *fs, struct request *r)
{
	struct flight *fl = calloc(1, sizeof(*fl));
	int chain;

	if (fl == NULL)
		return NULL;
	TAILQ_INIT(&fl->requests);
	fl->question.id = r->id;
	fl->question.login = strdup(r->login);
	fl->question.service = strdup(r->service);
	fl->question.realm = strdup(r->realm);
	fl->question.address = strdup(r->address);
	if (fl->question.login == NULL || fl->question.service == NULL ||
	    fl->question.realm == NULL || fl->question.address == NULL) {
		flight_free(fl);
		return NULL;
	}
	chain = fs != NULL ? chain_of(fs, r) : -1;
	if (chain >= 0) {
		LIST_INSERT_HEAD(&fs->chains[chain], fl, link);
		fl->flights = fs;
	}
	secret_move(&fl->question.password, &r->password);
	flight_join(fl, r);
	return fl;
}

void
flight_land(struct flight *fl)
{
	if (fl->flights != NULL)
		LIST_REMOVE(fl, link);
	fl->flights = NULL;
}

void
flight_free(struct flight *fl)
{
	flight_land(fl);
	loop_timer_free(fl->timer);
	frame_request_fini(&fl->question);
	free(fl);
}

void
flight_join(struct flight *fl, struct request *r)
{
	secret_wipe(&r->password);
	TAILQ_INSERT_TAIL(&fl->requests, r, aboard);
	r->flight = fl;
}

void
flight_leave(struct request *r)
{
	TAILQ_REMOVE(&r->flight->requests, r, aboard);
	r->given_usec = r->flight->given_usec;
	r->flight = NULL;
}

void
flight_choose_teachers(struct flight *fl)
{
	struct request *teacher, *r;

	TAILQ_FOREACH(r, &fl->requests, aboard)
		r->teaches = true;
	/* Chains are few, however many wait. */
	TAILQ_FOREACH(teacher, &fl->requests, aboard) {
		if (!teacher->teaches)
			continue;
		for (r = TAILQ_NEXT(teacher, aboard); r != NULL;
		    r = TAILQ_NEXT(r, aboard))
			if (strcmp(r->route->chain, teacher->route->chain) ==
			    0)
				r->teaches = false;
	}
}

struct deadline
flight_deadline(const struct flight *fl)
{
	struct deadline latest = { 0 };
	const struct request *r;

	TAILQ_FOREACH(r, &fl->requests, aboard)
		if (r->deadline.at_msec > latest.at_msec)
			latest = r->deadline;
	return latest;
}
