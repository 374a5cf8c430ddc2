/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Unit tests of conf: entries, reading, tables.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/secret.h"
#include "common/str.h"
#include "tests/unit/freed.h"
#include "tests/unit/unit.h"

#define MARK "correct horse battery"
#define REPORTS_SIZE 4096

static const char *const colours[] = { "red", "green", "blue", NULL };

struct settings {
	bool sw;
	long number, time;
	char *text, *path;
	int colour;
	char *friends, *steps;
	struct secret password;
};

static const struct conf_key keys[] = {
	{ "switch", CONF_BOOL, offsetof(struct settings, sw), 0, 0, "yes",
	    NULL, "a switch", 0, NULL, NULL, NULL },
	{ "number", CONF_INT, offsetof(struct settings, number), -5, 100,
	    "7", NULL, "a number", 0, NULL, NULL, NULL },
	{ "life_time", CONF_SECONDS, offsetof(struct settings, time), 1,
	    86400, "1h", NULL, "a time", 0, NULL, NULL, NULL },
	{ "text", CONF_STRING, offsetof(struct settings, text), 2, 10,
	    "abc", NULL, "a text", 0, NULL, NULL, NULL },
	{ "path", CONF_PATH, offsetof(struct settings, path), 0, 0, "",
	    NULL, "a path", 0, NULL, NULL, NULL },
	{ "colour", CONF_CHOICE, offsetof(struct settings, colour), 0, 0,
	    "green", colours, "a colour", 0, NULL, NULL, NULL },
	{ "friends", CONF_NETWORKS, offsetof(struct settings, friends), 0, 0,
	    "127.0.0.0/8,::1", NULL, "networks", 0, NULL, NULL, NULL },
	{ "step", CONF_LINES, offsetof(struct settings, steps), 0, 0, "",
	    NULL, "steps", 0, NULL, NULL, NULL },
	{ "password", CONF_SECRET, offsetof(struct settings, password), 0,
	    30, NULL, NULL, "a password", 0, NULL, NULL, NULL }
};

static const struct conf_table table = { "test", keys, COUNT_OF(keys) };

/* Lines of what conf_apply() finds bad. */
static char reports[REPORTS_SIZE];

static void
note(void *ctx, const char *text)
{
	size_t len = strlen(reports);

	assert_ptr_equal(ctx, &table);
	(void)snprintf(reports + len, sizeof(reports) - len, "%s\n", text);
}

static void
apply(struct conf_entries *es, struct settings *s, unsigned wrong)
{
	reports[0] = 0;
	assert_int_equal(conf_apply(&table, es, s, note, (void *)&table),
	    wrong);
}

static int
read_text(struct conf_entries *es, const char *text, struct errmsg *e)
{
	return conf_read_text(es, "file", text, strlen(text), e);
}

static void
test_lines(void **state)
{
	static const struct { const char *text, *key, *value; } rows[] = {
		{ "key: value", "key", "value" },
		{ "key:value\n", "key", "value" },
		{ "  \t key: value\n", "key", "value" },
		{ "KEY-2_x: Value\n", "key-2_x", "Value" },
		{ "key: \t value\n", "key", "value" },
		{ "key: a b: c # d\n", "key", "a b: c # d" },
		{ "key: value  \t\n", "key", "value  \t" },
		{ "key: value\r\n", "key", "value" },
		{ "key: value\r", "key", "value" },
		{ "key: v\ralue\n", "key", "v\ralue" },
		{ "key:\n", "key", "" },
		{ "key:", "key", "" },
		{ "key: \"q\"\n", "key", "\"q\"" },
		{ "key: J\303\266rg\n", "key", "J\303\266rg" },
		{ "key::x", "key", ":x" },
		{ "0: x", "0", "x" }
	};
	struct conf_entries es = CONF_ENTRIES_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].text,
		    read_text(&es, rows[i].text, NULL) == 0);
		assert_row(rows[i].text, es.count == 1);
		assert_string_equal(es.list[0].key, rows[i].key);
		assert_string_equal(es.list[0].value, rows[i].value);
		assert_string_equal(es.list[0].origin, "file:1");
		assert_false(es.list[0].used);
		conf_entries_fini(&es);
	}
}

static void
test_nothing(void **state)
{
	static const char *const texts[] = {
		"", "\n", "\r\n\r\n", "   \n\t\n", "# comment", "#a: b\n",
		"  \t# a: b\n", "#\n\n#"
	};
	struct conf_entries es = CONF_ENTRIES_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(texts); i++) {
		assert_row(texts[i], read_text(&es, texts[i], NULL) == 0);
		assert_row(texts[i], es.count == 0);
	}
}

