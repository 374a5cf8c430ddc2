/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of servers, of the health it shares between processes, and of
 * dir_servers. The clock is the test's own (--wrap).
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/str.h"
#include "mechanisms/dir_servers.h"
#include "tests/unit/unit.h"

#define A "ldap://a/"
#define B "ldap://b/"
#define C "ldap://c/"

int64_t __wrap_deadline_now_msec(void);

static int64_t now_msec;
static struct servers *servers;
static struct servers_round a_round;
static struct servers_offer server;

int64_t
__wrap_deadline_now_msec(void)
{
	return now_msec;
}

static struct servers *
make(const char *uris, struct errmsg *e)
{
	struct dir_settings s = { .servers = strdup(uris) };
	struct servers *sv = dir_servers_new(&s, e);

	free(s.servers);
	return sv;
}

static int
set_up(void **state)
{
	struct errmsg e = ERRMSG_INIT;

	(void)state;
	now_msec = 5000000;
	a_round = (struct servers_round){ 0 };
	servers = make(A "  " B " " C " " A, &e);
	return servers != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	servers_free(servers);
	return 0;
}

/* The next of the round, or "" at its end. */
static const char *
next(void)
{
	const struct deadline d = deadline_never();
	struct errmsg e = ERRMSG_INIT;

	return servers_next(servers, &a_round, &d, &server, &e) ?
	    server.name : "";
}

static const char *
first(void)
{
	a_round = (struct servers_round){ 0 };
	return next();
}

/* Its slot, by name. */
static size_t
slot(const char *uri)
{
	struct mech_part parts[MECH_PARTS_MAX];
	size_t n = servers_parts(servers, parts, MECH_PARTS_MAX), i;

	for (i = 0; i < n && strcmp(parts[i].name, uri) != 0; i++)
		;
	assert_true(i < n);
	return i;	/* none is hidden: the order is that of the slots */
}

static void
down(const char *uri)
{
	servers_down(servers, slot(uri), "because");
}

static void
test_order(void **state)
{
	(void)state;
	assert_string_equal(next(), A);
	assert_true(server.others);
	assert_false(server.last_resort);
	assert_string_equal(next(), B);
	assert_true(server.others);
	assert_string_equal(next(), C);
	assert_false(server.others);
	assert_string_equal(next(), "");
	assert_string_equal(next(), "");
	assert_string_equal(first(), A);
}

static void
test_down_is_skipped(void **state)
{
	(void)state;
	assert_int_equal(servers_probe_in_msec(servers), -1);
	down(A);
	assert_false(servers_is_up(servers, slot(A)));
	assert_int_equal(servers_probe_in_msec(servers),
	    SERVER_BACKOFF_FIRST_MSEC);
	assert_string_equal(first(), B);
	assert_string_equal(next(), C);
	/* The only one left that works gets all the time. */
	assert_false(server.others);
	assert_string_equal(next(), "");
	servers_up(servers, slot(A));
	assert_string_equal(first(), A);
	assert_int_equal(servers_probe_in_msec(servers), -1);
}

/* One that fails within the round is not offered again. */
static void
test_last_resort(void **state)
{
	(void)state;
	down(B);
	now_msec++;
	down(A);
	now_msec++;
	assert_string_equal(first(), C);
	down(C);
	assert_string_equal(next(), B);
	assert_true(server.last_resort);
	assert_false(server.others);
	assert_string_equal(next(), A);
	assert_true(server.last_resort);
	assert_string_equal(next(), "");
	assert_string_equal(first(), B);
	assert_true(server.last_resort);
	assert_string_equal(next(), A);
	assert_string_equal(next(), C);
	assert_string_equal(next(), "");
	servers_up(servers, slot(C));
	assert_string_equal(first(), C);
	assert_false(server.last_resort);
}

static void
test_better(void **state)
{
	(void)state;
	assert_false(servers_has_better(servers, slot(A)));
	assert_true(servers_has_better(servers, slot(B)));
	down(A);
	assert_false(servers_has_better(servers, slot(B)));
	assert_true(servers_has_better(servers, slot(C)));
	servers_up(servers, slot(A));
	assert_true(servers_has_better(servers, slot(B)));
}

