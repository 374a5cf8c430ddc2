/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_format: what each format reads and refuses, and that what it writes
 * reads as the same user.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"
#include "tools/user_format.h"

#define BUFFER_MAX 65536
#define BCRYPT "$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/" \
	"FuA2/mHZFpe"

/* The records of a text; the last one decides. */
struct reading {
	const struct user_format *format;
	struct user_format_state state;
	struct user_record record;
	struct errmsg e;
	char *text;		/* the names are in it */
};

static enum user_format_found
read_record(struct reading *r, const char *text)
{
	free(r->text);
	r->text = strdup(text);
	assert_non_null(r->text);
	return user_format_parse(r->format, &r->state, r->text,
	    strlen(text), &r->record, &r->e);
}

static void
reading_fini(struct reading *r)
{
	free(r->text);
	user_db_entry_fini(&r->record.entry);
	user_format_state_fini(&r->state);
}

struct row {
	const struct user_format *format;
	const char *head[5];	/* records before it, with nothing in them */
	const char *text;
	const char *user, *realm;	/* user NULL: refused */
	const char *value;		/* or a word of the message */
	bool plain;
	int64_t changed_sec;
};

static const struct row rows[] = {
	/* htpasswd */
	{ &user_format_htpasswd, { "", "# a comment" }, "joe:" BCRYPT,
	    "joe", NULL, BCRYPT, false, 0 },
	{ &user_format_htpasswd, { NULL }, "joe@dom:" BCRYPT ":a comment",
	    "joe", "dom", BCRYPT, false, 0 },
	{ &user_format_htpasswd, { NULL }, "a@b@c:abJnggxhB/yWI",
	    "a", "b@c", "abJnggxhB/yWI", false, 0 },
	{ &user_format_htpasswd, { NULL }, "joe", NULL, NULL, "no colon",
	    false, 0 },
	{ &user_format_htpasswd, { NULL }, "joe:", NULL, NULL,
	    "of no method", false, 0 },
	{ &user_format_htpasswd, { NULL }, "joe:$apr1$x$y", NULL, NULL,
	    "of no method", false, 0 },
	{ &user_format_htpasswd, { NULL },
	    "joe:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", NULL, NULL,
	    "of no method", false, 0 },
	/* passwd-file */
	{ &user_format_passwd_file, { "# a comment" },
	    "joe@dom:{PLAIN}s3cret:1000:1000::/home/joe::x=y",
	    "joe", "dom", "s3cret", true, 0 },
	{ &user_format_passwd_file, { NULL }, "joe:{plain.hex}613a62",
	    "joe", NULL, "a:b", true, 0 },
	{ &user_format_passwd_file, { NULL }, "joe:" BCRYPT "::::::",
	    "joe", NULL, BCRYPT, false, 0 },
	{ &user_format_passwd_file, { NULL }, "joe:{BLF-CRYPT}" BCRYPT,
	    "joe", NULL, BCRYPT, false, 0 },
	{ &user_format_passwd_file, { NULL }, "joe:{SSHA}abcdef", NULL,
	    NULL, "a scheme that", false, 0 },
	{ &user_format_passwd_file, { NULL }, "joe:{SSHA", NULL, NULL,
	    "without an end", false, 0 },
	{ &user_format_passwd_file, { NULL }, "joe:{PLAIN.HEX}6", NULL,
	    NULL, "not hexadecimal", false, 0 },
	{ &user_format_passwd_file, { NULL }, "joe:{PLAIN.HEX}6g", NULL,
	    NULL, "not hexadecimal", false, 0 },
	{ &user_format_passwd_file, { NULL }, "joe:{PLAIN}", NULL, NULL,
	    "empty password", false, 0 },
	{ &user_format_passwd_file, { NULL }, "joe::1000", NULL, NULL,
	    "of no method", false, 0 },
	/* csv */
	{ &user_format_csv, { "user,realm,hash,password,changed", "" },
	    "joe,dom," BCRYPT ",,2026-01-31T23:59:59Z",
	    "joe", "dom", BCRYPT, false, 1769903999 },
	{ &user_format_csv, { "\xef\xbb\xbfPassword,email,\"USER\"" },
	    "\"a \"\"b\"\", c\nd\",j@x,\"joe\"",
	    "joe", NULL, "a \"b\", c\nd", true, 0 },
	{ &user_format_csv, { "user,realm,password" }, "joe,,x",
	    "joe", NULL, "x", true, 0 },
	{ &user_format_csv, { "user,password" }, "joe,\"x\"y", NULL, NULL,
	    "behind a closing quote", false, 0 },
	{ &user_format_csv, { "user,password" }, "joe,x,y", NULL, NULL,
	    "has 3 fields where the first record has 2", false, 0 },
	{ &user_format_csv, { "user,password" }, "joe", NULL, NULL,
	    "has 1 fields", false, 0 },
	{ &user_format_csv, { "user,password" }, ",x", NULL, NULL,
	    "names no user", false, 0 },
	{ &user_format_csv, { "user,password,hash" }, "joe,,", NULL, NULL,
	    "either a hash or a password", false, 0 },
	{ &user_format_csv, { "user,password,hash" }, "joe,x," BCRYPT, NULL,
	    NULL, "either a hash or a password", false, 0 },
	{ &user_format_csv, { "user,hash" }, "joe,x", NULL, NULL,
	    "of no method", false, 0 },
	{ &user_format_csv, { "user,hash,changed" }, "joe," BCRYPT ",now",
	    NULL, NULL, "is no time", false, 0 },
	{ &user_format_csv, { NULL }, "joe,x", NULL, NULL,
	    "names no columns", false, 0 },
	{ &user_format_csv, { NULL }, "user,hash,user", NULL, NULL,
	    "names column user twice", false, 0 },
	/* cyrus */
	{ &user_format_cyrus, { "VERSION=3", "format=print", "type=hash",
	    "HEADER=END", " joe\\00dom\\00userPassword" }, " a\\5c\\\\\\0a",
	    "joe", "dom", "a\\\\\n", true, 0 },
	{ &user_format_cyrus, { "VERSION=3", "format=bytevalue",
	    "db_pagesize=4096", "HEADER=END",
	    " 6a6F6500646f6d007573657250617373776f7264" },
	    " 7B43525950547d61624a6e67677868422f795749",
	    "joe", "dom", "abJnggxhB/yWI", false, 0 },
	{ &user_format_cyrus, { NULL }, "joe", NULL, NULL,
	    "not the beginning of a dump", false, 0 },
	{ &user_format_cyrus, { "VERSION=3", "HEADER=END" }, "joe", NULL,
	    NULL, "no line of a dump", false, 0 },
	{ &user_format_cyrus, { "VERSION=3", "HEADER=END" }, " joe", NULL,
	    NULL, "no key of a user", false, 0 },
	{ &user_format_cyrus, { "VERSION=3", "HEADER=END" },
	    " a\\00b\\00c\\00d", NULL, NULL, "no key of a user", false, 0 },
	{ &user_format_cyrus, { "VERSION=3", "HEADER=END" }, " joe\\0",
	    NULL, NULL, "not written as the header says", false, 0 },
	{ &user_format_cyrus, { "VERSION=3", "format=bytevalue",
	    "HEADER=END" }, " 6a6", NULL, NULL,
	    "not written as the header says", false, 0 },
	{ &user_format_cyrus, { "VERSION=3", "HEADER=END",
	    " joe\\00dom\\00userPassword" }, " ", NULL, NULL,
	    "is no password", false, 0 },
};

