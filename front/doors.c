/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <sys/resource.h>
#include <sysexits.h>

#include "common/errmsg.h"
#include "front/doors.h"
#include "front/keeper_link.h"
#include "front/sandbox.h"
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

void
doors_lock(struct settings *s)
{
	struct errmsg e = ERRMSG_INIT, missing = ERRMSG_INIT;
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
	raise_limits(s);
#ifdef WITH_SANITIZERS
	keeper_link_remark("built with sanitizers: the front is in no sandbox");
#else
	if (privs_are_root() &&
	    sandbox_empty_root(s->run_dir, &e) != 0)
		keeper_link_fatal(EX_OSERR, e.text);
#endif
	if (privs_drop(&p, &e) != 0 || privs_seal(&e) != 0)
		keeper_link_fatal(EX_OSERR, e.text);
#ifndef WITH_SANITIZERS
	if (sandbox_enter(&missing, &e) != 0)
		keeper_link_fatal(EX_OSERR, e.text);
#endif
	if (missing.text[0] != '\0')
		keeper_link_remark(missing.text);
}
