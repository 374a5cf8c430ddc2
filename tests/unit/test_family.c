/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of family: who is there, and what a front is told. The children
 * are channels to nobody.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/frame.h"
#include "common/io.h"
#include "saslauthd/family.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

enum { FRONT, LOCAL, LDAP, CHILDREN };

static char nowhere[] = "/no/such";
static struct launch launch = { .self = nowhere, .pool = nowhere };
static struct sockets sockets;
static struct family family;
static int ends[CHILDREN];	/* the children's */
static struct buf description, got;

static struct plan *
new_plan(uint32_t number)
{
	struct plan *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->launch = &launch;
	p->config_fd = -1;
	p->number = number;
	assert_int_equal(conf_add(&p->own, "mechanism", "local,ldap", "-a",
	    NULL), 0);
	assert_int_equal(site_build(&p->site, &p->own, NULL, NULL), 0);
	return p;
}

static int
set_up(void **state)
{
	struct family_member m;
	int channel[2];
	size_t i;

	(void)state;
	loglines_open(false);
	assert_int_equal(family_init(&family, new_plan(1), &sockets), 0);
	for (i = 0; i < CHILDREN; i++) {
		m = family_member(&family, i);
		assert_non_null(m.part);
		assert_int_equal(frame_channel(channel), 0);
		assert_int_equal(io_set_nonblock(channel[1], true), 0);
		m.part->child.channel = channel[0];
		ends[i] = channel[1];
	}
	assert_null(family_member(&family, i).part);
	buf_init(&got, FRAME_MAX);
	buf_init(&description, FRAME_MAX);
	assert_int_equal(buf_put_str(&description, "mechanism"), 0);
	return 0;
}

static int
tear_down(void **state)
{
	size_t i;

	(void)state;
	family_release(&family);
	family_fini(&family);
	for (i = 0; i < CHILDREN; i++)
		io_close(&ends[i]);
	buf_fini(&got);
	buf_fini(&description);
	loglines_close();
	return 0;
}

static struct part_pool *
pool(size_t which)
{
	return family_member(&family, which).pool;
}

/* The next frame of a child begins with these strings. */
static void
expect(size_t who, enum frame_type type, const char *name, const char *text)
{
	enum frame_type found;
	uint32_t generation;
	char s[256];
	int fd;

	assert_int_equal(frame_recv(ends[who], &found, &got, &fd), FRAME_OK);
	assert_int_equal(found, type);
	io_close(&fd);
	if (name == NULL)
		return;
	assert_int_equal(buf_get_u32(&got, &generation), 0);
	assert_int_equal(generation, 1);
	assert_int_equal(buf_get_chars(&got, s, sizeof(s)), 0);
	assert_string_equal(s, name);
	assert_int_equal(buf_get_chars(&got, s, sizeof(s)), 0);
	assert_string_equal(s, text);
}

static void
expect_nothing(size_t who)
{
	enum frame_type found;

	assert_int_equal(frame_recv(ends[who], &found, &got, NULL),
	    FRAME_AGAIN);
}

static void
test_who_is_who(void **state)
{
	(void)state;
	assert_string_equal(pool(LOCAL)->name, "local");
	assert_string_equal(pool(LDAP)->part.what, "pool of ldap");
	assert_ptr_equal(crew_find(family.now, "ldap"), pool(LDAP));
	assert_null(crew_find(family.now, "lda"));
	assert_null(family_find_pid(&family, 4711).part);
	pool(LDAP)->part.child.pid = 4711;
	assert_ptr_equal(family_find_pid(&family, 4711).pool, pool(LDAP));
	assert_false(family_is_gone(&family));
	pool(LDAP)->part.child.pid = 0;
	assert_true(family_is_gone(&family));
}