static void
check_row(const struct row *row, const struct reading *r,
    enum user_format_found found)
{
	const struct user_db_entry *entry = &r->record.entry;

	if (row->user == NULL) {
		assert_row(row->text, found == USER_FORMAT_BAD);
		assert_row(row->text, strstr(r->e.text, row->value) != NULL);
		return;
	}
	assert_row(row->text, found == USER_FORMAT_ROW);
	assert_row(row->text, strcmp(r->record.user, row->user) == 0);
	if (row->realm == NULL)
		assert_row(row->text, r->record.realm == NULL);
	else
		assert_row(row->text, strcmp(r->record.realm,
		    row->realm) == 0);
	assert_row(row->text, entry->is_plain == row->plain);
	assert_row(row->text, strcmp(row->plain ?
	    secret_cstr(&entry->plain) : entry->hash, row->value) == 0);
	assert_row(row->text, entry->changed_sec == row->changed_sec);
}

static void
test_read(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT_OF(rows); i++) {
		struct reading r = { .format = rows[i].format };

		for (j = 0; j < COUNT_OF(rows[i].head) &&
		    rows[i].head[j] != NULL; j++)
			assert_row(rows[i].head[j], read_record(&r,
			    rows[i].head[j]) == USER_FORMAT_NOTHING);
		check_row(&rows[i], &r, read_record(&r, rows[i].text));
		reading_fini(&r);
	}
}