static void
test_bad_lines(void **state)
{
	static const struct { const char *text, *message; } rows[] = {
		{ "key\n", "file:1: no colon behind the key 'key': wants "
		    "KEY: VALUE, or KIND NAME { to begin a part" },
		{ "\n\nkey value\n", "file:3: no colon behind the key" },
		{ "a: b\r\n\r\nkey : value\n", "file:3: no colon" },
		{ "key=value", "file:1: no colon behind the key 'key'" },
		{ ": value", "file:1: no key at the beginning: wants "
		    "KEY: VALUE" },
		{ "a: b\n[section]\n", "file:2: no key" },
		{ "k\303\266y: x", "file:1: no colon behind the key 'k'" },
		{ "key\r\n", "file:1: no colon" },
		{ "\357\273\277key: x\n", "file:1: no key" },
		{ "a.b: c", "file:1: no colon behind the key 'a'" }
	};
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_row(rows[i].text,
		    read_text(&es, rows[i].text, &e) == -1);
		assert_row(e.text, strstr(e.text, rows[i].message) == e.text);
		assert_row(rows[i].text, es.count == 0);
	}
	assert_int_equal(conf_read_text(&es, "file", "a: b\nk: x\0y\n", 12,
	    &e), -1);
	assert_string_equal(e.text, "file:2: NUL byte in the line");
	assert_int_equal(es.count, 0);
}

static void
test_long_lines(void **state)
{
	char *text = malloc(CONF_LINE_MAX + 10);
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', CONF_LINE_MAX + 10);
	memcpy(text, "a:", 2);
	memcpy(text + CONF_LINE_MAX, "\r\nb: c\n", 7);
	assert_int_equal(conf_read_text(&es, "file", text, CONF_LINE_MAX + 7,
	    NULL), 0);
	assert_int_equal(es.count, 2);
	assert_int_equal(strlen(es.list[0].value), CONF_LINE_MAX - 2);
	assert_string_equal(es.list[1].key, "b");
	conf_entries_fini(&es);

	memcpy(text + CONF_LINE_MAX, "x\nb: c\n", 7);
	assert_int_equal(conf_read_text(&es, "file", text, CONF_LINE_MAX + 7,
	    &e), -1);
	assert_string_equal(e.text, "file:1: line longer than 16384 bytes");
	assert_int_equal(es.count, 0);
	free(text);
}

static void
test_order(void **state)
{
	struct conf_entries es = CONF_ENTRIES_INIT;

	(void)state;
	assert_int_equal(read_text(&es, "a: 1\nb: 2\nA: 3\n", NULL), 0);
	assert_int_equal(conf_add(&es, "B", "4", "-n", NULL), 0);
	assert_int_equal(es.count, 4);
	assert_string_equal(conf_find(&es, "a")->value, "3");
	assert_string_equal(conf_find(&es, "a")->origin, "file:3");
	assert_string_equal(conf_find(&es, "B")->value, "4");
	assert_string_equal(conf_find(&es, "b")->origin, "-n");
	assert_null(conf_find(&es, "c"));
	/* a bad text changes nothing */
	assert_int_equal(read_text(&es, "a: 5\nbad\n", NULL), -1);
	assert_int_equal(es.count, 4);
	assert_string_equal(conf_find(&es, "a")->value, "3");
	conf_entries_fini(&es);
	assert_int_equal(es.count, 0);
}

static void
test_add(void **state)
{
	char *big = malloc(CONF_LINE_MAX + 1);
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e;

	(void)state;
	assert_non_null(big);
	memset(big, 'x', CONF_LINE_MAX);
	big[CONF_LINE_MAX] = 0;
	assert_int_equal(conf_add(&es, "", "x", "-O", &e), -1);
	assert_string_equal(e.text, "-O: not a key");
	assert_int_equal(conf_add(&es, "a b", "x", "-O", NULL), -1);
	assert_int_equal(conf_add(&es, "a:", "x", "-O", NULL), -1);
	assert_int_equal(conf_add(&es, "a", big, "-O", NULL), -1);
	assert_int_equal(es.count, 0);
	assert_int_equal(conf_add(&es, "a", big + 1, "-O", NULL), 0);
	conf_entries_fini(&es);
	free(big);
}

