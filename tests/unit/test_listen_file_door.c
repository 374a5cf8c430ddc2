/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of listen_file, where clients find a door: its file comes, has a
 * door or none, and goes.
 */
#include "config.h"

#include <door.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stropts.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/io.h"
#include "saslauthd/listen_file.h"
#include "tests/unit/unit.h"

static char dir[64], path[80];
static struct socket_file file;
static struct errmsg e;

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/unit-listen-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/mux", dir);
	file = (struct socket_file)SOCKET_FILE_INIT;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	listen_file_close(&file);
	(void)unlink(path);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

static int
open_with(mode_t mode)
{
	const struct socket_file_plan plan = { .path = path,
	    .mode = listen_file_mode(mode), .owner = SOCKET_FILE_OUR_OWNER,
	    .group = SOCKET_FILE_OUR_GROUP };

	return listen_file_open(&file, &plan, &e);
}

static void
procedure(void *cookie, char *argp, size_t arg_size, door_desc_t *dp,
    unsigned int n_desc)
{
	(void)cookie;
	(void)argp;
	(void)arg_size;
	(void)dp;
	(void)n_desc;
	fail_msg("nobody calls here");
}

static int
new_door(void)
{
	int fd = door_create(procedure, NULL, 0);

	assert_true(fd >= 0);
	return fd;
}

static void
check_file(mode_t mode)
{
	struct stat sb;

	assert_int_equal(lstat(path, &sb), 0);
	assert_true(S_ISREG(sb.st_mode));
	assert_int_equal(sb.st_mode & 07777, mode);
	assert_int_equal(sb.st_uid, geteuid());
}

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* The default is that of the classic daemon's door. */
static void
test_modes(void **state)
{
	static const struct { mode_t configured, made; } rows[] = {
		{ 0777, 0644 }, { 0660, 0640 }, { 0600, 0600 }, { 0, 0 }
	};
	mode_t mask = umask(0027);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(open_with(rows[i].configured), 0);
		check_file(rows[i].made);
		assert_int_equal(listen_file_is_open(rows[i].configured),
		    (rows[i].made & 04) != 0);
		listen_file_close(&file);
		assert_int_equal(access(path, F_OK), -1);
	}
	(void)umask(mask);
}

static void
test_attached(void **state)
{
	int first = new_door(), second = new_door();

	(void)state;
	assert_int_equal(open_with(0777), 0);
	assert_false(listen_file_answers(path));
	assert_int_equal(listen_file_attach(&file, first, &e), 0);
	assert_true(listen_file_answers(path));
	assert_true(listen_file_is_held(path));
	assert_true(listen_file_may_replace(path));
	assert_true(socket_file_stands(&file));
	/* Its server dies, and another one comes. */
	assert_int_equal(door_revoke(first), 0);
	assert_false(listen_file_answers(path));
	assert_int_equal(listen_file_attach(&file, second, &e), 0);
	assert_true(listen_file_answers(path));
	check_file(0644);
	listen_file_remove(&file);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(door_revoke(second), 0);
}

/* Rights that were changed under one door are those of the next one. */
static void
test_changed_rights(void **state)
{
	const struct socket_file_plan narrow = { .path = path, .mode = 0600,
	    .owner = SOCKET_FILE_OUR_OWNER, .group = SOCKET_FILE_OUR_GROUP };
	int first = new_door(), second = new_door();

	(void)state;
	assert_int_equal(open_with(0777), 0);
	assert_int_equal(listen_file_attach(&file, first, &e), 0);
	check_file(0644);
	assert_int_equal(socket_file_dress(&file, &narrow, &e), 0);
	assert_int_equal(listen_file_attach(&file, second, &e), 0);
	check_file(0600);
	listen_file_remove(&file);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(door_revoke(first), 0);
	assert_int_equal(door_revoke(second), 0);
}

/* The other one's file is in its place, or nobody's. */
static void
test_gone(void **state)
{
	int door = new_door();

	(void)state;
	assert_int_equal(open_with(0777), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(listen_file_attach(&file, door, &e), -1);
	write_file("precious");
	assert_int_equal(listen_file_attach(&file, door, &e), -1);
	assert_non_null(strstr(e.text, path));
	listen_file_close(&file);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(door_revoke(door), 0);
}

static void
test_may_replace(void **state)
{
	int door = new_door();

	(void)state;
	assert_true(listen_file_may_replace(path));
	write_file("precious");
	assert_false(listen_file_may_replace(path));
	/* Of a daemon that was killed, before and after a restart of all. */
	write_file("");
	assert_true(listen_file_may_replace(path));
	assert_int_equal(fattach(door, path), 0);
	assert_int_equal(door_revoke(door), 0);
	assert_true(listen_file_may_replace(path));
	assert_int_equal(open_with(0777), 0);
	assert_false(listen_file_answers(path));
	check_file(0644);
}

static void
test_no_socket_is_taken(void **state)
{
	(void)state;
	assert_int_equal(listen_file_adopt(&file, STDIN_FILENO, "/run/s",
	    &e), -1);
	assert_non_null(strstr(e.text, "/run/s"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_modes),
		TEST(test_attached),
		TEST(test_changed_rights),
		TEST(test_gone),
		TEST(test_may_replace),
		TEST(test_no_socket_is_taken)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