/* Whatever stands there may be a password. */
static void
test_messages_have_no_values(void **state)
{
	static const char *const texts[] = {
		"hush", "joe:hush", "joe:{hush}hush", "joe,hush", "hush,",
		" hush", "joe:{PLAIN.HEX}hush"
	};
	static const struct user_format *const formats[] = {
		&user_format_csv, &user_format_cyrus, &user_format_htpasswd,
		&user_format_passwd_file
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT_OF(texts); i++)
		for (j = 0; j < COUNT_OF(formats); j++) {
			struct reading r = { .format = formats[j] };

			if (formats[j] == &user_format_csv)
				(void)read_record(&r, "user,hash,x");
			(void)read_record(&r, texts[i]);
			assert_row(texts[i], r.e.text[0] != '\0');
			assert_row(texts[i],
			    strstr(r.e.text, "hush") == NULL);
			reading_fini(&r);
		}
}

static void
test_nul(void **state)
{
	struct reading r = { .format = &user_format_htpasswd };
	char text[] = "joe\0:" BCRYPT;

	(void)state;
	assert_int_equal(user_format_parse(r.format, &r.state, text,
	    sizeof(text) - 1, &r.record, &r.e), USER_FORMAT_BAD);
	assert_non_null(strstr(r.e.text, "NUL"));
}

/* The second line of a bad key is no key, and other properties are counted. */
static void
test_dump_goes_on(void **state)
{
	static const char *const head[] = { "VERSION=3", "format=print",
		"HEADER=END" };
	struct reading r = { .format = &user_format_cyrus };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT_OF(head); i++)
		assert_int_equal(read_record(&r, head[i]),
		    USER_FORMAT_NOTHING);
	assert_int_equal(read_record(&r, " nobody"), USER_FORMAT_BAD);
	assert_int_equal(read_record(&r, " joe\\00dom\\00userPassword"),
	    USER_FORMAT_NOTHING);
	assert_int_equal(read_record(&r, " joe\\00dom\\00cmusaslsecretOTP"),
	    USER_FORMAT_NOTHING);
	assert_int_equal(read_record(&r, " x"), USER_FORMAT_NOTHING);
	assert_int_equal(r.state.others, 1);
	assert_int_equal(user_format_end(r.format, &r.state, &r.e), -1);
	assert_non_null(strstr(r.e.text, "DATA=END is missing"));
	assert_int_equal(read_record(&r, "DATA=END"), USER_FORMAT_NOTHING);
	assert_int_equal(user_format_end(r.format, &r.state, &r.e), 0);
	reading_fini(&r);
}

/* Each record of what was written, in turn, up to the row. */
static enum user_format_found
read_back(struct reading *r, char *text)
{
	enum user_format_found found = USER_FORMAT_NOTHING;
	bool open = false;
	char *from = text, *at;

	for (at = text; *at != '\0' && found == USER_FORMAT_NOTHING; at++) {
		if (r->format->quotes && *at == '"')
			open = !open;
		if (*at != '\n' || open)
			continue;
		*at = '\0';
		found = read_record(r, from);
		from = at + 1;
	}
	return found;
}

