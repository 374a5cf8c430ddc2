/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of privs. What changes a process happens in a forked child;
 * what needs root is skipped without it.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "saslauthd/privs.h"
#include "tests/unit/unit.h"

#define SOME_UID 12345
#define SOME_GID 12346
#define SOME_GROUP 12347
#define ANY_UID_BUT_ROOT 54321

/* Exit status of a child that runs the function; 0 is good. */
static int
in_child(int (*fn)(void))
{
	int wstatus;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_true(WIFEXITED(wstatus));
	return WEXITSTATUS(wstatus);
}

static int
unprivileged(void)
{
	struct privs p;
	struct errmsg e = ERRMSG_INIT;
	bool fallback = true;
	uid_t uid;

	if (privs_are_root() && setresuid(ANY_UID_BUT_ROOT,
	    ANY_UID_BUT_ROOT, ANY_UID_BUT_ROOT) != 0)
		return 1;
	uid = geteuid();
	/* Names do not matter then, not even wrong ones. */
	if (privs_are_root() || privs_find(&p, "", &fallback, &e) != 0 ||
	    p.change || fallback ||
	    privs_find(&p, "no-such-user", &fallback, &e) != 0 || p.change)
		return 2;
	if (privs_drop(&p, &e) != 0 || geteuid() != uid ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 0)
		return 3;
	/* It cannot become somebody, and must notice. */
	p.change = true;
	p.uid = SOME_UID;
	p.gid = SOME_GID;
	return privs_drop(&p, &e) != 0 && e.text[0] != '\0' ? 0 : 4;
}

static void
test_unprivileged(void **state)
{
	(void)state;
	assert_int_equal(in_child(unprivileged), 0);
}

static int
drop(void)
{
	struct privs p = { .change = true, .uid = SOME_UID, .gid = SOME_GID,
	    .no_new_privs = true, .name = "some" };
	struct errmsg e = ERRMSG_INIT;
	gid_t groups[PRIVS_GROUPS_MAX + 2];
	uid_t r, eff, s;
	gid_t gr, geff, gs;

	privs_add_group(&p, SOME_GROUP);
	if (privs_drop(&p, &e) != 0)
		return 1;
	if (getresuid(&r, &eff, &s) != 0 || r != SOME_UID ||
	    eff != SOME_UID || s != SOME_UID)
		return 2;
	if (getresgid(&gr, &geff, &gs) != 0 || gr != SOME_GID ||
	    geff != SOME_GID || gs != SOME_GID)
		return 3;
	if (getgroups(COUNT_OF(groups), groups) != 1 ||
	    groups[0] != SOME_GROUP)
		return 4;
	if (setuid(0) == 0 || setgroups(0, NULL) == 0 ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 5;
	return 0;
}

static void
test_drop(void **state)
{
	(void)state;
	if (!privs_are_root())
		skip();
	assert_int_equal(in_child(drop), 0);
}

/* Whoever could get root back is not let go on. */
static int
drop_to_root(void)
{
	struct privs p = { .change = true, .name = "root" };
	struct errmsg e = ERRMSG_INIT;

	return privs_drop(&p, &e) != 0 &&
	    strstr(e.text, "root") != NULL ? 0 : 1;
}

static void
test_drop_to_root(void **state)
{
	(void)state;
	if (!privs_are_root())
		skip();
	assert_int_equal(in_child(drop_to_root), 0);
}

static void
test_find(void **state)
{
	static const char *const builtin[] = { "saslauth", "sasl", "nobody" };
	const struct passwd *pw = NULL;
	struct errmsg e = ERRMSG_INIT;
	struct privs p;
	bool fallback;
	size_t i;

	(void)state;
	if (!privs_are_root())
		skip();
	assert_int_equal(privs_find(&p, "no-such-user", &fallback, &e), -1);
	assert_non_null(strstr(e.text, "no-such-user"));
	assert_int_equal(privs_find(&p, "root", &fallback, &e), -1);
	assert_non_null(strstr(e.text, "root"));

	for (i = 0; i < COUNT_OF(builtin) && pw == NULL; i++)
		pw = getpwnam(builtin[i]);
	assert_non_null(pw);
	assert_int_equal(privs_find(&p, "", &fallback, &e), 0);
	assert_true(p.change && p.no_new_privs);
	assert_int_equal(p.ngroups, 0);
	assert_string_equal(p.name, builtin[i - 1]);
	assert_int_equal(fallback, i == COUNT_OF(builtin));
	pw = getpwnam(p.name);
	assert_true(pw->pw_uid == p.uid && pw->pw_gid == p.gid);

	/* Asked for by name it is no fallback. */
	if (getpwnam("nobody") != NULL) {
		assert_int_equal(privs_find(&p, "nobody", &fallback, &e), 0);
		assert_false(fallback);
	}
}

static void
test_groups_bound(void **state)
{
	struct privs p = { .change = false };
	gid_t gid;

	(void)state;
	for (gid = 1; gid < 10; gid++)
		privs_add_group(&p, gid);
	assert_int_equal(p.ngroups, PRIVS_GROUPS_MAX);
	assert_int_equal(p.groups[0], 1);
}

static int
seal(void)
{
	struct errmsg e = ERRMSG_INIT;
	struct rlimit rl;

	if (privs_seal(&e) != 0)
		return 1;
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 2;
	if (getrlimit(RLIMIT_CORE, &rl) != 0 || rl.rlim_max != 0)
		return 3;
	return 0;
}

static int
die_with_parent(void)
{
	struct errmsg e = ERRMSG_INIT;
	int sig = 0;

	if (privs_die_with_parent(getppid(), &e) != 0 ||
	    prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0) != 0 || sig != SIGKILL)
		return 1;
	/* A parent that is gone already sends no signal any more. */
	return privs_die_with_parent(getpid(), &e) != 0 ? 0 : 2;
}

static void
test_seal_and_death(void **state)
{
	(void)state;
	assert_int_equal(in_child(seal), 0);
	assert_int_equal(in_child(die_with_parent), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unprivileged),
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_drop_to_root),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_groups_bound),
		cmocka_unit_test(test_seal_and_death)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
