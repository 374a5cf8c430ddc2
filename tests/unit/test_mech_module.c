/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_module: which file is loaded, and which is not. MODULEDIR is another
 * one here, in the directory that a test works in.
 */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_module.h"
#include "tests/unit/unit.h"

#define OTHER_USER 1
#define INSTALLED MODULEDIR "/mech_good.so"

static char modules[PATH_MAX];	/* where tests/unit/local.mk makes them */
static char work[] = "/tmp/unit-module-XXXXXX";

/* Refused, and with these words. */
static void
check_refused(const char *name, const char *words)
{
	struct errmsg e = ERRMSG_INIT;

	assert_row(name, mech_module_load(name, &e) == NULL);
	if (strstr(e.text, words) == NULL)
		fail_msg("%s: \"%s\" is not in \"%s\"", name, words, e.text);
}

static void
check_good(const char *name)
{
	struct errmsg e = ERRMSG_INIT;
	const struct mech *m = mech_module_load(name, &e);

	assert_string_equal(e.text, "");
	assert_non_null(m);
	assert_string_equal(m->name, name);
	assert_int_equal(m->verify(NULL, &e), -1);
	assert_string_equal(e.text, "the module speaks");
}

static void
test_what_it_is(void **state)
{
	(void)state;
	mech_module_set_dir(modules);
	check_good("good");
	assert_ptr_equal(mech_module_load("good", NULL),
	    mech_module_load("good", NULL));
	check_refused("absent", "mech_absent.so does not load: ");
	check_refused("absent", "No such file");
	check_refused("torn", "nobody_has_this_function");
	check_refused("bare", "no symbol mech_module");
	check_refused("foreign", "of another build (another) than");
	check_refused("small", "of another build");
	check_refused("renamed", "mech_renamed.so is mechanism \"good\"");
	/* No search path, no current directory. */
	mech_module_set_dir("");
	check_refused("good", "/mech_good.so does not load");
	mech_module_set_dir(NULL);
}

static void
test_beside_the_program(void **state)
{
	(void)state;
	check_good("beside");
	/* And in no folder below. */
	check_refused("bare", "is the package with it installed?");
}

static void
copy(const char *from, const char *to)
{
	char bytes[BUFSIZ];
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	const int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0644);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)n), n);
	assert_int_equal(n, 0);
	close(in);
	close(out);
}

static void
install(void)
{
	char path[PATH_MAX];

	assert_int_equal(str_format(path, sizeof(path), "%s/mech_good.so",
	    modules), 0);
	copy(path, INSTALLED);
	assert_int_equal(chmod(INSTALLED, 0644), 0);
}

static void
test_installed(void **state)
{
	(void)state;
	check_refused("good", MODULEDIR ": No such file or directory (is the "
	    "package with it installed?)");
	assert_int_equal(mkdir(MODULEDIR, 0755), 0);
	check_refused("good", "mech_good.so: No such file or directory (is "
	    "the package with it installed?)");
	install();
	check_good("good");
	/* The directory may be known under another name. */
	assert_int_equal(rename(MODULEDIR, "elsewhere"), 0);
	assert_int_equal(symlink("elsewhere", MODULEDIR), 0);
	check_good("good");
	assert_int_equal(unlink(MODULEDIR), 0);
	assert_int_equal(rename("elsewhere", MODULEDIR), 0);
}

static void
test_who_may_write(void **state)
{
	(void)state;
	assert_int_equal(chmod(MODULEDIR, 0775), 0);
	check_refused("good", MODULEDIR " may be written by others");
	assert_int_equal(chmod(MODULEDIR, 01757), 0);
	check_refused("good", MODULEDIR " may be written by others");
	assert_int_equal(chmod(MODULEDIR, 0755), 0);
	assert_int_equal(chmod(INSTALLED, 0664), 0);
	check_refused("good", "mech_good.so may be written by others");
	assert_int_equal(chmod(INSTALLED, 0646), 0);
	check_refused("good", "mech_good.so may be written by others");
	assert_int_equal(chmod(INSTALLED, 0644), 0);
	check_good("good");
	/* A link leads out of the directory that was judged. */
	assert_int_equal(rename(INSTALLED, "target"), 0);
	assert_int_equal(symlink("../target", INSTALLED), 0);
	check_refused("good", "is no regular file");
	assert_int_equal(unlink(INSTALLED), 0);
	assert_int_equal(rename("target", INSTALLED), 0);
	check_good("good");
}

static void
test_whose_it_is(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(INSTALLED, OTHER_USER, 0), 0);
	check_refused("good", "mech_good.so belongs to user id 1");
	assert_int_equal(chown(INSTALLED, 0, OTHER_USER), 0);
	check_good("good");
	assert_int_equal(chown(MODULEDIR, OTHER_USER, 0), 0);
	check_refused("good", MODULEDIR " belongs to user id 1");
	assert_int_equal(chown(MODULEDIR, 0, 0), 0);
}

static int
set_up(void **state)
{
	const ssize_t n = readlink("/proc/self/exe", modules,
	    sizeof(modules) - 1);
	char *slash;

	(void)state;
	if (n <= 0)
		return -1;
	modules[n] = '\0';
	slash = strrchr(modules, '/');
	if (str_format(slash, sizeof(modules) - (size_t)(slash - modules),
	    "/modules") != 0 || mkdtemp(work) == NULL)
		return -1;
	return chdir(work);
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlink(INSTALLED);
	(void)rmdir(MODULEDIR);
	return chdir("/") == 0 ? rmdir(work) : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_it_is),
		cmocka_unit_test(test_beside_the_program),
		cmocka_unit_test(test_installed),
		cmocka_unit_test(test_who_may_write),
		cmocka_unit_test(test_whose_it_is)
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