static void
test_add_set(void **state)
{
	static const struct { const char *text, *key, *value; } good[] = {
		{ "key=value", "key", "value" },
		{ "Key=Value", "key", "Value" },
		{ "key: value", "key", "value" },
		{ "key:value", "key", "value" },
		{ "key=", "key", "" },
		{ "key=a=b:c", "key", "a=b:c" },
		{ "key=x ", "key", "x " }
	};
	static const char *const bad[] = {
		"", "key", "=value", ":x", "key value", " key=x", "k y=x"
	};
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(good); i++) {
		assert_row(good[i].text,
		    conf_add_set(&es, good[i].text, NULL) == 0);
		assert_string_equal(es.list[0].key, good[i].key);
		assert_string_equal(es.list[0].value, good[i].value);
		assert_string_equal(es.list[0].origin, "--set");
		conf_entries_fini(&es);
	}
	for (i = 0; i < COUNT_OF(bad); i++) {
		assert_row(bad[i], conf_add_set(&es, bad[i], &e) == -1);
		assert_string_equal(e.text, "--set: wants key=value");
		assert_int_equal(es.count, 0);
	}
}

static void
test_file(void **state)
{
	char path[] = "/tmp/test_conf.XXXXXX", expected[64];
	struct conf_entries es = CONF_ENTRIES_INIT;
	int fd = mkstemp(path), errnum = 77;
	struct errmsg e;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a: b\nc: d\n", 10), 10);
	assert_int_equal(conf_read_file(&es, path, &errnum, &e), 0);
	assert_int_equal(errnum, 0);
	assert_int_equal(es.count, 2);
	(void)snprintf(expected, sizeof(expected), "%s:2", path);
	assert_string_equal(es.list[1].origin, expected);

	assert_int_equal(write(fd, "bad", 3), 3);
	errnum = 77;
	assert_int_equal(conf_read_file(&es, path, &errnum, &e), -1);
	assert_int_equal(errnum, 0);
	(void)snprintf(expected, sizeof(expected), "%s:3: no colon", path);
	assert_non_null(strstr(e.text, expected));
	assert_int_equal(es.count, 2);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(conf_read_file(&es, path, &errnum, &e), -1);
	assert_int_equal(errnum, ENOENT);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(conf_read_file(&es, path, NULL, NULL), -1);
	(void)close(fd);
	conf_entries_fini(&es);
}

/* A text that names parts is known as such, also when it is refused. */
static void
test_text_with_parts(void **state)
{
	static const struct { const char *text; bool has_parts; } rows[] = {
		{ "", false },
		{ "a: b {\n", false },
		{ "bad\nkey: {\n# backend x {\n", false },
		{ "backend x {\n}\n", true },
		{ "bad\n \tbackend x { \t\r\n", true },
		{ "backend x {\nbad\n}\n", true },
		{ "bad\nbackend {", true },
	};
	struct conf_entries es = CONF_ENTRIES_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		(void)read_text(&es, rows[i].text, NULL);
		assert_row(rows[i].text, es.has_parts == rows[i].has_parts);
		conf_entries_fini(&es);
		assert_false(es.has_parts);
	}
}

/* Parts: what stands in one, and what begins and ends it. */
static void
test_parts(void **state)
{
	static const char text[] =
	    "number: 1\n"
	    "backend corp {\n"
	    "\tnumber: 2\n"
	    "\ttext: { and }\n"
	    "}\n"
	    "  Route  a.b-c_1  {  \r\n"
	    "number: 3\n"
	    "  }  \n"
	    "backend other {\n}\n"
	    "number: 4\n";
	struct conf_entries es = CONF_ENTRIES_INIT, again = CONF_ENTRIES_INIT;
	struct settings s;
	struct buf b;
	size_t part;

	(void)state;
	assert_int_equal(read_text(&es, text, NULL), 0);
	assert_int_equal(es.part_count, 3);
	assert_string_equal(es.parts[1].kind, "route");
	assert_string_equal(es.parts[1].name, "a.b-c_1");
	assert_string_equal(es.parts[1].origin, "file:6");
	assert_int_equal(conf_find_part(&es, "BACKEND", "other"), 3);
	assert_int_equal(conf_find_part(&es, "backend", "Corp"), 0);
	assert_string_equal(conf_find(&es, "number")->value, "4");
	assert_null(conf_find(&es, "text"));
	assert_string_equal(conf_find_in(&es, 1, "number")->value, "2");
	assert_string_equal(conf_find_in(&es, 1, "TEXT")->origin, "file:4");
	assert_null(conf_find_in(&es, 3, "number"));

	/* Behind others they keep what is theirs, also through a frame. */
	assert_int_equal(read_text(&again, "backend x {\nnumber: 9\n}\n",
	    NULL), 0);
	buf_init(&b, 4000);
	assert_int_equal(conf_entries_put(&b, &es), 0);
	assert_int_equal(conf_entries_get(&b, &again), 0);
	buf_fini(&b);
	assert_int_equal(again.part_count, 4);
	part = conf_find_part(&again, "backend", "corp");
	assert_int_equal(part, 2);
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	assert_int_equal(conf_apply_part(&table, &again, part, &s, NULL,
	    NULL), 0);
	assert_int_equal(s.number, 2);
	assert_string_equal(s.text, "{ and }");
	assert_int_equal(conf_apply(&table, &again, &s, NULL, NULL), 0);
	assert_int_equal(s.number, 4);
	conf_fini(&table, &s);
	conf_entries_fini(&es);
	conf_entries_fini(&again);
}