static void
test_state_of_a_start(void **state)
{
	(void)state;
	assert_int_equal(crew_state(family.now), CREW_WAITING);
	assert_string_equal(family_awaited(&family), "front");
	family.front.ready = true;
	assert_string_equal(family_awaited(&family), "pool of local");
	assert_int_equal(part_pool_ready(pool(LOCAL), &description), 0);
	assert_int_equal(crew_state(family.now), CREW_WAITING);
	assert_string_equal(family_awaited(&family), "pool of ldap");
	/* One is enough. */
	assert_true(part_pool_closed(pool(LDAP), "no file"));
	assert_int_equal(crew_state(family.now), CREW_OPEN);
}

static void
test_nobody_opens(void **state)
{
	(void)state;
	assert_true(part_pool_closed(pool(LOCAL), "no file"));
	assert_int_equal(crew_state(family.now), CREW_WAITING);
	assert_true(part_pool_closed(pool(LDAP), ""));
	assert_int_equal(crew_state(family.now), CREW_CLOSED);
}

/* Told once, and that it is over. */
static void
test_reason_in_the_log(void **state)
{
	(void)state;
	assert_true(part_pool_closed(pool(LDAP), "no file"));
	assert_non_null(strstr(loglines_next(), "backend ldap cannot be "
	    "opened, and is tried again: no file"));
	assert_false(part_pool_closed(pool(LDAP), "no file"));
	assert_int_equal(loglines_count(""), 0);
	assert_true(part_pool_closed(pool(LDAP), "no right"));
	assert_int_equal(loglines_count("no right"), 1);
	assert_int_equal(part_pool_ready(pool(LDAP), &description), 0);
	assert_int_equal(loglines_count("backend ldap is open"), 1);
	assert_int_equal(part_pool_ready(pool(LDAP), &description), 0);
	assert_int_equal(loglines_count(""), 0);
}

static void
test_front_is_told_all(void **state)
{
	(void)state;
	assert_int_equal(part_pool_ready(pool(LOCAL), &description), 0);
	(void)part_pool_closed(pool(LDAP), "no file");
	crew_link(family.now, &family.front);
	expect_nothing(FRONT);	/* it is not ready */
	family.front.ready = true;
	crew_link(family.now, &family.front);
	expect(FRONT, FRAME_PEER, "local", "mechanism");
	expect(FRONT, FRAME_BACKEND, "ldap", "no file");
	expect_nothing(FRONT);
	expect(LOCAL, FRAME_PEER, NULL, NULL);
	expect_nothing(LDAP);

	assert_int_equal(part_pool_ready(pool(LDAP), &description), 0);
	part_pool_link(pool(LDAP), &family.front);
	expect(FRONT, FRAME_PEER, "ldap", "mechanism");
}

/* A link that fails is not forgotten. */
static void
test_link_again(void **state)
{
	int away;

	(void)state;
	family.front.ready = true;
	assert_int_equal(part_pool_ready(pool(LDAP), &description), 0);
	away = pool(LDAP)->part.child.channel;
	pool(LDAP)->part.child.channel = -1;
	part_pool_link(pool(LDAP), &family.front);
	assert_int_equal(loglines_count("the pool of ldap"), 1);
	expect(FRONT, FRAME_PEER, "ldap", "mechanism");
	assert_int_not_equal(deadline_poll_msec(&pool(LDAP)->relink), -1);
	assert_int_equal(family_next(&family).at_msec,
	    pool(LDAP)->relink.at_msec);
	family_go_on(&family);
	expect_nothing(FRONT);	/* not yet */
	pool(LDAP)->part.child.channel = away;
	pool(LDAP)->relink = deadline_in_msec(0);
	family_go_on(&family);
	expect(FRONT, FRAME_PEER, "ldap", "mechanism");
	assert_int_equal(deadline_poll_msec(&pool(LDAP)->relink), -1);
}

static void
test_roles_once(void **state)
{
	struct roles roles;

	(void)state;
	family.roles_changed = true;
	family_tell_roles(&family);
	expect_nothing(FRONT);
	family.front.ready = true;
	family_tell_roles(&family);
	family_tell_roles(&family);
	expect(FRONT, FRAME_ROLES, NULL, NULL);
	assert_int_equal(roles_get(&got, &roles), 0);
	assert_int_equal(roles.keeper_pid, getpid());
	assert_int_equal(roles.pool_count, 2);
	assert_string_equal(roles.pools[1].name, "ldap");
	expect_nothing(FRONT);
}

