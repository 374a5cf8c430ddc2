/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of conf_show: values, origins, the way through a frame.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "common/conf_show.h"
#include "common/secret.h"
#include "tests/unit/unit.h"

#define FRAME 65536
#define INNER 1u		/* a scope */
#define MARK "correct horse battery"

static const char *const colours[] = { "red", "green", NULL };

struct settings {
	bool sw;
	long number, time;
	char *text;
	int colour;
	char *friends, *steps;
	struct secret password;
};

#define AT(member) offsetof(struct settings, member)

static const struct conf_key keys[] = {
	{ .name = "switch", .type = CONF_BOOL, .offset = AT(sw),
	  .def = "no", .scope = INNER },
	{ .name = "number", .type = CONF_INT, .offset = AT(number),
	  .max = 100, .def = "7", .scope = INNER },
	{ .name = "life_time", .type = CONF_SECONDS, .offset = AT(time),
	  .max = 86400, .def = "1h" },
	{ .name = "text", .type = CONF_STRING, .offset = AT(text),
	  .scope = INNER },
	{ .name = "colour", .type = CONF_CHOICE, .offset = AT(colour),
	  .choices = colours, .def = "green" },
	{ .name = "friends", .type = CONF_NETWORKS, .offset = AT(friends),
	  .def = "127.0.0.0/8" },
	{ .name = "step", .type = CONF_LINES, .offset = AT(steps) },
	{ .name = "password", .type = CONF_SECRET, .offset = AT(password) }
};

static const struct conf_table table = { "test", keys, COUNT_OF(keys) };

static struct conf_entries entries;
static struct settings settings;
static struct conf_show shown, other;

static int
set_up(void **state)
{
	(void)state;
	memset(&settings, 0, sizeof(settings));
	conf_defaults(&table, &settings);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	conf_show_fini(&shown);
	conf_show_fini(&other);
	conf_fini(&table, &settings);
	conf_entries_fini(&entries);
	return 0;
}

static void
ignore(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static void
read_text(const char *text)
{
	size_t part;

	assert_int_equal(conf_read_text(&entries, "f", text, strlen(text),
	    NULL), 0);
	for (part = 0; part <= entries.part_count; part++)
		(void)conf_apply_part(&table, &entries, part, &settings,
		    ignore, NULL);
}

static void
show(struct conf_show *s, size_t part, bool inherits, unsigned scope)
{
	const struct conf_show_owner owner = {
		.table = &table, .settings = &settings, .scope = scope,
		.entries = &entries, .part = part, .inherits = inherits
	};

	conf_show_fini(s);
	assert_int_equal(conf_show_add(s, &owner), 0);
}

/* A list as one text: "key=value [origin]", marked where it is not whole. */
static const char *
text_of(const struct conf_show *s)
{
	static const char *const how[] = { "", " hidden", " cut" };
	static char text[4096];
	size_t len = 0, i;

	text[0] = '\0';
	for (i = 0; i < s->count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s=%s [%s]%s\n", s->list[i].key, s->list[i].value,
		    s->list[i].origin, how[s->list[i].how]);
	assert_true(len < sizeof(text));
	return text;
}

static void
test_defaults(void **state)
{
	const struct conf_show_owner bare = {
		.table = &table, .settings = &settings
	};

	(void)state;
	show(&shown, 0, false, 0);
	assert_string_equal(text_of(&shown), "switch=no [default]\n"
	    "number=7 [default]\nlife_time=3600 [default]\n"
	    "text= [default]\ncolour=green [default]\n"
	    "friends=127.0.0.0/8 [default]\nstep= [default]\n"
	    "password= [default]\n");
	assert_int_equal(conf_show_add(&other, &bare), 0);
	assert_true(conf_show_equal(&shown, &other));
}

static void
test_values(void **state)
{
	(void)state;
	read_text("switch: ON\nnumber: 08\nlife_time: 2m\ntext: a b \t\n"
	    "colour: RED\nfriends: ::1, 192.0.2.0/24\n"
	    "step: one\nstep: two x \npassword: " MARK "\n");
	assert_int_equal(conf_add(&entries, "NUMBER", "9", "-n", NULL), 0);
	(void)conf_apply(&table, &entries, &settings, ignore, NULL);
	show(&shown, 0, false, 0);
	assert_memory_equal(text_of(&shown), "switch=yes [f:1]\n"
	    "number=9 [-n]\nlife_time=120 [f:3]\ntext=a b [f:4]\n"
	    "colour=red [f:5]\nfriends=::1, 192.0.2.0/24 [f:6]\n"
	    "step=one [f:7]\nstep=two x [f:8]\n", 140);
	assert_non_null(strstr(text_of(&shown),
	    "password=(hidden) [f:9] hidden\n"));
	assert_null(strstr(text_of(&shown), MARK));
}

/* What was skipped decides nothing. */
static void
test_refused(void **state)
{
	(void)state;
	read_text("number: 5\nnumber: 500\nswitch: perhaps\n");
	show(&shown, 0, false, INNER);
	assert_string_equal(text_of(&shown), "switch=no [default]\n"
	    "number=5 [f:1]\ntext= [default]\n");
}

static void
test_parts(void **state)
{
	(void)state;
	read_text("number: 5\ntext: outside\nbackend a {\n number: 6\n}\n"
	    "backend b {\n switch: yes\n}\n");
	show(&shown, 1, true, INNER);
	assert_string_equal(text_of(&shown), "switch=yes [default]\n"
	    "number=6 [f:4]\ntext=outside [f:2]\n");
	/* A key of the same name outside is another one's. */
	show(&shown, 1, false, INNER);
	assert_non_null(strstr(text_of(&shown), "text=outside [default]\n"));
	show(&shown, 2, true, INNER);
	assert_non_null(strstr(text_of(&shown), "number=6 [f:1]\n"));
}

/* Through one that lacks so many bytes for the whole list. */
static void
through_frame(size_t missing)
{
	struct buf b;

	conf_show_fini(&other);
	buf_init(&b, FRAME);
	assert_int_equal(conf_show_put(&b, &shown), 0);
	b.max = buf_len(&b) - missing;
	buf_reset(&b);
	assert_int_equal(conf_show_put(&b, &shown), 0);
	assert_int_equal(conf_show_get(&b, &other), 0);
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);
}

