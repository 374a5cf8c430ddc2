/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of generations: a reload while the front serves. What began
 * before ends as it began, what comes after goes by the new settings, and the
 * old ones go when nothing is left of them.
 */
#include "config.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/io.h"
#include "common/log.h"
#include "front/cache.h"
#include "front/client.h"
#include "front/dispatch.h"
#include "front/limits.h"
#include "front/listener.h"
#include "front/metrics.h"
#include "tests/unit/fake.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define NO_CACHE "mechanism: pam\nlimits: off\nlog_success: all\n"
#define WITH_CACHE NO_CACHE "cache: yes\n"
#define WITH_REFUSALS WITH_CACHE "cache_negative_ttl: 60\n"
#define WITH_LIMITS(more) "mechanism: pam\nlimit_compare: 0\n" \
	"limits: enforce\n" more

/* Each test begins with settings of its own, and alone. */
static int
begin_with(const char *config)
{
	int worker, old = fake_reload(config);

	io_close(&old);
	worker = fake_ready_worker(1);
	assert_int_equal(generation_count_old(&fake_front), 0);
	fake_released = 0;
	return worker;
}

static int
tear_down(void **state)
{
	fake_server[0] = 'o';
	assert_int_equal(generation_count_old(&fake_front), 0);
	return fake_tear_down(state);
}

static void
reload(const char *config)
{
	int old = fake_reload(config);

	io_close(&old);
}

/* Ask, and see that a worker is asked and says so. */
static void
answered_by(int worker, const char *password, enum auth_result result)
{
	int client = fake_ask("joe", password);

	fake_verdict(worker, fake_take(worker, "joe"), result,
	    result == AUTH_OK ? REASON_NONE : REASON_BAD_PASSWORD);
	assert_string_equal(fake_reply(client), result == AUTH_OK ? "OK" :
	    "NO");
}

/* ---- what runs -------------------------------------------------------- */

static void
test_old_ends_what_runs(void **state)
{
	int worker = begin_with(NO_CACHE), running, half, fresh, new;
	uint32_t before = fake_front.now->number;
	int old_pool;
	uint64_t id;

	(void)state;
	running = fake_ask("joe", "x");
	id = fake_take(worker, "joe");
	half = fake_connect("\0\3jo", 4);
	old_pool = fake_reload(NO_CACHE "queue_max: 17\n");
	new = fake_ready_worker(1);
	fake_settle();
	assert_int_equal(generation_count_old(&fake_front), 1);
	assert_ptr_equal(generation_find(&fake_front, before),
	    LIST_FIRST(&fake_front.old));
	assert_int_equal(fake_released, 0);

	/* Whoever comes now is asked of the new pool. */
	fresh = fake_ask("jim", "x");
	fake_verdict(new, fake_take(new, "jim"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(fresh), "OK");

	/* The old worker's answer counts, for the one who waits for it, */
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(running), "OK");
	assert_int_equal(fake_released, 0);
	/* and the other one is still about to ask. */
	io_close(&half);
	fake_settle();
	assert_int_equal(fake_released, before);
	assert_null(generation_find(&fake_front, before));
	fake_expect_end(worker);
	assert_false(fake_has_work(new));
	io_close(&old_pool);
	io_close(&new);
}

/* Whoever was connected before asks by what was in force then, even if the
 * request is not complete before the reload. */