static void
test_restarts(void **state)
{
	(void)state;
	assert_int_equal(deadline_poll_msec(&(struct deadline){
	    family_next(&family).at_msec }), -1);
	part_gone(&pool(LOCAL)->part);
	assert_int_equal(part_retry_later(&pool(LOCAL)->part), 100);
	assert_int_equal(family_next(&family).at_msec,
	    pool(LOCAL)->part.restart.at_msec);
	family_go_on(&family);
	assert_int_equal(pool(LOCAL)->part.starts, 0);
	pool(LOCAL)->part.restart = deadline_in_msec(0);
	pool(LOCAL)->gave_up = true;
	family_go_on(&family);
	assert_int_equal(pool(LOCAL)->part.starts, 1);
	assert_int_equal(pool(LDAP)->part.starts, 0);
	assert_false(pool(LOCAL)->gave_up);
	assert_true(family.roles_changed);
	family_end(&family);

	assert_int_equal(part_retry_later(&pool(LDAP)->part), 100);
	family_no_restart(&family);
	assert_int_equal(family_next(&family).at_msec,
	    deadline_never().at_msec);
}

/* A reload: pools that come, then serve, then are old, then gone. */
static void
test_generations(void **state)
{
	struct crew *first = family.now, *second;

	(void)state;
	assert_true(family_has_room(&family));
	family.coming = second = crew_new(new_plan(2));
	assert_non_null(second);
	assert_false(family_has_room(&family));
	assert_ptr_equal(family_find_crew(&family, 2), second);
	assert_ptr_equal(family_member(&family, 3).crew, second);
	assert_null(family_member(&family, 5).part);

	family_switch(&family, 60000);
	assert_ptr_equal(family.now, second);
	assert_null(family.coming);
	assert_ptr_equal(family_find_crew(&family, 1), first);
	assert_true(family_has_room(&family));
	assert_true(family.roles_changed);
	family_go_on(&family);
	assert_ptr_equal(family_find_crew(&family, 1), first);
	assert_false(first->dismissed);

	/* It goes once its pools have ended. */
	first->pools[0]->part.child.pid = 4711;
	family_dismiss_old(&family);
	assert_int_equal(first->pools[0]->part.child.channel, -1);
	family_go_on(&family);
	assert_ptr_equal(family_find_crew(&family, 1), first);
	first->pools[0]->part.child.pid = 0;
	family_go_on(&family);
	assert_null(family_find_crew(&family, 1));
}

/* Its time is over, be the front through with it or not. */
static void
test_old_one_ends(void **state)
{
	struct crew *first = family.now;

	(void)state;
	family.coming = crew_new(new_plan(2));
	family_switch(&family, 0);
	first->pools[0]->part.child.pid = 1;
	family_go_on(&family);
	assert_true(first->dismissed);
	assert_false(deadline_passed(&first->end));
	first->pools[0]->part.child.pid = 0;
	family_go_on(&family);
	assert_null(family_find_crew(&family, 1));
}

static void
test_room_for_old_ones(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 2; family_has_room(&family); i++) {
		family.coming = crew_new(new_plan(i));
		family_switch(&family, 60000);
	}
	assert_int_equal(i, 2 + FAMILY_OLD_MAX);
	assert_int_equal(family.now->plan->number, 1 + FAMILY_OLD_MAX);
	family_dismiss_old(&family);
	family_go_on(&family);
	assert_true(family_has_room(&family));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_who_is_who, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_state_of_a_start,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_opens, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_reason_in_the_log,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_front_is_told_all,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link_again, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_roles_once, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_restarts, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_generations, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_old_one_ends, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_room_for_old_ones,
		    set_up, tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