static void
test_bad_parts(void **state)
{
	static const struct { const char *text, *error; } rows[] = {
		{ "backend {\n}\n", "file:1: a part begins with" },
		{ "backend a b {\n}\n", "file:1: a part begins with" },
		{ "backend a/b {\n}\n", "file:1: a part begins with" },
		{ "backend a { x\n", "file:1: no colon" },
		{ "backend a {\nbackend b {\n}\n}\n",
		    "file:2: backend a of file:1 has no }" },
		{ "backend a {\n} # end\n", "file:2: } must stand alone" },
		{ "x: 1\n}\n", "file:2: } without a part" },
		{ "x: 1\nbackend a {\ny: 2\n",
		    "file:2: backend a has no } at its end" },
		{ "backend a {\n}\nBackend a {\n}\n",
		    "file:3: backend a is there already, at file:1" },
		{ "backend a234567890123456789012345678901234567890123456789"
		    "01234567890123456 {\n}\n", "file:1: a name longer than" },
	};
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct errmsg e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		e = (struct errmsg)ERRMSG_INIT;
		assert_row(rows[i].text,
		    read_text(&es, rows[i].text, &e) == -1);
		assert_row(e.text, str_starts(e.text, rows[i].error));
		assert_int_equal(es.count + es.part_count, 0);
	}
}

static void
test_through_frame(void **state)
{
	struct conf_entries out = CONF_ENTRIES_INIT, in = CONF_ENTRIES_INIT;
	struct buf b, cut;
	size_t n, len;

	(void)state;
	assert_int_equal(read_text(&out, "a: b \nc:\n", NULL), 0);
	assert_int_equal(conf_add(&in, "first", "x", "-O", NULL), 0);
	buf_init(&b, 1000);
	assert_int_equal(conf_entries_put(&b, &out), 0);
	len = buf_len(&b);
	for (n = 0; n < len; n++) {
		buf_init(&cut, 1000);
		assert_int_equal(buf_put(&cut, buf_data(&b), n), 0);
		assert_int_equal(conf_entries_get(&cut, &in), -1);
		assert_int_equal(in.count, 1);
		buf_fini(&cut);
	}
	assert_int_equal(conf_entries_get(&b, &in), 0);
	assert_int_equal(in.count, 3);
	assert_string_equal(in.list[1].key, "a");
	assert_string_equal(in.list[1].value, "b ");
	assert_string_equal(in.list[2].origin, "file:2");
	assert_int_equal(buf_len(&b), 0);
	buf_fini(&b);

	buf_init(&b, 10);
	assert_int_equal(conf_entries_put(&b, &out), -1);
	buf_reset(&b);
	assert_int_equal(buf_put_u32(&b, UINT32_MAX), 0);
	assert_int_equal(conf_entries_get(&b, &in), -1);
	buf_fini(&b);
	conf_entries_fini(&out);
	conf_entries_fini(&in);
}

