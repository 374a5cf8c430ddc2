/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of sockets: the clients' sockets of a site.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/io.h"
#include "common/str.h"
#include "saslauthd/sockets.h"
#include "tests/unit/loglines.h"
#include "tests/unit/unit.h"

#define TEXT_MAX 4096

static char dir[64];
static struct site site;
static struct sockets sockets;
static struct errmsg e;

static const char *
in_dir(const char *name)
{
	static char path[2 * sizeof(dir)];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/unit-sockets-XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(mkdir(in_dir("run"), 0755), 0);
	assert_int_equal(mkdir(in_dir("chroot"), 0755), 0);
	memset(&sockets, 0, sizeof(sockets));
	loglines_open(false);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	sockets_close(&sockets);
	site_fini(&site);
	loglines_close();
	assert_int_equal(rmdir(in_dir("run")), 0);
	assert_int_equal(rmdir(in_dir("chroot")), 0);
	assert_int_equal(rmdir(dir), 0);
	return 0;
}

/* The site of these parts, where DIR is the directory of the test. */
static void
build(const char *parts)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	const char *at = parts, *mark;
	struct buf text;

	buf_init(&text, TEXT_MAX);
	assert_int_equal(conf_add(&es, "mechanism", "pam", "-a", &e), 0);
	assert_int_equal(conf_add(&es, "run_dir", in_dir("run"), "-m", &e),
	    0);
	while ((mark = strstr(at, "DIR")) != NULL) {
		assert_int_equal(buf_put(&text, at, (size_t)(mark - at)), 0);
		assert_int_equal(buf_put(&text, dir, strlen(dir)), 0);
		at = mark + strlen("DIR");
	}
	assert_int_equal(buf_put(&text, at, strlen(at)), 0);
	assert_int_equal(buf_put(&text, "\n", 1), 0);
	assert_int_equal(conf_read_text(&es, "unit.conf",
	    (const char *)buf_data(&text), buf_len(&text), &e), 0);
	buf_fini(&text);
	assert_int_equal(site_build(&site, &es, NULL, NULL), 0);
	conf_entries_fini(&es);
}

static mode_t
mode_of(const char *name)
{
	struct stat sb;

	if (lstat(in_dir(name), &sb) != 0)
		return 0;
	assert_true(S_ISSOCK(sb.st_mode));
	return sb.st_mode & 07777;
}

static void
test_default_one(void **state)
{
	(void)state;
	build("");
	assert_int_equal(sockets_open(&sockets, &site, NULL, &e), SOCKETS_OK);
	assert_int_equal(sockets.count, 1);
	assert_string_equal(sockets.list[0].name, "default");
	assert_string_equal(sockets.list[0].file.path, in_dir("run/mux"));
	assert_int_equal(mode_of("run/mux"), 0777);
	/* As it always was: no reason to warn. */
	assert_int_equal(loglines_count(""), 0);
	sockets_remove(&sockets);
	assert_int_equal(access(in_dir("run/mux"), F_OK), -1);
	assert_int_equal(sockets.count, 1);
}

static void
test_several(void **state)
{
	struct stat sb;

	(void)state;
	build("listener postfix {\npath: DIR/chroot/mux\nmode: 0660\n"
	    "owner: 0\ngroup: root\n}\n"
	    "listener default {\nmode: 0600\n}\n");
	if (geteuid() != 0)
		skip();
	assert_int_equal(sockets_open(&sockets, &site, NULL, &e), SOCKETS_OK);
	assert_int_equal(sockets.count, 2);
	assert_string_equal(sockets.list[0].name, "default");
	assert_string_equal(sockets.list[1].name, "postfix");
	assert_int_equal(mode_of("run/mux"), 0600);
	assert_int_equal(mode_of("chroot/mux"), 0660);
	assert_int_equal(lstat(in_dir("chroot/mux"), &sb), 0);
	assert_int_equal(sb.st_uid, 0);
	assert_int_equal(sb.st_gid, 0);
}

static void
test_default_elsewhere(void **state)
{
	(void)state;
	build("listener default {\npath: DIR/chroot/sock\nmode: 0600\n}\n");
	assert_int_equal(sockets_open(&sockets, &site, NULL, &e), SOCKETS_OK);
	assert_int_equal(mode_of("chroot/sock"), 0600);
	assert_int_equal(access(in_dir("run/mux"), F_OK), -1);
}

