/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of conf: keys with another name or a reading of their own, and
 * files that are put in front of what is there.
 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/secret.h"
#include "tests/unit/freed.h"
#include "tests/unit/unit.h"

#define MARK "correct horse battery"
#define REPORTS_SIZE 4096

struct settings {
	int size;
	char *name;
	struct secret password;
};

/* "small" and "big" are sizes; "huge" is one no more, and "tiny" never was,
 * but counts as small. */
static int
read_size(const struct conf_key *k, void *member, const char *text,
    struct errmsg *e)
{
	int *size = member;

	assert_string_equal(k->name, "size");
	*size = text[0] == 's' ? 1 : 2;
	if (strcmp(text, "huge") == 0) {
		(void)errmsg_set(e, "counts as big");
		return 1;
	}
	if (strcmp(text, "tiny") == 0) {
		*size = 1;
		return errmsg_set(e, "wants small or big");
	}
	return 0;
}

static const struct conf_key keys[] = {
	{ .name = "size", .type = CONF_CHOICE, .def = "small",
	  .offset = offsetof(struct settings, size), .read = read_size },
	{ .name = "name", .type = CONF_STRING, .def = "none",
	  .offset = offsetof(struct settings, name) },
	{ .name = "called", .type = CONF_STRING, .def = "none",
	  .offset = offsetof(struct settings, name), .alias_of = "name" },
	{ .name = "password", .type = CONF_SECRET,
	  .offset = offsetof(struct settings, password) },
	{ .name = "pass_phrase", .type = CONF_SECRET,
	  .offset = offsetof(struct settings, password),
	  .alias_of = "password" },
};

static const struct conf_table table = { "test", keys, COUNT_OF(keys) };

static char reports[REPORTS_SIZE];

static void
note(void *ctx, const char *text)
{
	size_t len = strlen(reports);

	assert_ptr_equal(ctx, &table);
	(void)snprintf(reports + len, sizeof(reports) - len, "%s\n", text);
}

static unsigned
apply(struct conf_entries *es, struct settings *s)
{
	reports[0] = '\0';
	return conf_apply(&table, es, s, note, (void *)&table);
}

static void
read_text(struct conf_entries *es, const char *text)
{
	assert_int_equal(conf_read_text(es, "file", text, strlen(text), NULL),
	    0);
}

static void
test_alias(void **state)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct settings s;

	(void)state;
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	assert_string_equal(s.name, "none");
	/* Whichever name it has, the last one wins. */
	read_text(&es, "called: ann\nname: joe\n");
	assert_int_equal(apply(&es, &s), 0);
	assert_string_equal(s.name, "joe");
	conf_entries_fini(&es);
	read_text(&es, "name: joe\nCalled: ann\n");
	assert_int_equal(apply(&es, &s), 0);
	assert_string_equal(s.name, "ann");
	assert_true(es.list[0].used && es.list[1].used);
	conf_entries_fini(&es);
	/* One member, let go twice. */
	conf_fini(&table, &s);
	assert_null(s.name);
	conf_fini(&table, &s);
}

static void
test_alias_of_secret(void **state)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct settings s;

	(void)state;
	freed_watch(MARK);
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	read_text(&es, "password: x\npass_phrase: " MARK "\n");
	assert_int_equal(apply(&es, &s), 0);
	assert_string_equal(secret_cstr(&s.password), MARK);
	conf_entries_fini(&es);
	conf_fini(&table, &s);
	assert_int_equal(s.password.len, 0);
	assert_int_equal(freed_finds(), 0);
	freed_watch(NULL);
}

/* What is proposed is the key, not its other name. */
static void
test_nearest(void **state)
{
	(void)state;
	assert_string_equal(conf_nearest(&table, "nmae"), "name");
	assert_null(conf_nearest(&table, "caled"));
	assert_ptr_equal(conf_key_find(&table, "called"), &keys[2]);
}

