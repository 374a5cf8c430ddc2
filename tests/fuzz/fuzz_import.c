/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the texts that saslpasswd2 imports. The first byte chooses the
 * format; what is read as a user is written in all of them, and must then
 * read as the same one.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "common/io.h"
#include "common/str.h"
#include "tests/fuzz/fuzz.h"
#include "tools/record_reader.h"
#include "tools/user_format.h"

#define REALM "realm.of.who.has.none"
#define BUFFER_MAX (4 * RECORD_MAX)

static const struct user_format *const formats[] = {
	&user_format_csv, &user_format_cyrus, &user_format_htpasswd,
	&user_format_passwd_file
};
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

/* A file in memory, read from its beginning. */
static int
file_of(const void *bytes, size_t n)
{
	int fd = io_memory("fuzz");

	MUST(fd != -1);
	MUST(io_write_all(fd, bytes, n, NULL) == 0);
	MUST(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

typedef void visit_fn(const struct user_record *record, const void *ctx);

/* Returns how many users there were. */
static unsigned
read_all(const struct user_format *format, int fd, visit_fn *visit,
    const void *ctx)
{
	struct record_reader r = RECORD_READER_INIT(fd);
	struct user_format_state st = { .begun = false };
	struct user_record record = USER_RECORD_INIT;
	struct errmsg e = ERRMSG_INIT;
	unsigned rows = 0;
	size_t len;
	char *text;

	while (record_reader_next(&r, format->quotes, &text, &len, &e) == 1) {
		MUST(text[len] == '\0' && len <= RECORD_MAX);
		switch (user_format_parse(format, &st, text, len, &record,
		    &e)) {
		case USER_FORMAT_ROW:
			visit(&record, ctx);
			rows++;
			break;
		case USER_FORMAT_NOTHING:
			break;
		case USER_FORMAT_BAD:
			MUST(e.text[0] != '\0');
			break;
		}
	}
	user_db_entry_fini(&record.entry);
	user_format_state_fini(&st);
	record_reader_fini(&r);
	return rows;
}

static void
same(const struct user_record *got, const void *ctx)
{
	const struct user_db_row *row = ctx;

	MUST(strcmp(got->user, row->user) == 0);
	MUST(strcmp(got->realm, row->realm) == 0);
	MUST(got->entry.is_plain == row->entry->is_plain);
	MUST(got->entry.is_plain ?
	    secret_equal(&got->entry.plain, &row->entry->plain) :
	    strcmp(got->entry.hash, row->entry->hash) == 0);
}

static void
write_and_read(const struct user_format *format,
    const struct user_db_row *row)
{
	struct errmsg e = ERRMSG_INIT;
	struct buf to;
	int fd;

	buf_init(&to, BUFFER_MAX);
	MUST(user_format_text_put(&to, format->head) == 0);
	if (user_format_put(format, &to, row, &e) == 0) {
		fd = file_of(buf_data(&to), buf_len(&to));
		MUST(read_all(format, fd, same, row) == 1);
		close(fd);
	} else {
		MUST(e.text[0] != '\0');
		MUST(buf_len(&to) == strlen(format->head));
	}
	buf_fini(&to);
}

static void
check(const struct user_record *record, const void *ctx)
{
	const struct user_db_entry *entry = &record->entry;
	const struct user_db_row row = { record->user,
		record->realm == NULL || record->realm[0] == '\0' ?
		REALM : record->realm, USER_DB_PASSWORD, entry };
	size_t i;

	(void)ctx;
	MUST(entry->is_plain ? entry->plain.len > 0 &&
	    entry->plain.len <= USER_DB_PLAIN_MAX :
	    passhash_method(entry->hash) != NULL);
	if (record->user[0] == '\0')
		return;		/* no database takes it */
	for (i = 0; i < FORMATS; i++)
		write_and_read(formats[i], &row);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	int fd;

	if (n == 0)
		return 0;
	fd = file_of(bytes + 1, n - 1);
	(void)read_all(formats[bytes[0] % FORMATS], fd, check, NULL);
	close(fd);
	return 0;
}