static void
test_warning(void **state)
{
	static const struct {
		const char *name, *listener;
		mode_t above;	/* of the directory above it */
		bool warned;
	} rows[] = {
		{ "open", "path: DIR/chroot/mux", 0755, true },
		{ "mode", "path: DIR/chroot/mux\nmode: 0770", 0755, false },
		{ "way", "path: DIR/chroot/mux", 0750, false },
		{ "uids", "path: DIR/chroot/mux\nallow_uids: 0", 0755,
		    false },
		{ "gids", "path: DIR/chroot/mux\nallow_gids: 0", 0755,
		    false }
	};
	char text[256];
	size_t i;

	(void)state;
	assert_int_equal(chmod(dir, 0755), 0);
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(chmod(in_dir("chroot"), rows[i].above), 0);
		(void)snprintf(text, sizeof(text), "listener l {\n%s\n}\n",
		    rows[i].listener);
		build(text);
		assert_int_equal(sockets_open(&sockets, &site, NULL, &e),
		    SOCKETS_OK);
		assert_row(rows[i].name, (loglines_count(
		    "listener l: every user of this machine") == 1) ==
		    rows[i].warned);
		sockets_close(&sockets);
		site_fini(&site);
	}
	build("");
}

static void
test_refused(void **state)
{
	static const struct {
		const char *name, *listener;
		enum sockets_status status;
		const char *text;
	} rows[] = {
		{ "owner", "path: DIR/chroot/mux\nowner: no-such-user",
		    SOCKETS_CONFIG,
		    "listener l: owner: no user is called no-such-user" },
		{ "group", "path: DIR/chroot/mux\ngroup: no-such-group",
		    SOCKETS_CONFIG,
		    "listener l: group: no group is called no-such-group" },
		{ "number", "path: DIR/chroot/mux\nowner: 4294967295",
		    SOCKETS_CONFIG, "no user is called 4294967295" },
		{ "parent", "path: DIR/none/mux", SOCKETS_FAILED,
		    "/none/: No such file or directory" },
		{ "directory", "path: DIR/chroot", SOCKETS_CONFIG,
		    "is no socket" },
		{ "control", "path: DIR/run/control", SOCKETS_CONFIG,
		    "/run/control is the control socket's" },
		{ "same path", "path: DIR/run/../run/mux", SOCKETS_CONFIG,
		    "is that of listener default, too" },
		{ "long", "path: /012345678901234567890123456789012345678901"
		    "23456789012345678901234567890123456789012345678901234"
		    "5678901234567890", SOCKETS_CONFIG, "is longer than" }
	};
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		(void)snprintf(text, sizeof(text), "listener l {\n%s\n}\n",
		    rows[i].listener);
		build(text);
		assert_row(rows[i].name, sockets_open(&sockets, &site, NULL,
		    &e) == rows[i].status);
		if (strstr(e.text, rows[i].text) == NULL)
			fail_msg("%s: %s", rows[i].name, e.text);
		sockets_close(&sockets);
		assert_int_equal(access(in_dir("run/mux"), F_OK), -1);
		site_fini(&site);
	}
	build("");
}

/* A living daemon is where ours should be: it stays. */
static void
test_another_daemon(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), wstatus;
	char bytes[8];
	pid_t pid;

	(void)state;
	assert_int_equal(str_copy(sun.sun_path, sizeof(sun.sun_path),
	    in_dir("chroot/mux")), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 5), 0);
	pid = fork();
	if (pid == 0) {
		int client = accept(fd, NULL, NULL);

		_exit(read(client, bytes, sizeof(bytes)) == sizeof(bytes) &&
		    write(client, bytes, 2) == 2 ? 0 : 1);
	}
	build("listener l {\npath: DIR/chroot/mux\n}\n");
	assert_int_equal(sockets_open(&sockets, &site, NULL, &e), SOCKETS_BUSY);
	assert_non_null(strstr(e.text, "Another instance of saslauthd is "
	    "currently running"));
	assert_int_equal(waitpid(pid, &wstatus, 0), pid);
	assert_int_equal(wstatus, 0);
	sockets_close(&sockets);
	assert_int_equal(unlink(in_dir("chroot/mux")), 0);
	io_close(&fd);
}

static int
listen_at(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(str_copy(sun.sun_path, sizeof(sun.sun_path),
	    in_dir(name)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 5), 0);
	return fd;
}

