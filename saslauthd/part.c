/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <signal.h>
#include <string.h>

#include "saslauthd/part.h"

#define FORK_RETRY_MSEC 1000	/* after a fork(2) that failed */
#define STABLE_MSEC 10000	/* a child that lived this long was healthy */
#define BACKOFF_FIRST_MSEC 100

void
part_init(struct part *p, const char *what, int backoff_max_msec)
{
	memset(p, 0, sizeof(*p));
	p->what = what;
	p->backoff_max_msec = backoff_max_msec;
	p->child = (struct child)CHILD_INIT;
	p->restart = deadline_never();
}

int
part_start(struct part *p, const char *program, char *title,
    bool keep_stdio, struct errmsg *e)
{
	char *argv[] = { title, NULL };

	p->ready = false;
	p->started_msec = deadline_now_msec();
	p->restart = deadline_never();
	if (child_spawn(&p->child, program, argv, keep_stdio, e) != 0) {
		p->restart = deadline_in_msec(FORK_RETRY_MSEC);
		return -1;
	}
	p->starts++;
	return 0;
}

void
part_kill(const struct part *p)
{
	if (p->child.pid > 0)
		(void)kill(p->child.pid, SIGKILL);
}

void
part_gone(struct part *p)
{
	child_release(&p->child);
	p->child.pid = 0;
	p->ready = false;
}

static int
retry_in(struct part *p, int pause_msec)
{
	p->restart = deadline_in_msec(pause_msec);
	p->backoff_msec = pause_msec == 0 ? BACKOFF_FIRST_MSEC :
	    pause_msec * 2;
	if (p->backoff_msec > p->backoff_max_msec)
		p->backoff_msec = p->backoff_max_msec;
	return pause_msec;
}

int
part_retry(struct part *p)
{
	if (deadline_now_msec() - p->started_msec >= STABLE_MSEC)
		p->backoff_msec = 0;
	return retry_in(p, p->backoff_msec);
}

int
part_retry_later(struct part *p)
{
	return retry_in(p, p->backoff_msec > 0 ? p->backoff_msec :
	    BACKOFF_FIRST_MSEC);
}

uint32_t
part_restarts(const struct part *p)
{
	return p->starts > 0 ? p->starts - 1 : 0;
}