static void
round_trip(const struct user_format *format, const struct user_db_row *row)
{
	struct reading r = { .format = format };
	struct errmsg e = ERRMSG_INIT;
	struct buf to;

	buf_init(&to, BUFFER_MAX);
	assert_int_equal(user_format_text_put(&to, format->head), 0);
	assert_int_equal(user_format_put(format, &to, row, &e), 0);
	assert_int_equal(buf_put(&to, "", 1), 0);
	assert_int_equal(read_back(&r, (char *)to.bytes + to.start),
	    USER_FORMAT_ROW);
	assert_string_equal(r.record.user, row->user);
	assert_string_equal(r.record.realm, row->realm);
	assert_int_equal(r.record.entry.is_plain, row->entry->is_plain);
	if (row->entry->is_plain)
		assert_true(secret_equal(&r.record.entry.plain,
		    &row->entry->plain));
	else
		assert_string_equal(r.record.entry.hash, row->entry->hash);
	if (format == &user_format_csv)
		assert_int_equal(r.record.entry.changed_sec,
		    row->entry->changed_sec);
	buf_fini(&to);
	reading_fini(&r);
}

static void
test_round_trips(void **state)
{
	static const char *const passwords[] = {
		"s3cret", " a ", "a:b", "a,b", "\"", "\"a\"\n,b\r\n", "{CRYPT}",
		"\\00", "#", "gr\xc3\xb6\xc3\x9f", "\xff\xfe", "\r"
	};
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	const struct user_db_row row = { "joe \"x\", y", "dom",
		USER_DB_PASSWORD, &entry };
	size_t i;

	(void)state;
	entry.changed_sec = 1769903999;
	assert_int_equal(user_format_set_hash(&entry, BCRYPT, NULL), 0);
	round_trip(&user_format_htpasswd, &row);
	round_trip(&user_format_passwd_file, &row);
	round_trip(&user_format_csv, &row);
	round_trip(&user_format_cyrus, &row);
	for (i = 0; i < COUNT_OF(passwords); i++) {
		assert_int_equal(user_format_set_plain(&entry, passwords[i],
		    strlen(passwords[i]), NULL), 0);
		round_trip(&user_format_passwd_file, &row);
		round_trip(&user_format_csv, &row);
		round_trip(&user_format_cyrus, &row);
	}
	user_db_entry_fini(&entry);
}

static void
test_what_a_format_cannot_hold(void **state)
{
	static const char *const users[] = { "a:b", "a@b", "#a", "a\nb",
		"a\rb" };
	struct user_db_entry entry = USER_DB_ENTRY_INIT;
	struct user_db_row row = { "joe", "dom", USER_DB_PASSWORD, &entry };
	struct errmsg e = ERRMSG_INIT;
	struct buf to;
	size_t i;

	(void)state;
	buf_init(&to, BUFFER_MAX);
	assert_int_equal(user_format_set_plain(&entry, "a\0b", 3, NULL), 0);
	assert_int_equal(user_format_put(&user_format_htpasswd, &to, &row,
	    &e), -1);
	assert_non_null(strstr(e.text, "in clear"));
	assert_int_equal(user_format_put(&user_format_csv, &to, &row, &e),
	    -1);
	assert_non_null(strstr(e.text, "NUL"));
	for (i = 0; i < COUNT_OF(users); i++) {
		row.user = users[i];
		assert_row(users[i], user_format_put(&user_format_passwd_file,
		    &to, &row, &e) == -1);
		assert_row(users[i], strstr(e.text, "name") != NULL);
	}
	assert_int_equal(buf_len(&to), 0);
	buf_fini(&to);
	user_db_entry_fini(&entry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_messages_have_no_values),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_dump_goes_on),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_what_a_format_cannot_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