static void
test_defaults(void **state)
{
	struct settings s;

	(void)state;
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	assert_true(s.sw);
	assert_int_equal(s.number, 7);
	assert_int_equal(s.time, 3600);
	assert_string_equal(s.text, "abc");
	assert_string_equal(s.path, "");
	assert_int_equal(s.colour, 1);
	assert_string_equal(s.friends, "127.0.0.0/8,::1");
	assert_int_equal(s.password.len, 0);
	s.number = 8;
	conf_defaults(&table, &s);
	assert_int_equal(s.number, 7);
	conf_fini(&table, &s);
	assert_null(s.text);
	assert_null(s.friends);
	conf_fini(&table, &s);
	conf_defaults(&table, &s);
	assert_string_equal(s.text, "abc");
	conf_fini(&table, &s);
}

static void
test_apply(void **state)
{
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct settings s;

	(void)state;
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	assert_int_equal(read_text(&es, "switch: Off\nNumber: -5 \nother: x\n"
	    "life_time: 2h\t\ntext: a b\npath: /x y\ncolour: BLUE\n"
	    "password: blank \nnumber: 100\n"
	    "friends: 192.0.2.0/24  2001:db8::/32, \n", NULL), 0);
	apply(&es, &s, 0);
	assert_false(s.sw);
	assert_int_equal(s.number, 100);
	assert_int_equal(s.time, 7200);
	assert_string_equal(s.text, "a b");
	assert_string_equal(s.path, "/x y");
	assert_int_equal(s.colour, 2);
	assert_string_equal(secret_cstr(&s.password), "blank ");
	assert_string_equal(s.friends, "192.0.2.0/24  2001:db8::/32,");
	assert_true(es.list[0].used && es.list[8].used);
	assert_false(es.list[2].used);
	assert_string_equal(reports, "");
	conf_entries_fini(&es);
	assert_int_equal(read_text(&es, "friends:\n", NULL), 0);
	apply(&es, &s, 0);
	assert_string_equal(s.friends, "");
	conf_fini(&table, &s);
	conf_entries_fini(&es);
}

static void
test_apply_values(void **state)
{
	static const struct { const char *text; bool sw; long time; } rows[] =
	{
		{ "switch: 1\nlife_time: 1", true, 1 },
		{ "switch: TRUE\nlife_time: 90s", true, 90 },
		{ "switch: on\nlife_time: 5m", true, 300 },
		{ "switch: Yes\nlife_time: 24H", true, 86400 },
		{ "switch: 0\nlife_time: 1d", false, 86400 },
		{ "switch: false\nlife_time: 010", false, 10 },
		{ "switch: no\nlife_time: 86400", false, 86400 }
	};
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct settings s;
	size_t i;

	(void)state;
	memset(&s, 0, sizeof(s));
	for (i = 0; i < COUNT_OF(rows); i++) {
		conf_defaults(&table, &s);
		assert_int_equal(read_text(&es, rows[i].text, NULL), 0);
		apply(&es, &s, 0);
		assert_row(rows[i].text, s.sw == rows[i].sw);
		assert_row(rows[i].text, s.time == rows[i].time);
		conf_entries_fini(&es);
	}
	conf_fini(&table, &s);
}