static void
test_read(void **state)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct settings s;

	(void)state;
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	assert_int_equal(s.size, 1);
	read_text(&es, "size: big  \nsize: huge\nsize: tiny\n");
	assert_int_equal(apply(&es, &s), 1);
	assert_int_equal(s.size, 1);
	assert_string_equal(reports,
	    "file:3: size: wants small or big, not 'tiny'\n");
	assert_null(es.list[0].remark);
	assert_string_equal(es.list[1].remark,
	    "file:2: size: counts as big");
	assert_null(es.list[2].remark);
	/* Taken again, it is remarked upon once. */
	assert_int_equal(apply(&es, &s), 1);
	assert_string_equal(es.list[1].remark,
	    "file:2: size: counts as big");
	conf_entries_fini(&es);
	conf_fini(&table, &s);
}

/* ---- conf_read_file_into ---------------------------------------------- */

static void
write_file(char path[], const char *text)
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)),
	    (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static void
test_file_in_front(void **state)
{
	char path[] = "/tmp/test_conf.XXXXXX";
	struct conf_entries es = CONF_ENTRIES_INIT;
	int errnum = -1;

	(void)state;
	write_file(path, "name: first\nsize: big\n");
	read_text(&es, "backend a {\nname: x\n}\nbackend b {\n"
	    "name: there\n}\n");
	assert_int_equal(conf_add(&es, "name", "set", "--set", NULL), 0);
	assert_int_equal(conf_read_file_into(&es, 2, path, &errnum, NULL),
	    0);
	assert_int_equal(errnum, 0);
	assert_int_equal(es.count, 5);
	assert_int_equal(es.part_count, 2);
	assert_string_equal(es.list[0].value, "first");
	assert_int_equal(es.list[0].part, 2);
	assert_int_equal(es.list[1].part, 2);
	/* What was there is as it was. */
	assert_int_equal(es.list[2].part, 1);
	assert_int_equal(es.list[3].part, 2);
	assert_string_equal(es.list[3].value, "there");
	assert_int_equal(es.list[4].part, 0);
	assert_string_equal(es.parts[1].name, "b");
	conf_entries_fini(&es);
	/* Also into nothing. */
	assert_int_equal(conf_read_file_into(&es, 0, path, NULL, NULL), 0);
	assert_int_equal(es.count, 2);
	assert_string_equal(conf_find(&es, "size")->value, "big");
	conf_entries_fini(&es);
	assert_int_equal(unlink(path), 0);
}

static void
test_bad_file_in_front(void **state)
{
	static const struct { const char *text, *why; } rows[] = {
		{ "name: x\nno colon\n", ":2: no colon" },
		{ "name: x\nbackend a {\n}\n", ":2: a part has no place" },
	};
	char path[] = "/tmp/test_conf.XXXXXX";
	char *const drawn = strstr(path, "XXXXXX");
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e;
	int errnum;
	size_t i;

	(void)state;
	read_text(&es, "name: there\n");
	for (i = 0; i < COUNT_OF(rows); i++) {
		memset(drawn, 'X', strlen(drawn));
		write_file(path, rows[i].text);
		assert_int_equal(conf_read_file_into(&es, 0, path, &errnum,
		    &e), -1);
		assert_row(rows[i].why, strstr(e.text, rows[i].why) != NULL);
		assert_int_equal(errnum, 0);
		assert_int_equal(es.count, 1);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(conf_read_file_into(&es, 0, path, &errnum, &e), -1);
	assert_int_equal(errnum, ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(es.count, 1);
	conf_entries_fini(&es);
}

/* An entry that no table is to see. */
static void
test_unused_part(void **state)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct settings s;

	(void)state;
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	read_text(&es, "name: joe\n");
	es.list[0].part = CONF_PART_UNUSED;
	assert_int_equal(apply(&es, &s), 0);
	assert_string_equal(s.name, "none");
	assert_null(conf_find(&es, "name"));
	conf_entries_fini(&es);
	conf_fini(&table, &s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_alias_of_secret),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_file_in_front),
		cmocka_unit_test(test_bad_file_in_front),
		cmocka_unit_test(test_unused_part)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