static bool
claim(void)
{
	return servers_claim_probe(servers, &server);
}

static void
test_back_off(void **state)
{
	const int64_t backoffs[] = { 5000, 10000, 20000, 40000, 60000, 60000 };
	size_t i;

	(void)state;
	assert_false(claim());
	down(B);
	for (i = 0; i < COUNT_OF(backoffs); i++) {
		assert_int_equal(servers_probe_in_msec(servers),
		    backoffs[i]);
		/* What fails meanwhile does not put it off. */
		now_msec += backoffs[i] - 1;
		assert_false(claim());
		down(B);
		now_msec++;
		assert_int_equal(servers_probe_in_msec(servers), 0);
		assert_true(claim());
		assert_string_equal(server.name, B);
		assert_false(claim());
		down(B);
	}
	servers_up(servers, slot(B));
	now_msec += 60000;
	assert_false(claim());
	down(B);
	assert_int_equal(servers_probe_in_msec(servers),
	    SERVER_BACKOFF_FIRST_MSEC);
}

/* It answers probes, and nothing else. */
static void
test_back_off_of_one_that_is_back_for_a_moment(void **state)
{
	const int64_t backoffs[] = { 5000, 10000, 20000, 40000, 60000, 60000 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(backoffs); i++) {
		down(B);
		down(B);
		assert_int_equal(servers_probe_in_msec(servers),
		    backoffs[i]);
		now_msec += backoffs[i];
		assert_true(claim());
		servers_up(servers, slot(B));
		now_msec += SERVER_BACKOFF_MAX_MSEC - 1;
	}
	now_msec++;
	down(B);
	assert_int_equal(servers_probe_in_msec(servers),
	    SERVER_BACKOFF_FIRST_MSEC);
}

/* Nobody idle has probed it: then requests do, one of them. */
static void
test_overdue_probe(void **state)
{
	(void)state;
	down(A);
	now_msec += SERVER_BACKOFF_FIRST_MSEC + DIR_PROBE_OVERDUE_MSEC - 1;
	assert_string_equal(first(), B);
	assert_false(server.probe);
	now_msec++;
	assert_string_equal(first(), A);
	assert_true(server.others);
	assert_true(server.probe);
	assert_false(server.last_resort);
	assert_string_equal(next(), B);
	assert_false(server.probe);
	assert_string_equal(first(), B);
	assert_int_equal(servers_probe_in_msec(servers),
	    2 * SERVER_BACKOFF_FIRST_MSEC);
}