/* A bad value is told of with place and key, and the member stays. */
static void
test_apply_bad(void **state)
{
	static const struct { const char *text, *report; } rows[] = {
		{ "switch: maybe", "file:1: switch: wants yes or no, not "
		    "'maybe'\n" },
		{ "switch:", "file:1: switch: wants yes or no, not ''\n" },
		{ "switch: yes sir", "file:1: switch: wants yes or no, not "
		    "'yes sir'\n" },
		{ "number: 101", "file:1: number: wants a number from -5 to "
		    "100, not '101'\n" },
		{ "number: -6", "file:1: number: wants" },
		{ "number: ten", "file:1: number: wants" },
		{ "number: 1 2", "file:1: number: wants" },
		{ "number: 99999999999999999999", "file:1: number: wants" },
		{ "number:", "file:1: number: wants" },
		{ "life_time: 0", "file:1: life_time: wants a time from 1 to "
		    "86400 seconds (10, 10s, 5m, 2h, 1d), not '0'\n" },
		{ "life_time: 2d", "file:1: life_time: wants" },
		{ "life_time: 1w", "file:1: life_time: wants" },
		{ "life_time: s", "file:1: life_time: wants" },
		{ "life_time: 1ms", "file:1: life_time: wants" },
		{ "life_time: 1 h", "file:1: life_time: wants" },
		{ "life_time: 9223372036854775807d",
		    "file:1: life_time: wants" },
		/* (2^57 + 1) * 86400 is 86400 modulo 2^64 */
		{ "life_time: 144115188075855873d",
		    "file:1: life_time: wants" },
		{ "life_time: 0000000000000000000000000000000000001",
		    "file:1: life_time: wants" },
		{ "life_time:", "file:1: life_time: wants" },
		{ "text: a", "file:1: text: wants 2 to 10 bytes, not 'a'\n" },
		{ "text: elevenbytes", "file:1: text: wants" },
		{ "path: tmp/x", "file:1: path: wants an absolute path, not "
		    "'tmp/x'\n" },
		{ "colour: pink", "file:1: colour: wants red, green or "
		    "blue, not 'pink'\n" },
		{ "colour:", "file:1: colour: wants red, green or blue" },
		{ "colour: \033[2J]\n", "file:1: colour: wants red, green or "
		    "blue, not '\\x1b\\x5b2J\\x5d'\n" },
		{ "friends: ::1, 192.0.2.1/24", "file:1: friends: "
		    "'192.0.2.1/24' has bits set behind its length\n" },
		{ "friends: example.org", "file:1: friends: 'example.org' "
		    "is no address or network\n" }
	};
	struct conf_entries es = CONF_ENTRIES_INIT;
	struct settings s;
	size_t i;

	(void)state;
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	for (i = 0; i < COUNT_OF(rows); i++) {
		assert_int_equal(read_text(&es, rows[i].text, NULL), 0);
		apply(&es, &s, 1);
		assert_row(reports, str_starts(reports, rows[i].report));
		assert_row(rows[i].text, es.list[0].used);
		conf_entries_fini(&es);
	}
	assert_true(s.sw && s.number == 7 && s.time == 3600 &&
	    s.colour == 1);
	assert_string_equal(s.text, "abc");
	assert_string_equal(s.path, "");
	assert_string_equal(s.friends, "127.0.0.0/8,::1");
	conf_fini(&table, &s);
}

/* Neither shown when it is bad nor left in memory. */
static void
test_secrets(void **state)
{
	char path[] = "/tmp/test_conf.XXXXXX";
	struct conf_entries es = CONF_ENTRIES_INIT;
	int fd = mkstemp(path);
	struct settings s;

	(void)state;
	assert_true(fd >= 0);
	dprintf(fd, "password: %s\npassword: %s and much too long\n", MARK,
	    MARK);
	(void)close(fd);
	freed_watch(MARK);
	memset(&s, 0, sizeof(s));
	conf_defaults(&table, &s);
	assert_int_equal(conf_read_file(&es, path, NULL, NULL), 0);
	apply(&es, &s, 1);
	assert_string_equal(secret_cstr(&s.password), MARK);
	assert_null(strstr(reports, "horse"));
	assert_non_null(strstr(reports, ":2: password: wants 0 to 30 bytes"));
	conf_entries_fini(&es);
	conf_fini(&table, &s);
	assert_int_equal(freed_finds(), 0);
	freed_watch(NULL);
	assert_int_equal(unlink(path), 0);
}

static void
test_keys(void **state)
{
	struct conf_near near;
	struct errmsg e;

	(void)state;
	assert_ptr_equal(conf_key_find(&table, "NUMBER"), &keys[1]);
	assert_null(conf_key_find(&table, "numbers"));
	assert_string_equal(conf_nearest(&table, "numbers"), "number");
	assert_string_equal(conf_nearest(&table, "life-time"), "life_time");
	assert_string_equal(conf_nearest(&table, "color"), "colour");
	assert_string_equal(conf_nearest(&table, "passwrod"), "password");
	assert_null(conf_nearest(&table, "something"));
	assert_null(conf_nearest(&table, "x"));
	assert_null(conf_nearest(&table, ""));
	conf_near_init(&near, "lcoal");
	(void)errmsg_set(&e, "none");
	conf_near_hint(&near, &e);
	assert_string_equal(e.text, "none");
	conf_near_offer(&near, "loyal");
	conf_near_offer(&near, "local");
	conf_near_offer(&near, "lcal2");
	conf_near_hint(&near, &e);
	assert_string_equal(e.text, "none (did you mean local?)");
	assert_string_equal(conf_type_name(CONF_SECONDS), "seconds");
	assert_string_equal(conf_type_name(CONF_NETWORKS), "networks");
	assert_string_equal(conf_type_name((enum conf_type)99), "invalid");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_add_set),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_text_with_parts),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_bad_parts),
		cmocka_unit_test(test_through_frame),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_apply_values),
		cmocka_unit_test(test_apply_bad),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_keys)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