static void
test_connection_keeps_its_generation(void **state)
{
	static const char first[] = "\0\3joe\0\1x\0\4smtp";
	static const char rest[] = "\0\13example.org";
	int worker = begin_with(NO_CACHE), client, old_pool, new;

	(void)state;
	client = fake_connect(first, sizeof(first) - 1);
	old_pool = fake_reload("mechanism: pam\nlimits: off\n"
	    "login_template: %u@new\n");
	new = fake_ready_worker(1);
	assert_int_equal(write(client, rest, sizeof(rest) - 1),
	    sizeof(rest) - 1);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	fake_expect_end(worker);

	client = fake_ask("joe", "x");
	fake_verdict(new, fake_take(new, "joe@new"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	io_close(&old_pool);
	io_close(&new);
}

static void
test_several_old_ones(void **state)
{
	int worker = begin_with(NO_CACHE), second, client[2], pool[2];
	uint32_t before = fake_front.now->number;
	uint64_t id[2];

	(void)state;
	client[0] = fake_ask("joe", "x");
	id[0] = fake_take(worker, "joe");
	pool[0] = fake_reload(NO_CACHE);
	second = fake_ready_worker(1);
	client[1] = fake_ask("joe", "x");
	id[1] = fake_take(second, "joe");
	pool[1] = fake_reload(NO_CACHE);
	fake_settle();
	assert_int_equal(generation_count_old(&fake_front), 2);
	/* The younger one may go first. */
	fake_verdict(second, id[1], AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client[1]), "OK");
	assert_int_equal(fake_released, before + 1);
	assert_int_equal(generation_count_old(&fake_front), 1);
	fake_verdict(worker, id[0], AUTH_DENIED, REASON_BAD_PASSWORD);
	assert_string_equal(fake_reply(client[0]), "NO");
	assert_int_equal(fake_released, before);
	fake_expect_end(worker);
	fake_expect_end(second);
	io_close(&pool[0]);
	io_close(&pool[1]);
}

/* The daemon stops while an old one has not ended. */
static void
test_abandoned(void **state)
{
	int worker = begin_with(NO_CACHE), client, old_pool;

	(void)state;
	client = fake_ask("joe", "x");
	(void)fake_take(worker, "joe");
	old_pool = fake_reload(NO_CACHE);
	generation_abandon_all(&fake_front);
	assert_string_equal(fake_reply(client), "");
	fake_settle();
	assert_int_equal(generation_count_old(&fake_front), 0);
	fake_expect_end(worker);
	io_close(&old_pool);
}

/* What the log said last about a backend stays true, and what is counted
 * goes on. */
static void
test_outage_over_reload(void **state)
{
	int worker = begin_with(NO_CACHE), client;
	struct dispatch_status s;
	unsigned lost;

	(void)state;
	client = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_TEMPFAIL,
	    REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(client), "");
	assert_int_equal(loglines_count("backend pam down: "), 1);
	io_close(&worker);
	fake_settle();
	dispatch_status(fake_front.now->dispatches[0], &s);
	lost = s.workers_lost;
	assert_true(lost > 0);

	reload(NO_CACHE);
	dispatch_status(fake_front.now->dispatches[0], &s);
	assert_false(s.up);
	assert_int_equal(s.workers_lost, lost);
	worker = fake_ready_worker(1);
	client = fake_ask("joe", "x");
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	assert_int_equal(loglines_count("backend pam up after "), 1);
	io_close(&worker);
}

/* Those of the new pool, even where it does not know yet what the old one
 * knew. */
