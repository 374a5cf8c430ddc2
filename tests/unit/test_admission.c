/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of admission: who of this machine may ask.
 */
#include "config.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/admission.h"
#include "tests/unit/unit.h"

#define STRANGER "4294967294"	/* nobody's number here */
#define OUR_GROUP 54321

static char told[2048];		/* lines */

static void
note(void *ctx, const char *text)
{
	size_t len = strlen(told);

	(void)ctx;
	assert_int_equal(str_format(told + len, sizeof(told) - len, "%s\n",
	    text), 0);
}

static int
find(struct admission *a, const char *uids, const char *gids)
{
	static char name[] = "postfix";
	const struct site_listener l = { .name = name, .settings = {
		.allow_uids = (char *)(uintptr_t)uids,
		.allow_gids = (char *)(uintptr_t)gids
	} };

	told[0] = '\0';
	return admission_find(a, &l, note, NULL);
}

/* As the front gets it from the keeper. */
static void
pass_on(struct admission *a)
{
	struct buf b;

	buf_init(&b, FRAME_MAX);
	assert_int_equal(admission_put(&b, a), 0);
	admission_fini(a);
	assert_int_equal(admission_get(&b, a), 0);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
}

/* May this process, as it is now, ask? */
static bool
allows(const char *uids, const char *gids)
{
	struct admission a;
	uid_t uid;
	int ends[2];
	bool may;

	assert_int_equal(find(&a, uids, gids), 0);
	pass_on(&a);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	may = admission_allows(&a, ends[0], &uid);
	if (a.uid_count + a.gid_count > 0)
		assert_true(uid == geteuid());
	io_close(&ends[0]);
	io_close(&ends[1]);
	admission_fini(&a);
	return may;
}

static const char *
number(unsigned long id)
{
	static char text[2][32];
	static unsigned turn;

	turn = !turn;
	(void)snprintf(text[turn], sizeof(text[turn]), "%lu", id);
	return text[turn];
}

static void
test_lists(void **state)
{
	const char *uid = number(geteuid()), *gid = number(getegid());
	char list[128];

	(void)state;
	assert_true(allows("", ""));
	assert_true(allows(" ,", "\t"));
	assert_true(allows(uid, ""));
	assert_true(allows("", gid));
	assert_false(allows(STRANGER, ""));
	assert_false(allows("", STRANGER));
	assert_false(allows(STRANGER, STRANGER));
	/* One of the two is enough. */
	assert_true(allows(uid, STRANGER));
	assert_true(allows(STRANGER, gid));
	(void)snprintf(list, sizeof(list), " " STRANGER ",4294967293 ,%s, ",
	    uid);
	assert_true(allows(list, ""));
}

static void
test_names(void **state)
{
	const struct passwd *pw = getpwuid(geteuid());
	const struct group *gr;

	(void)state;
	if (pw == NULL)
		skip();
	assert_true(allows(pw->pw_name, ""));
	gr = getgrgid(getegid());
	if (gr == NULL)
		skip();
	assert_true(allows("", gr->gr_name));
	assert_int_equal(allows("root", ""), geteuid() == 0);
}

/* A mail server is often in the group of the socket besides its own. */
static void
test_supplementary_group(void **state)
{
	static gid_t before[NGROUPS_MAX];
	const gid_t ours = OUR_GROUP;
	int count = getgroups(NGROUPS_MAX, before);

	(void)state;
	assert_true(count >= 0);
	if (geteuid() != 0 || setgroups(1, &ours) != 0)
		skip();
	assert_true(allows("", number(OUR_GROUP)));
	assert_false(allows("", number(OUR_GROUP + 1)));
	assert_false(allows(number(OUR_GROUP), ""));
	assert_int_equal(setgroups((size_t)count, before), 0);
}

static void
test_bad(void **state)
{
	static const struct { const char *uids, *gids, *error; } rows[] = {
		{ "root, no such", "",
		    "allow_uids: no user \"no\" on this system" },
		{ "0", "no-such-group",
		    "allow_gids: no group \"no-such-group\" on this system" },
		/* -1 is how the kernel says "unknown". */
		{ "4294967295", "", "allow_uids: no user \"4294967295\"" },
		{ "", "4294967295", "allow_gids: no group \"4294967295\"" },
		{ "-1", "", "allow_uids: no user \"-1\"" },
	};
	struct admission a;
	char longer[1000];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].error, find(&a, rows[i].uids,
		    rows[i].gids) == -1);
		assert_true(str_starts(told, "listener postfix: "));
		assert_row(told, str_starts(told +
		    strlen("listener postfix: "), rows[i].error));
		assert_null(a.uids);
		assert_int_equal(a.uid_count, 0);
	}
	memset(longer, '1', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(find(&a, longer, ""), -1);
}

static void
test_all_that_are_bad(void **state)
{
	struct admission a;

	(void)state;
	assert_int_equal(find(&a, "no-1 0 no-2", "no-3, 0"), -1);
	assert_string_equal(told,
	    "listener postfix: allow_uids: no user \"no-1\" on this system\n"
	    "listener postfix: allow_uids: no user \"no-2\" on this system\n"
	    "listener postfix: allow_gids: no group \"no-3\" on this "
	    "system\n");
}

/* Nobody knows who is behind it. */
static void
test_no_peer(void **state)
{
	struct admission a;
	uid_t uid = 0;
	int ends[2];

	(void)state;
	assert_int_equal(find(&a, "0", "0"), 0);
	assert_int_equal(pipe(ends), 0);
	assert_false(admission_allows(&a, ends[0], &uid));
	assert_true(uid == (uid_t)-1);
	io_close(&ends[0]);
	io_close(&ends[1]);
	admission_fini(&a);
}

/* More ids than bytes, and the other way round. */
static void
test_bad_frame(void **state)
{
	struct admission a;
	struct buf b;

	(void)state;
	buf_init(&b, FRAME_MAX);
	assert_int_equal(admission_get(&b, &a), -1);
	assert_int_equal(buf_put_u32(&b, UINT32_MAX), 0);
	assert_int_equal(buf_put_u32(&b, UINT32_MAX), 0);
	assert_int_equal(buf_put_u32(&b, 0), 0);
	assert_int_equal(admission_get(&b, &a), -1);
	assert_null(a.uids);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_bad_frame),
		cmocka_unit_test(test_supplementary_group),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_all_that_are_bad),
		cmocka_unit_test(test_no_peer)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
