/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <stdlib.h>
#include <sysexits.h>

#include "common/log.h"
#include "saslauthd/handover.h"
#include "saslauthd/reload.h"

#define START_MSEC 30000	/* its pools have that long to get ready */
#define OLD_GRACE_MSEC 5000	/* beyond the last answer of the old one */

void
reload_init(struct reload *r, struct family *family,
    struct sockets *sockets, struct notify *notify)
{
	*r = (struct reload){ .family = family, .sockets = sockets,
	    .notify = notify, .end = deadline_never(),
	    .last_number = family->now->plan->number };
}

void
reload_request(struct reload *r)
{
	r->wanted = true;
}

void
reload_request_of_front(struct reload *r)
{
	r->asked++;
	r->wanted = true;
}

void
reload_front_gone(struct reload *r)
{
	r->asked = r->covered = 0;
}

/* ---- how it ends ------------------------------------------------------ */

static void
tell(const struct reload *r, bool done, const char *text)
{
	const struct part *front = &r->family->front;

	notify_ready(r->notify);
	/* A front that cannot hear it has nobody waiting for it either. */
	if (front->ready)
		(void)handover_reloaded(front->child.channel, r->covered,
		    done, text, NULL);
}

static void
refuse(struct reload *r, const struct plan *p)
{
	struct errmsg why;

	plan_tell_why(p, &why);
	log_msg(LOG_ERR, "keeper", "the settings are not changed, the old "
	    "ones stay in force: %s", why.text);
	log_set_verbose(r->family->now->plan->site.settings.verbose);
	tell(r, false, why.text);
}

/* Its pools have begun to start. */
static void
take_back(struct reload *r, const char *why)
{
	struct crew *c = r->family->coming;

	plan_complain(c->plan, why);
	r->end = deadline_never();
	sockets_close(&r->next);
	crew_dismiss(c);
	refuse(r, c->plan);
}

/* ---- how it begins ---------------------------------------------------- */

/* All that can be found bad before anything has changed. */
static int
judge(struct reload *r, struct plan *p)
{
	const struct plan *now = r->family->now->plan;
	struct errmsg e = ERRMSG_INIT;

	if (plan_is_readable_now(p, now->launch) != 0 ||
	    plan_load(p, now->launch) != EX_OK ||
	    plan_check(p, r->notify) != EX_OK)
		return -1;
	plan_keep_fixed(p, now);
	if (sockets_prepare(&r->next, r->sockets, &p->site, &p->given, &e) ==
	    SOCKETS_OK)
		return 0;
	sockets_close(&r->next);
	plan_complain(p, e.text);
	return -1;
}

static void
begin(struct reload *r)
{
	struct plan *p = calloc(1, sizeof(*p));

	r->wanted = r->told_to_wait = false;
	r->covered = r->asked;
	if (p == NULL) {
		log_msg(LOG_ERR, "keeper", "out of memory");
		tell(r, false, "out of memory");
		return;
	}
	log_msg(LOG_NOTICE, "keeper", "the settings are read anew");
	notify_reloading(r->notify);
	if (judge(r, p) != 0)
		goto fail;
	p->number = ++r->last_number;
	r->family->coming = crew_new(p);
	if (r->family->coming == NULL) {
		sockets_close(&r->next);
		plan_complain(p, "out of memory");
		goto fail;
	}
	r->end = deadline_in_msec(START_MSEC);
	(void)crew_start(r->family->coming);
	return;

fail:
	refuse(r, p);
	plan_fini(p);
	free(p);
}

/* ---- the switch ------------------------------------------------------- */

/* What a request of the old plan can take at most. */
static int64_t
longest_msec(const struct settings *s)
{
	return (s->client_timeout_sec + s->request_timeout_sec) * 1000 +
	    OLD_GRACE_MSEC;
}

static int
tell_front(struct reload *r, struct errmsg *e)
{
	const struct part *front = &r->family->front;
	const int channel = front->child.channel;

	if (handover_begin(channel, r->family->now->plan, e) != 0)
		return -1;
	crew_link(r->family->now, front);
	return handover_switch(channel, r->sockets, e);
}

/* From here on it is in force: a front that does not get it is followed by
 * one that begins with it. */
static void
switch_over(struct reload *r)
{
	struct family *f = r->family;
	struct errmsg e = ERRMSG_INIT, failed = ERRMSG_INIT;
	const struct errmsg *waits = &f->coming->plan->waits;

	r->end = deadline_never();
	sockets_change(r->sockets, &r->next, &failed);
	family_switch(f, longest_msec(&f->now->plan->site.settings));
	log_set_verbose(f->now->plan->site.settings.verbose);
	if (!f->front.ready || tell_front(r, &e) != 0) {
		log_msg(LOG_ERR, "keeper", "the front does not take the new "
		    "settings and is started again: %s", f->front.ready ?
		    e.text : "it did not get ready in time");
		part_kill(&f->front);
	}
	log_msg(LOG_NOTICE, "keeper", "the new settings are in force");
	if (failed.text[0] == '\0' && waits->text[0] != '\0')
		(void)errmsg_set(&failed, "at the next start: %s",
		    waits->text);
	tell(r, true, failed.text);
}

static void
look_at_coming(struct reload *r)
{
	struct family *f = r->family;
	const struct part_pool *p = crew_awaited(f->coming);
	struct errmsg e;

	switch (crew_state(f->coming)) {
	case CREW_WAITING:
		if (!deadline_passed(&r->end))
			break;
		(void)errmsg_set(&e, "the %s did not get ready in time",
		    p->what);
		take_back(r, e.text);
		break;
	case CREW_CLOSED:
		take_back(r, f->coming->pools[0]->why);
		break;
	case CREW_OPEN:
		/* A front that is starting knows the old plan: wait; but one
		 * that cannot start may need the new one. */
		if (f->front.ready || deadline_passed(&r->end))
			switch_over(r);
		break;
	}
}

void
reload_go_on(struct reload *r)
{
	struct family *f = r->family;

	if (f->coming != NULL && !f->coming->dismissed) {
		look_at_coming(r);
	} else if (r->wanted && family_has_room(f)) {
		begin(r);
	} else if (r->wanted && !r->told_to_wait) {
		r->told_to_wait = true;
		log_msg(LOG_NOTICE, "keeper", "the settings are read anew "
		    "once requests under older ones are answered");
	}
}

void
reload_cancel(struct reload *r)
{
	r->wanted = false;
	r->covered = r->asked;
	if (r->family->coming != NULL && !r->family->coming->dismissed)
		take_back(r, "the daemon stops");
}
