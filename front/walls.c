/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <sys/resource.h>
#include <sysexits.h>

#include "common/errmsg.h"
#include "front/keeper_link.h"
#include "front/sandbox.h"
#include "front/walls.h"
#include "saslauthd/privs.h"

#define RESERVED_FDS 256	/* beside clients: workers, log, channels */
#define WORKER_FDS 64		/* of those, when the limit is low */
#define CLIENTS_LEAST 8

/* Descriptors for all clients, or as many clients as there are descriptors;
 * some are always left for workers. */
static void
raise_limits(struct settings *s)
{
	struct rlimit rl;
	rlim_t want = (rlim_t)s->clients_max + RESERVED_FDS;
	long room;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return;
	if (rl.rlim_cur < want) {
		struct rlimit raised = { want, rl.rlim_max > want ?
		    rl.rlim_max : want };

		if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
			raised.rlim_cur = raised.rlim_max = rl.rlim_max;
			(void)setrlimit(RLIMIT_NOFILE, &raised);
		}
	}
	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur >= want)
		return;
	room = (long)rl.rlim_cur - (rl.rlim_cur > 2 * RESERVED_FDS ?
	    RESERVED_FDS : WORKER_FDS);
	if (room < CLIENTS_LEAST)
		room = CLIENTS_LEAST;
	if (room < s->clients_max) {
		struct errmsg e;

		(void)errmsg_set(&e, "clients_max is lowered from %ld to %ld: "
		    "the limit of open files is %ld",
		    s->clients_max, room, (long)rl.rlim_cur);
		keeper_link_remark(e.text);
		s->clients_max = room;
	}
}

/* One that cannot be had here is left out, or ends the process; one that
 * failed this time always does. */
static void
judge(const struct settings *s, const char *wall, enum sandbox_result result,
    struct errmsg *why)
{
	if (result == SANDBOX_UP)
		return;
	(void)errmsg_prefix(why, "the front has no %s", wall);
	if (result == SANDBOX_FAILED)
		keeper_link_fatal(EX_OSERR, why->text);
	if (s->sandbox == SANDBOX_REQUIRE)
		keeper_link_fatal(EX_CONFIG, why->text);
	keeper_link_remark(why->text);
}

#ifndef WITH_SANITIZERS
/* Its user's name was looked up, its rights are still there. */
static void
empty_root(const struct settings *s)
{
	struct errmsg e = ERRMSG_INIT;

	if (privs_are_root()) {
		judge(s, "empty root directory",
		    sandbox_empty_root(s->run_dir, &e), &e);
		return;
	}
	if (s->sandbox == SANDBOX_REQUIRE) {
		(void)errmsg_set(&e, "that takes root");
		judge(s, "empty root directory", SANDBOX_REFUSED, &e);
	}
}
#endif

static void
become_nobody_special(const struct settings *s)
{
	struct errmsg e = ERRMSG_INIT;
	struct privs p;
	bool fallback;

	if (privs_find(&p, s->user, &fallback, &e) != 0)
		keeper_link_fatal(EX_CONFIG, e.text);
	if (fallback)
		keeper_link_remark("neither user saslauth nor sasl exists: "
		    "the front runs as nobody");
	if (!privs_are_root())
		keeper_link_remark("started without root: all processes run as "
		    "the starting user and see its file system");
#ifndef WITH_SANITIZERS
	empty_root(s);
#endif
	if (privs_drop(&p, &e) != 0 || privs_seal(&e) != 0)
		keeper_link_fatal(EX_OSERR, e.text);
}

void
walls_close(struct settings *s)
{
	struct errmsg e = ERRMSG_INIT;

	raise_limits(s);
	become_nobody_special(s);
#ifdef WITH_SANITIZERS
	(void)errmsg_set(&e, "built with sanitizers");
	judge(s, "sandbox", SANDBOX_REFUSED, &e);
#else
	judge(s, "ban on new rights", sandbox_gain_nothing(&e), &e);
	judge(s, "wall before files", sandbox_forbid_files(&e), &e);
	judge(s, "filter of system calls", sandbox_filter_calls(&e), &e);
#endif
}
