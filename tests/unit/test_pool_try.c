/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of pool_try, and of the rights and trials below it: with a
 * mechanism that does what a test wants, and without a keeper.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/str.h"
#include "saslauthd/pool_keeper.h"
#include "saslauthd/pool_try.h"
#include "saslauthd/rights.h"
#include "tests/unit/unit.h"

#define TIMEOUT_SEC 1
#define MUCH_LATER_MSEC 10000	/* on a busy machine, under valgrind */
#define CHILD_STATUS 7

static char no_user[] = "no-such-user", empty[] = "";

static int said_status;
static char said[1024];
static int left_open;		/* opened and not closed again */

void
pool_keeper_say(int status, const char *text)
{
	assert_int_equal(said_status, -1);	/* once */
	said_status = status;
	(void)str_copy(said, sizeof(said), text);
}

static int
open_well(const void *settings, void **ctx_r, struct errmsg *e)
{
	(void)settings;
	(void)e;
	*ctx_r = &left_open;
	left_open++;
	return 0;
}

static int
open_badly(const void *settings, void **ctx_r, struct errmsg *e)
{
	(void)settings;
	(void)ctx_r;
	return errmsg_set(e, "no key");
}

static void
close_it(void *ctx)
{
	assert_ptr_equal(ctx, &left_open);
	left_open--;
}

static int
be_ready(void *ctx, struct errmsg *e)
{
	(void)e;
	return ctx == &left_open ? 0 : -1;
}

static int
be_down(void *ctx, struct errmsg *e)
{
	(void)ctx;
	return errmsg_set(e, "server is away");
}

static int
leave_it_to_check(void *ctx, struct errmsg *e)
{
	(void)be_down(ctx, e);
	return 0;
}

static int
hang(void *ctx, struct errmsg *e)
{
	(void)ctx;
	(void)e;
	while (pause() == -1)
		;	/* whatever woke it */
	return 0;
}

static int
die(void *ctx, struct errmsg *e)
{
	(void)ctx;
	(void)e;
	(void)raise(SIGKILL);
	return 0;
}

static int
leave(void *ctx, struct errmsg *e)
{
	(void)ctx;
	(void)e;
	_exit(CHILD_STATUS);
}

static int
need_root(void *ctx, struct errmsg *e)
{
	(void)ctx;
	return geteuid() == 0 ? 0 : errmsg_set(e, "not root");
}

static int
need_no_root(void *ctx, struct errmsg *e)
{
	(void)ctx;
	return geteuid() != 0 ? 0 : errmsg_set(e, "root");
}

static void
try(const struct mech *m, char *worker_user)
{
	char name[] = "b";
	struct pool_load l = { .name = name, .mech = m };

	l.settings.user = empty;
	l.settings.worker_user = worker_user;
	l.settings.backend_timeout_sec = TIMEOUT_SEC;
	said_status = -1;
	pool_try(&l);
	assert_int_equal(left_open, 0);
}

static void
test_outcomes(void **state)
{
	static const struct {
		const char *name;
		int (*open)(const void *, void **, struct errmsg *);
		int (*ready)(void *, struct errmsg *);
		int status;
		const char *text;
	} rows[] = {
		{ "bad", open_badly, be_ready, EX_CONFIG,
		    "cannot be opened: no key (" },
		{ "good", open_well, be_ready, EX_OK, "ready (" },
		{ "nothing to do", open_well, NULL, EX_OK, "ready (" },
		{ "down", open_well, be_down, EX_TEMPFAIL,
		    "opens, but is not ready: server is away (" },
		{ "left to check", open_well, leave_it_to_check, EX_TEMPFAIL,
		    "opens, but is not ready: server is away (" },
		{ "dies", open_well, die, EX_TEMPFAIL,
		    "opens, but is not ready: killed by signal 9 (" },
		{ "leaves", open_well, leave, EX_TEMPFAIL,
		    "opens, but is not ready: ended with status 7 (" },
		{ "hangs", open_well, hang, EX_TEMPFAIL,
		    "opens, but is not ready: no end of it in time (" }
	};
	struct mech m = { .name = "m", .needs = MECH_NEEDS_NET,
	    .close = close_it };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		m.open = rows[i].open;
		m.ready = rows[i].ready;
		try(&m, empty);
		assert_row(rows[i].name, said_status == rows[i].status);
		assert_row(rows[i].name, str_starts(said, rows[i].text));
		assert_row(rows[i].name,
		    strcmp(strrchr(said, ' '), " ms)") == 0);
	}
}