static void
test_parts_over_reload(void **state)
{
	static const struct frame_part down = { "a", false, 1, "refused" };
	static const struct frame_part up = { "a", true, 2, "" };
	struct dispatch_status s;
	int worker = begin_with(NO_CACHE), client, old_pool;
	struct buf b;

	(void)state;
	fake_tell_parts(&down, 1);
	client = fake_ask("joe", "x");
	old_pool = fake_reload(NO_CACHE);
	dispatch_status(fake_front.now->dispatches[0], &s);
	assert_int_equal(s.part_count, 0);
	fake_tell_parts(&up, 1);
	/* The old one still has something to do, and to say. */
	buf_init(&b, FRAME_MAX);
	assert_int_equal(frame_put_parts(&b, &down, 1), 0);
	assert_int_equal(frame_send(old_pool, FRAME_PARTS, &b, -1), FRAME_OK);
	buf_fini(&b);
	fake_settle();
	dispatch_status(fake_front.now->dispatches[0], &s);
	assert_int_equal(s.part_count, 1);
	assert_true(s.parts[0].up);
	fake_verdict(worker, fake_take(worker, "joe"), AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	fake_settle();
	io_close(&worker);
	io_close(&old_pool);
}

static void
test_dropped(void **state)
{
	struct generation *now = fake_front.now;
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e;
	struct admission who = ADMISSION_INIT;
	int ends[2];

	(void)state;
	assert_int_equal(conf_add(&es, "mechanism", "pam", "-a", NULL), 0);
	assert_int_equal(generation_prepare(&fake_front, 1000, &es, &e), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(generation_add_listener(fake_front.coming,
	    SITE_LISTENER_DEFAULT, &who, ends[0], &e), 0);
	assert_int_equal(generation_add_listener(fake_front.coming,
	    "nobody", &who, ends[1], &e), -1);
	assert_ptr_equal(generation_find(&fake_front, 1000),
	    fake_front.coming);
	/* Another one in its place, */
	assert_int_equal(generation_prepare(&fake_front, 1001, &es, &e), 0);
	assert_int_equal(fake_released, 1000);
	assert_null(generation_find(&fake_front, 1000));
	/* or none. */
	generation_drop_coming(&fake_front);
	assert_int_equal(fake_released, 1001);
	assert_null(fake_front.coming);
	assert_ptr_equal(fake_front.now, now);
	conf_entries_fini(&es);
}

/* What the process was made for stays. */
static void
test_fixed(void **state)
{
	long clients_max = fake_front.now->site.settings.clients_max;

	(void)state;
	reload(NO_CACHE "clients_max: 17\ncache_size: 4096\nuser: joe\n"
	    "queue_max: 17\n");
	assert_int_equal(fake_front.now->site.settings.clients_max,
	    clients_max);
	assert_string_equal(fake_front.now->site.settings.user, "");
	assert_int_equal(fake_front.now->site.settings.queue_max, 17);
	fake_settle();
}

/* ---- the cache -------------------------------------------------------- */

static void
test_cache_is_kept(void **state)
{
	int worker = begin_with(WITH_CACHE), old_pool;

	(void)state;
	answered_by(worker, "right", AUTH_OK);
	old_pool = fake_reload(WITH_CACHE "queue_max: 17\n");
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");
	assert_int_equal(loglines_count("auth success (cached): "), 1);
	io_close(&old_pool);
	fake_expect_end(worker);
}

static void
test_changed_backend_is_asked(void **state)
{
	int worker = begin_with(WITH_CACHE), new;

	(void)state;
	answered_by(worker, "right", AUTH_OK);
	io_close(&worker);
	fake_server[0] = 'O';
	reload(WITH_CACHE);
	new = fake_ready_worker(1);
	answered_by(new, "right", AUTH_DENIED);
	/* Nor does the answer from before come back with the settings. */
	io_close(&new);
	fake_server[0] = 'o';
	reload(WITH_CACHE);
	new = fake_ready_worker(1);
	answered_by(new, "right", AUTH_DENIED);
	io_close(&new);
	fake_settle();
}

/* The file of a pool that was started again may be another one. */
static void
test_linked_again(void **state)
{
	int worker = begin_with(WITH_CACHE);

	(void)state;
	answered_by(worker, "right", AUTH_OK);
	io_close(&worker);
	fake_link(1, 2);
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");
	fake_server[0] = 'O';
	fake_link(1, 2);
	worker = fake_ready_worker(1);
	answered_by(worker, "right", AUTH_DENIED);
	io_close(&worker);
}

/* What an old generation learns late is for nobody if the backend changed,
 * and for all if it did not. */
static void
late(int changed, int expect_cached)
{
	int worker = begin_with(WITH_CACHE), client, old_pool, new;
	uint64_t id;

	client = fake_ask("joe", "right");
	id = fake_take(worker, "joe");
	if (changed)
		fake_server[0] ^= 'o' ^ 'O';
	old_pool = fake_reload(WITH_CACHE);
	new = fake_ready_worker(1);
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	(void)loglines_count("");
	if (expect_cached) {
		assert_string_equal(fake_reply(fake_ask("joe", "right")),
		    "OK");
		assert_int_equal(loglines_count("(cached): "), 1);
	} else {
		answered_by(new, "right", AUTH_DENIED);
	}
	fake_expect_end(worker);
	io_close(&old_pool);
	io_close(&new);
	fake_settle();
}

static void
test_learnt_late(void **state)
{
	(void)state;
	late(true, false);
	cache_flush_all(fake_front.cache);
	late(false, true);
}

static void
test_cache_switched(void **state)
{
	int worker = begin_with(NO_CACHE), client, old_pool;
	uint64_t id;

	(void)state;
	assert_null(fake_front.cache);
	io_close(&worker);
	reload(WITH_CACHE);
	assert_non_null(fake_front.cache);
	worker = fake_ready_worker(1);
	answered_by(worker, "right", AUTH_OK);
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");

	/* A request that is under way when it goes. */
	client = fake_ask("jim", "right");
	id = fake_take(worker, "jim");
	old_pool = fake_reload(NO_CACHE);
	assert_null(fake_front.cache);
	fake_verdict(worker, id, AUTH_OK, REASON_NONE);
	assert_string_equal(fake_reply(client), "OK");
	fake_expect_end(worker);
	io_close(&old_pool);
}

/* An expired success that might have answered is gone with the cache. */
static void
test_no_grace_without_cache(void **state)
{
	int worker = begin_with(WITH_CACHE "cache_ttl: 1s\n"
	    "cache_grace: 100s\n"), client, old_pool;
	uint64_t id;

	(void)state;
	answered_by(worker, "right", AUTH_OK);
	fake_run(2100);
	client = fake_ask("joe", "right");
	id = fake_take(worker, "joe");
	old_pool = fake_reload(NO_CACHE);
	fake_verdict(worker, id, AUTH_TEMPFAIL, REASON_BACKEND_DOWN);
	assert_string_equal(fake_reply(client), "");
	fake_expect_end(worker);
	io_close(&old_pool);
}

/* Life times are settings of the backend; here the pool does not tell them,
 * as if it were the same. */
static void
test_other_life(void **state)
{
	int worker = begin_with(WITH_CACHE);

	(void)state;
	answered_by(worker, "right", AUTH_OK);
	io_close(&worker);
	reload(WITH_CACHE "cache_ttl: 1s\n");
	fake_run(2100);
	worker = fake_ready_worker(1);
	answered_by(worker, "right", AUTH_OK);
	io_close(&worker);
}

/* Refusals get their room, and successes stay. */
static void
test_refusals_switched(void **state)
{
	struct cache_stats s;
	int worker = begin_with(WITH_CACHE);

	(void)state;
	answered_by(worker, "right", AUTH_OK);
	io_close(&worker);
	reload(WITH_REFUSALS);
	worker = fake_ready_worker(1);
	assert_string_equal(fake_reply(fake_ask("joe", "right")), "OK");
	answered_by(worker, "wrong", AUTH_DENIED);
	assert_string_equal(fake_reply(fake_ask("joe", "wrong")), "NO");
	cache_stats(fake_front.cache, &s);
	assert_int_equal(s.entries, 1);
	assert_int_equal(s.refusals, 1);
	io_close(&worker);
	reload(WITH_CACHE);
	worker = fake_ready_worker(1);
	answered_by(worker, "wrong", AUTH_DENIED);
	io_close(&worker);
	fake_settle();
}

/* ---- limits ----------------------------------------------------------- */

static void
test_limits(void **state)
{
	int worker = begin_with(WITH_LIMITS("limit_identity: 2\n"));
	struct limits_stats s;

	(void)state;
	answered_by(worker, "1", AUTH_DENIED);
	answered_by(worker, "2", AUTH_DENIED);
	assert_string_equal(fake_reply(fake_ask("joe", "3")), "");
	io_close(&worker);

	/* Another number, with the guesses that were counted. */
	reload(WITH_LIMITS("limit_identity: 3\n"));
	limits_stats(fake_front.limits, deadline_now_msec(), &s);
	assert_int_equal(s.tries, 2);
	assert_int_equal(s.identities_over, 0);
	worker = fake_ready_worker(1);
	answered_by(worker, "3", AUTH_DENIED);
	assert_string_equal(fake_reply(fake_ask("joe", "4")), "");
	limits_stats(fake_front.limits, deadline_now_msec(), &s);
	assert_int_equal(s.identities_over, 1);
	io_close(&worker);

	reload(WITH_LIMITS("limit_identity: 2\n"));
	limits_stats(fake_front.limits, deadline_now_msec(), &s);
	assert_int_equal(s.identities_over, 1);
	reload(NO_CACHE);
	assert_null(fake_front.limits);
	worker = fake_ready_worker(1);
	answered_by(worker, "4", AUTH_DENIED);
	io_close(&worker);
	reload(WITH_LIMITS("limit_identity: 1\n"));
	assert_non_null(fake_front.limits);
	worker = fake_ready_worker(1);
	answered_by(worker, "5", AUTH_DENIED);
	io_close(&worker);
	fake_settle();
}

/* Switched off and on again, they know what the keeper's memory holds. */
static void
test_limits_switched(void **state)
{
	int worker;

	(void)state;
	fake_front.tries = memfd_create("tries", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fake_front.tries,
	    fake_front.now->site.settings.limit_size_kb * 1024), 0);
	worker = begin_with(WITH_LIMITS("limit_identity: 1\n"));
	answered_by(worker, "1", AUTH_DENIED);
	assert_string_equal(fake_reply(fake_ask("joe", "2")), "");
	io_close(&worker);
	reload(NO_CACHE);
	worker = fake_ready_worker(1);
	answered_by(worker, "2", AUTH_DENIED);
	io_close(&worker);
	reload(WITH_LIMITS("limit_identity: 1\n"));
	assert_string_equal(fake_reply(fake_ask("joe", "3")), "");
	fake_settle();
	io_close(&fake_front.tries);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fake_set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_old_ends_what_runs),
		TEST(test_connection_keeps_its_generation),
		TEST(test_several_old_ones),
		TEST(test_abandoned),
		TEST(test_outage_over_reload),
		TEST(test_parts_over_reload),
		TEST(test_dropped),
		TEST(test_fixed),
		TEST(test_cache_is_kept),
		TEST(test_changed_backend_is_asked),
		TEST(test_linked_again),
		TEST(test_learnt_late),
		TEST(test_cache_switched),
		TEST(test_no_grace_without_cache),
		TEST(test_other_life),
		TEST(test_refusals_switched),
		TEST(test_limits),
		TEST(test_limits_switched)
	};

	return cmocka_run_group_tests(tests, fake_open, NULL);
}