static void
test_frame(void **state)
{
	char before[4096];

	(void)state;
	read_text("text: long enough to be cut where it has to be\n"
	    "password: " MARK "\nstep: one\n");
	show(&shown, 0, false, 0);
	(void)snprintf(before, sizeof(before), "%s", text_of(&shown));
	through_frame(0);
	assert_string_equal(text_of(&other), before);
	assert_true(conf_show_equal(&shown, &other));
	/* Only what is long suffers, and it shows. */
	through_frame(1);
	assert_non_null(strstr(text_of(&other),
	    "text=long enough to be cut where i... [f:1] cut\n"));
	assert_non_null(strstr(text_of(&other), "number=7 [default]\n"));
	assert_false(conf_show_equal(&shown, &other));
	assert_false(conf_show_equal(&other, &other));
}

/* Of an origin the end stays: that is where the line's number is. */
static void
test_long_origin(void **state)
{
	(void)state;
	assert_int_equal(conf_add(&entries, "number", "1",
	    "/a/very/long/path/of/a/file/saslauthd.conf:12", NULL), 0);
	(void)conf_apply(&table, &entries, &settings, ignore, NULL);
	show(&shown, 0, false, 0);
	through_frame(1);
	assert_non_null(strstr(text_of(&other),
	    "number=1 [...h/of/a/file/saslauthd.conf:12]\n"));
	assert_true(conf_show_equal(&shown, &other));
}

static void
test_no_room(void **state)
{
	struct buf b;

	(void)state;
	show(&shown, 0, false, 0);
	buf_init(&b, 20);
	assert_int_equal(conf_show_put(&b, &shown), -1);
	buf_fini(&b);
}

static void
test_bad_frames(void **state)
{
	struct buf b;
	size_t whole, n;

	(void)state;
	show(&shown, 0, false, INNER);
	buf_init(&b, FRAME);
	assert_int_equal(conf_show_put(&b, &shown), 0);
	whole = buf_len(&b);
	for (n = 1; n < whole; n++) {
		struct buf part;
		int rc;

		buf_init(&part, FRAME);
		conf_show_fini(&other);
		assert_int_equal(buf_put(&part, buf_data(&b), n), 0);
		rc = conf_show_get(&part, &other);
		/* Between two settings it is a shorter list. */
		assert_true(rc == -1 || other.count < shown.count);
		buf_fini(&part);
	}
	buf_reset(&b);
	conf_show_fini(&other);
	assert_int_equal(buf_put_str(&b, "k"), 0);
	assert_int_equal(buf_put_str(&b, "v"), 0);
	assert_int_equal(buf_put_str(&b, "o"), 0);
	assert_int_equal(buf_put_u8(&b, CONF_SHOWN_CUT + 1), 0);
	assert_int_equal(conf_show_get(&b, &other), -1);
	assert_int_equal(other.count, 0);
	buf_fini(&b);
}

static void
test_equal(void **state)
{
	(void)state;
	/* Nothing is known of either. */
	assert_false(conf_show_equal(&shown, &other));
	read_text("text: same\npassword: one\n");
	show(&shown, 0, false, 0);
	assert_int_equal(conf_add(&entries, "password", "two", "--set",
	    NULL), 0);
	(void)conf_apply(&table, &entries, &settings, ignore, NULL);
	show(&other, 0, false, 0);
	/* Another origin, another secret: the same settings. */
	assert_true(conf_show_equal(&shown, &other));
	secret_wipe(&settings.password);
	show(&other, 0, false, 0);
	assert_false(conf_show_equal(&shown, &other));
	show(&other, 0, false, INNER);
	assert_false(conf_show_equal(&shown, &other));
	show(&shown, 0, false, INNER);
	assert_true(conf_show_equal(&shown, &other));
	settings.number++;
	show(&other, 0, false, INNER);
	assert_false(conf_show_equal(&shown, &other));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_defaults), TEST(test_values), TEST(test_refused),
		TEST(test_parts), TEST(test_frame), TEST(test_long_origin),
		TEST(test_no_room), TEST(test_bad_frames), TEST(test_equal)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