/* Of all processes, one gets it; what one learns, all know. */
static void
test_shared_by_processes(void **state)
{
	enum { WORKERS = 8 };
	int claims = 0, status, i;
	pid_t child;

	(void)state;
	for (i = 0; i < WORKERS; i++) {
		child = fork();
		assert_true(child != -1);
		if (child == 0) {
			if (i == 0)
				servers_down(servers, slot(A), "child");
			now_msec += SERVER_BACKOFF_FIRST_MSEC;
			_exit(servers_claim_probe(servers, &server));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		claims += WEXITSTATUS(status);
	}
	assert_int_equal(claims, 1);
	assert_string_equal(first(), B);
}

/* They all come at the very moment. */
static void
test_one_claim_of_many(void **state)
{
	enum { WORKERS = 8 };
	int gate[2], claims = 0, status, i;
	char byte;

	(void)state;
	down(A);
	now_msec += SERVER_BACKOFF_FIRST_MSEC;
	assert_int_equal(pipe(gate), 0);
	for (i = 0; i < WORKERS; i++) {
		const pid_t child = fork();

		assert_true(child != -1);
		if (child == 0) {
			close(gate[1]);
			(void)!read(gate[0], &byte, 1);
			_exit(claim());
		}
	}
	close(gate[1]);	/* opens it */
	close(gate[0]);
	for (i = 0; i < WORKERS; i++) {
		assert_true(wait(&status) != -1);
		assert_true(WIFEXITED(status));
		claims += WEXITSTATUS(status);
	}
	assert_int_equal(claims, 1);
}

/* A worker that never came back. */
static void
die_at(const char *uri)
{
	const pid_t child = fork();

	assert_true(child != -1);
	if (child == 0) {
		servers_enter(servers, slot(uri));
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
test_stuck(void **state)
{
	(void)state;
	die_at(A);
	assert_string_equal(first(), A);
	now_msec += DIR_STUCK_MSEC;
	assert_true(servers_is_up(servers, slot(A)));
	now_msec++;
	assert_string_equal(first(), B);
	assert_int_equal(servers_probe_in_msec(servers),
	    SERVER_BACKOFF_FIRST_MSEC);
	now_msec += SERVER_BACKOFF_FIRST_MSEC;
	/* The dead one's mark does not count twice. */
	assert_true(claim());
	servers_enter(servers, server.slot);
	servers_up(servers, server.slot);
	servers_leave(servers, server.slot);
	now_msec += DIR_STUCK_MSEC + 1;
	assert_string_equal(first(), A);
}

/* The probe itself gets stuck: it stays down, and has the next back-off. */
static void
test_stuck_probe(void **state)
{
	(void)state;
	die_at(A);
	now_msec += DIR_STUCK_MSEC + 1;
	assert_false(servers_is_up(servers, slot(A)));
	now_msec += SERVER_BACKOFF_FIRST_MSEC;
	assert_true(claim());
	die_at(A);
	now_msec += DIR_STUCK_MSEC + 1;
	assert_false(servers_is_up(servers, slot(A)));
	servers_up(servers, slot(A));
	now_msec += DIR_STUCK_MSEC + 1;
	assert_true(servers_is_up(servers, slot(A)));
}

/* One waits, but others are answered: the server is all right. */
static void
test_one_waits_others_are_answered(void **state)
{
	(void)state;
	die_at(A);
	now_msec += 1000;
	servers_enter(servers, slot(A));
	servers_up(servers, slot(A));
	servers_leave(servers, slot(A));
	now_msec += DIR_STUCK_MSEC + 1;
	assert_true(servers_is_up(servers, slot(A)));
	/* And its mark has room for the next one's. */
	die_at(A);
	now_msec += DIR_STUCK_MSEC + 1;
	assert_false(servers_is_up(servers, slot(A)));
}

static void
test_who_comes_back_is_not_stuck(void **state)
{
	(void)state;
	servers_enter(servers, slot(A));
	servers_leave(servers, slot(A));
	now_msec += 2 * DIR_STUCK_MSEC;
	assert_true(servers_is_up(servers, slot(A)));
}

static void
test_parts(void **state)
{
	struct mech_part parts[MECH_PARTS_MAX];
	const int64_t began = now_msec;
	char why[2 * MECH_PART_WHY_MAX];

	(void)state;
	memset(why, 'w', sizeof(why) - 1);
	why[sizeof(why) - 1] = '\0';
	now_msec += 1000;
	servers_down(servers, slot(B), "refused");
	servers_down(servers, slot(C), why);
	now_msec += 1000;
	assert_int_equal(servers_parts(servers, parts, MECH_PARTS_MAX),
	    3);
	assert_string_equal(parts[0].name, A);
	assert_true(parts[0].up);
	assert_int_equal(parts[0].since_msec, began);
	assert_string_equal(parts[0].why, "");
	assert_string_equal(parts[1].name, B);
	assert_false(parts[1].up);
	assert_int_equal(parts[1].since_msec, began + 1000);
	assert_string_equal(parts[1].why, "refused");
	assert_int_equal(strlen(parts[2].why), MECH_PART_WHY_MAX - 1);
	servers_up(servers, slot(B));
	assert_int_equal(servers_parts(servers, parts, 2), 2);
	assert_true(parts[1].up);
	assert_int_equal(parts[1].since_msec, began + 2000);
	assert_string_equal(parts[1].why, "");
}

/* Servers of a domain leave; new ones come; no more than there are slots. */
static void
test_slots(void **state)
{
	struct errmsg e = ERRMSG_INIT;
	struct server_health *h = server_health_new(DIR_STUCK_MSEC, &e);
	struct mech_part parts[MECH_PARTS_MAX];
	char uri[64], too_long[SERVER_NAME_MAX + 1];
	size_t one, again, i;

	(void)state;
	assert_non_null(h);
	assert_int_equal(server_health_slot(h, "ldap://0/", true, &one, &e), 0);
	for (i = 1; i < SERVER_HEALTH_SLOTS; i++) {
		assert_int_equal(str_format(uri, sizeof(uri), "ldap://%zu/",
		    i), 0);
		assert_int_equal(server_health_slot(h, uri, false, &one, &e),
		    0);
		assert_string_equal(server_health_name(h, one), uri);
	}
	assert_int_equal(server_health_slot(h, "ldap://more/", false, &one, &e),
	    -1);
	assert_non_null(strstr(e.text, "ldap://more/"));
	now_msec += 2 * 3600 * 1000 + 1;
	assert_int_equal(server_health_slot(h, "ldap://7/", false, &one, &e),
	    0);
	assert_int_equal(server_health_slot(h, "ldap://7/", false, &again, &e),
	    0);
	assert_int_equal(one, again);
	assert_int_equal(server_health_parts(h, parts, MECH_PARTS_MAX), 2);
	assert_string_equal(parts[0].name, "ldap://0/");
	assert_string_equal(parts[1].name, "ldap://7/");
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	assert_int_equal(server_health_slot(h, too_long, false, &one, &e), -1);
	server_health_free(h);
}

static void
test_refused(void **state)
{
	struct errmsg e = ERRMSG_INIT;
	char uris[DIR_SERVERS_MAX * 16 + 16], long_uri[DIR_URI_MAX + 16];
	size_t used = 0;
	int i;

	(void)state;
	for (i = 0; i <= DIR_SERVERS_MAX; i++, used = strlen(uris))
		assert_int_equal(str_format(uris + used, sizeof(uris) - used,
		    "ldap://%d/ ", i), 0);
	assert_null(make(uris, &e));
	assert_string_equal(e.text, "more than 64 servers");
	memset(long_uri, 'x', sizeof(long_uri) - 1);
	long_uri[sizeof(long_uri) - 1] = '\0';
	assert_null(make(long_uri, &e));
	assert_non_null(strstr(e.text, "too long"));
}

/* A URI without host that names no domain is one server, as libldap has
 * it; one that does is never asked itself. */
static void
test_domains(void **state)
{
	static const struct {
		const char *uri;
		bool is_domain;
	} rows[] = {
		{ "ldap:///", false },
		{ "ldap:///ou=people,dc=org", false },
		{ "ldap://host/dc=example,dc=org", false },
		{ "ldapi:///", false },
		{ "ldap:///dc=example,dc=org", true },
		{ "LDAP:///DC=example,%20DC=org", true },
		{ "ldaps:///dc%3Dexample%2Cdc%3dorg??sub", true },
		{ "ldap:///dc=exa%zzmple", false }
	};
	struct deadline passed = { 0 };
	struct errmsg e = ERRMSG_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct servers *sv = make(rows[i].uri, &e);
		struct servers_round r = { 0 };
		const bool offered = sv != NULL &&
		    servers_next(sv, &r, &passed, &server, &e);

		assert_row(rows[i].uri, sv != NULL);
		assert_row(rows[i].uri, offered != rows[i].is_domain);
		assert_row(rows[i].uri, offered ?
		    strcmp(server.name, rows[i].uri) == 0 :
		    str_starts(e.text, "no server is known: _ldap._tcp."
		    "example.org: "));
		servers_free(sv);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_down_is_skipped),
		TEST(test_last_resort),
		TEST(test_better),
		TEST(test_back_off),
		TEST(test_back_off_of_one_that_is_back_for_a_moment),
		TEST(test_overdue_probe),
		TEST(test_shared_by_processes),
		TEST(test_one_claim_of_many),
		TEST(test_stuck),
		TEST(test_stuck_probe),
		TEST(test_one_waits_others_are_answered),
		TEST(test_who_comes_back_is_not_stuck),
		TEST(test_parts),
		TEST(test_slots),
		TEST(test_refused),
		TEST(test_domains)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