static void
test_time(void **state)
{
	const struct mech m = { .name = "m", .needs = MECH_NEEDS_NET,
	    .open = open_well, .ready = hang, .close = close_it };
	const int64_t began = deadline_now_msec();
	int64_t took;

	(void)state;
	try(&m, empty);
	took = deadline_now_msec() - began;
	assert_true(took >= TIMEOUT_SEC * 1000 && took < MUCH_LATER_MSEC);
}

/* With the rights that workers would have. */
static void
test_rights(void **state)
{
	struct mech m = { .name = "m", .open = open_well, .close = close_it,
	    .needs = MECH_NEEDS_NET, .ready = need_no_root };

	(void)state;
	if (geteuid() != 0)
		skip();
	try(&m, empty);
	assert_int_equal(said_status, EX_OK);
	m.ready = need_root;
	try(&m, empty);
	assert_int_equal(said_status, EX_TEMPFAIL);
	/* What is out of reach without root is what a trial shows. */
	m.accessible = need_root;
	try(&m, empty);
	assert_int_equal(said_status, EX_OK);
	/* But no outcome keeps nobody root. */
	m.accessible = die;
	try(&m, empty);
	assert_int_equal(said_status, EX_TEMPFAIL);
	m.needs = MECH_NEEDS_ROOT;
	try(&m, empty);
	assert_int_equal(said_status, EX_OK);
	try(&m, no_user);
	assert_int_equal(said_status, EX_CONFIG);
	assert_non_null(strstr(said, "cannot be opened: no user"));
}

static bool
want_identity(const void *settings, struct errmsg *why_r)
{
	(void)settings;
	(void)errmsg_set(why_r, "its ticket is root's");
	return true;
}

static bool
want_nothing(const void *settings, struct errmsg *why_r)
{
	(void)settings;
	(void)errmsg_set(why_r, "nothing is told when nothing is wanted");
	return false;
}

/* Who would the workers be, and what is said of it? */
static bool
keeps_identity(const struct mech *m, char *worker_user, struct errmsg *why_r)
{
	char name[] = "b";
	struct pool_load l = { .name = name, .mech = m };
	struct privs p;

	l.settings.user = empty;
	l.settings.worker_user = worker_user;
	assert_int_equal(rights_decide(&p, &l, &left_open, why_r, NULL), 0);
	return !p.change;
}

static void
test_identity_that_settings_need(void **state)
{
	struct mech m = { .name = "m", .needs = MECH_NEEDS_NET };
	char nobody[] = "nobody";
	struct errmsg why;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_false(keeps_identity(&m, empty, &why));
	m.needs_identity = want_nothing;
	assert_false(keeps_identity(&m, empty, &why));
	assert_string_equal(why.text, "");
	m.needs_identity = want_identity;
	assert_true(keeps_identity(&m, empty, &why));
	assert_string_equal(why.text, "workers of b keep the starting "
	    "identity: its ticket is root's");
	/* Who names a user knows whose ticket it is. */
	assert_false(keeps_identity(&m, nobody, &why));
	assert_string_equal(why.text, "workers of b run as nobody, because "
	    "worker_user is set: its ticket is root's");
	m.needs = MECH_NEEDS_ROOT;
	assert_true(keeps_identity(&m, nobody, &why));
}

/* A server that hangs up while it is written to is an outage, no end. */
static int
write_into_nothing(void *ctx, struct errmsg *e)
{
	int fds[2];

	(void)ctx;
	if (pipe(fds) != 0)
		return -1;
	(void)close(fds[0]);
	return write(fds[1], "x", 1) == 1 ? 0 :
	    errmsg_set(e, "nobody reads");
}

static void
test_broken_pipe(void **state)
{
	const struct mech m = { .name = "m", .needs = MECH_NEEDS_NET,
	    .open = open_well, .ready = write_into_nothing,
	    .close = close_it };

	(void)state;
	(void)signal(SIGPIPE, SIG_DFL);
	try(&m, empty);
	assert_true(str_starts(said,
	    "opens, but is not ready: nobody reads ("));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_identity_that_settings_need),
		cmocka_unit_test(test_broken_pipe)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
