/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generation - one configuration in force, and those who serve it.
 *
 * The front has one that is `coming` while it is put together, one it serves
 * by, and older ones until all that began in them has ended: connections and
 * flights hold theirs. What outlives them all is in struct front.
 */
#ifndef FRONT_GENERATION_H
#define FRONT_GENERATION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/conf.h"
#include "common/errmsg.h"
#include "common/wire.h"
#include "front/editions.h"
#include "saslauthd/admission.h"
#include "saslauthd/site.h"

struct dispatch;
struct front;
struct listener;

struct generation {
	LIST_ENTRY(generation) link;	/* among the old ones */
	struct front *front;
	uint32_t number;		/* the keeper's */
	struct site site;
	struct conf_entries entries;	/* the site is made of */
	struct wire_limits wire_limits;
	struct dispatch *dispatches[SITE_BACKENDS_MAX];	/* as in the site */
	struct listener *listeners[SITE_LISTENERS_MAX];	/* NULL: closed */
	struct editions editions;	/* once it has begun */
	int64_t began_msec;		/* monotonic */
	size_t holders;
};

/* What all of them share. -1: out of memory. */
int generation_open(struct front *f);

/* The front's coming one, in place of another that was coming. Settings that
 * are for the life of the process are those of the current one. The entries
 * are taken over, and empty afterwards. -1 with a message: they make no site,
 * or memory is short. */
int generation_prepare(struct front *f, uint32_t number,
    struct conf_entries *es, struct errmsg *e);
/* Its listener of this name: descriptor and admission are taken over. -1 with
 * a message: there is none, or memory is short. */
int generation_add_listener(struct generation *g, const char *name,
    struct admission *who, int fd, struct errmsg *e);

/* Serve by the coming one. The one before takes who waits at its doors and
 * then ends what runs; where there was none, doors stay closed until
 * generation_resume_listeners(). -1 with a message: short of memory; end the
 * process. */
int generation_begin(struct front *f, struct errmsg *e);
/* There will be no coming one. */
void generation_drop_coming(struct front *f);

/* Coming, current or old; NULL: there is none (any more). */
struct generation *generation_find(struct front *f, uint32_t number);
/* How many old ones there are. */
size_t generation_count_old(const struct front *f);

/* For whoever needs it later: it does not go before all have let go. */
void generation_hold(struct generation *g);
void generation_let_go(struct generation *g);

/* A backend by its name, or NULL; who is asked at this step of a route. */
struct dispatch *generation_find_backend(const struct generation *g,
    const char *name);
struct dispatch *generation_backend(const struct generation *g,
    const struct site_route *route, size_t step);

/* A backend's settings are others than they were. -1: out of memory. */
int generation_backend_changed(struct generation *g,
    const struct site_backend *backend);

/* Nobody new comes in, or can again, now that a client has gone. */
void generation_close_listeners(struct generation *g);
void generation_resume_listeners(struct generation *g);

/* The stop has lasted long enough: fail what is pending, in all of them. */
void generation_abandon_all(struct front *f);

#endif