/* A given one is used as it is, and stays. */
static void
test_given(void **state)
{
	struct activation given = { .count = 1 };
	struct activation_one *one = &given.list[0];
	int fd;

	(void)state;
	one->fd = fd = listen_at("chroot/mux");
	one->listener = "l";
	(void)str_copy(one->path, sizeof(one->path), in_dir("chroot/mux"));
	assert_int_equal(chmod(one->path, 0640), 0);
	build("listener l {\npath: DIR/chroot/mux\nmode: 0600\n}\n");
	assert_int_equal(sockets_open(&sockets, &site, &given, &e),
	    SOCKETS_OK);
	assert_int_equal(sockets.count, 2);
	assert_string_equal(sockets.list[1].file.path, one->path);
	/* A copy: the given one can be used again. */
	assert_int_not_equal(sockets.list[1].file.fd, fd);
	sockets_close(&sockets);
	assert_int_equal(mode_of("run/mux"), 0);
	assert_int_equal(mode_of("chroot/mux"), 0640);

	/* No other listener may take its place. */
	one->listener = "default";
	assert_int_equal(sockets_open(&sockets, &site, &given, &e),
	    SOCKETS_CONFIG);
	assert_non_null(strstr(e.text, "is that of listener default, too"));
	sockets_close(&sockets);
	assert_int_equal(mode_of("chroot/mux"), 0640);
	assert_int_equal(unlink(in_dir("chroot/mux")), 0);
	io_close(&fd);
}

/* ---- from one site to the next ---------------------------------------- */

static struct sockets next;

static enum sockets_status
prepare(const char *text)
{
	site_fini(&site);
	build(text);
	return sockets_prepare(&next, &sockets, &site, NULL, &e);
}

static ino_t
inode_of(const char *name)
{
	struct stat sb;

	return lstat(in_dir(name), &sb) == 0 ? sb.st_ino : 0;
}

static void
test_change(void **state)
{
	ino_t mux, kept;
	int fd;

	(void)state;
	build("listener a {\npath: DIR/chroot/a\nmode: 0600\n}\n"
	    "listener b {\npath: DIR/chroot/b\n}\n");
	assert_int_equal(sockets_open(&sockets, &site, NULL, &e), SOCKETS_OK);
	mux = inode_of("run/mux");
	kept = inode_of("chroot/a");
	fd = sockets.list[1].file.fd;

	/* "a" is called otherwise, and lets more people in; "b" is gone. */
	assert_int_equal(prepare("listener z {\npath: DIR/chroot/a\n"
	    "mode: 0660\n}\nlistener c {\npath: DIR/chroot/c\n}\n"),
	    SOCKETS_OK);
	assert_int_equal(mode_of("chroot/a"), 0600);
	assert_int_not_equal(mode_of("chroot/b"), 0);
	sockets_change(&sockets, &next, &e);
	assert_int_equal(sockets.count, 3);
	assert_int_equal(sockets.list[1].file.fd, fd);
	assert_string_equal(sockets.list[1].name, "z");
	assert_int_equal(mode_of("chroot/a"), 0660);
	assert_int_equal(inode_of("chroot/a"), kept);
	assert_int_equal(inode_of("run/mux"), mux);
	assert_int_equal(mode_of("chroot/b"), 0);
	assert_int_not_equal(mode_of("chroot/c"), 0);
	sockets_close(&sockets);
	assert_int_equal(mode_of("chroot/a"), 0);
	assert_int_equal(mode_of("chroot/c"), 0);
}

/* Nothing has changed when one cannot be made. */
static void
test_change_that_fails(void **state)
{
	ino_t kept;

	(void)state;
	build("listener a {\npath: DIR/chroot/a\n}\n");
	assert_int_equal(sockets_open(&sockets, &site, NULL, &e), SOCKETS_OK);
	kept = inode_of("chroot/a");
	assert_int_not_equal(prepare("listener n {\npath: DIR/chroot/n\n}\n"
	    "listener x {\npath: DIR/none/x\n}\n"), SOCKETS_OK);
	sockets_close(&next);
	assert_int_equal(mode_of("chroot/n"), 0);
	assert_int_equal(inode_of("chroot/a"), kept);
	/* Two at the place of one. */
	assert_int_equal(prepare("listener n {\npath: DIR/chroot/a\n}\n"
	    "listener x {\npath: DIR/chroot/../chroot/a\n}\n"),
	    SOCKETS_CONFIG);
	sockets_close(&next);
	assert_int_equal(inode_of("chroot/a"), kept);
	assert_true(socket_file_stands(&sockets.list[1].file));
	sockets_close(&sockets);
}

/* Somebody removed it: a reload brings it back. */
static void
test_change_mends(void **state)
{
	(void)state;
	build("");
	assert_int_equal(sockets_open(&sockets, &site, NULL, &e), SOCKETS_OK);
	assert_int_equal(unlink(in_dir("run/mux")), 0);
	assert_int_equal(prepare(""), SOCKETS_OK);
	sockets_change(&sockets, &next, &e);
	assert_int_not_equal(mode_of("run/mux"), 0);
	assert_true(socket_file_stands(&sockets.list[0].file));
	sockets_close(&sockets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_default_one, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_several, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_default_elsewhere,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_warning, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_another_daemon, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_given, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_change, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(test_change_that_fails,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_change_mends, set_up,
		    tear_down)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
