/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_import - see passwd_import.h.
 */
#include "config.h"

#include "tools/passwd_import.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/str.h"
#include "tools/passwd_store.h"
#include "tools/record_reader.h"

#define STANDARD_INPUT "-"

struct import {
	const struct passwd_options *o;
	const char *source;	/* as messages call it */
	const char *realm;	/* of who has none */
	struct user_db *db;
	bool keep_plain;
	unsigned long line;	/* of the record; 0: of a database */
	unsigned long stored, plain, passed_over, others;
	struct errmsg e;	/* what ended it */
};

/* There is something wrong with one user, which ends nothing. */
static int
reject(struct import *im, const char *user, const struct errmsg *e)
{
	char name[STR_ESCAPED_SIZE];

	str_escape_log(name, sizeof(name), user, strlen(user));
	if (im->line > 0)
		fprintf(stderr, "saslpasswd2: %s:%lu: %s: %s\n", im->source,
		    im->line, name, e->text);
	else
		fprintf(stderr, "saslpasswd2: %s: %s: %s\n", im->source, name,
		    e->text);
	im->passed_over++;
	return 0;
}

static int
reject_line(struct import *im, const struct errmsg *e)
{
	fprintf(stderr, "saslpasswd2: %s:%lu: %s\n", im->source, im->line,
	    e->text);
	im->passed_over++;
	return 0;
}

/* Store one user. 0, also when there is something wrong with him, or -1 when
 * the database does not take any more. */
static int
take(struct import *im, const char *user, const char *realm,
    struct user_db_entry *entry)
{
	struct errmsg e = ERRMSG_INIT;

	if (realm == NULL || realm[0] == '\0')
		realm = im->realm;
	if (entry->is_plain && !im->keep_plain &&
	    passwd_store_hash(im->o->hash, entry, &e) == -1)
		return reject(im, user, &e);
	if (entry->changed_sec == 0)
		entry->changed_sec = (int64_t)time(NULL);
	if (user_db_takes(im->db, user, realm, entry, &e) == -1)
		return reject(im, user, &e);
	if (user_db_put(im->db, user, realm, entry, &im->e) == -1)
		return -1;
	im->stored++;
	if (entry->is_plain)
		im->plain++;
	return 0;
}

/* A text without its header cannot be read at all. */
static bool
is_hopeless(const struct import *im, const struct user_format_state *st)
{
	return im->o->format->head[0] != '\0' && !st->begun;
}

/* 1, or 0 at the end of the text, or -1 when nothing more can be read. */
static int
take_record(struct import *im, struct record_reader *r,
    struct user_format_state *st, struct user_record *record)
{
	struct errmsg e = ERRMSG_INIT;
	size_t len;
	char *text;
	int rc;

	rc = record_reader_next(r, im->o->format->quotes, &text, &len, &e);
	if (rc == 0)
		rc = user_format_end(im->o->format, st, &e);
	if (rc == -1)
		return errmsg_set(&im->e, "%s:%lu: %s", im->source, r->line,
		    e.text);
	if (rc == 0)
		return 0;
	im->line = r->line;
	switch (user_format_parse(im->o->format, st, text, len, record,
	    &e)) {
	case USER_FORMAT_ROW:
		return take(im, record->user, record->realm,
		    &record->entry) == -1 ? -1 : 1;
	case USER_FORMAT_NOTHING:
		return 1;
	case USER_FORMAT_BAD:
		break;
	}
	if (is_hopeless(im, st))
		return errmsg_set(&im->e, "%s:%lu: %s", im->source, r->line,
		    e.text);
	reject_line(im, &e);
	return 1;
}

static int
take_text(struct import *im, int fd)
{
	struct record_reader r = RECORD_READER_INIT(fd);
	struct user_format_state st = { .begun = false };
	struct user_record record = USER_RECORD_INIT;
	int rc;

	do
		rc = take_record(im, &r, &st, &record);
	while (rc == 1);
	im->others = st.others;
	user_db_entry_fini(&record.entry);
	user_format_state_fini(&st);
	record_reader_fini(&r);
	return rc;
}

/* A row of another database. false: the database does not take it. */
static bool
take_row(void *ctx, const struct user_db_row *row)
{
	struct user_db_entry copy = USER_DB_ENTRY_INIT;
	struct import *im = ctx;
	int rc;

	if (row->entry == NULL) {
		im->others++;
		return true;
	}
	copy = *row->entry;
	copy.plain = (struct secret)SECRET_INIT;
	if (secret_set(&copy.plain, row->entry->plain.bytes,
	    row->entry->plain.len) == -1)
		rc = errmsg_errno(&im->e, ENOMEM, "password");
	else
		rc = take(im, row->user, row->realm, &copy);
	user_db_entry_fini(&copy);
	return rc == 0;
}

static int
take_database(struct import *im, struct user_db *from)
{
	im->e.text[0] = '\0';
	if (user_db_each(from, take_row, im, &im->e) == -1)
		return -1;
	return im->e.text[0] == '\0' ? 0 : -1;
}

/* Where the users come from: one of the two. */
struct source {
	int fd;
	struct user_db *db;
};

static bool
is_same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
	    sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool
is_database(int fd)
{
	char head[sizeof(USER_FORMAT_DUMP_MAGIC) - 1];

	return pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
	    memcmp(head, USER_FORMAT_DUMP_MAGIC, sizeof(head)) != 0;
}

static int
source_open(const struct passwd_options *o, struct source *from_r,
    struct errmsg *e)
{
	*from_r = (struct source){ .fd = -1 };
	if (strcmp(o->operand, STANDARD_INPUT) == 0) {
		from_r->fd = STDIN_FILENO;
		return 0;
	}
	from_r->fd = open(o->operand, O_RDONLY | O_CLOEXEC);
	if (from_r->fd == -1)
		return errmsg_errno(e, errno, "%s", o->operand);
	if (o->format != &user_format_cyrus || !is_database(from_r->fd))
		return 0;
	io_close(&from_r->fd);
	if (is_same_file(o->operand, o->path))
		return errmsg_set(e, "%s: is the database itself", o->path);
	if (user_db_act_as_owner(o->operand, e) == -1)
		return -1;
	return user_db_open(o->operand, USER_DB_READ, &from_r->db, NULL, e);
}

static void
source_close(struct source *from)
{
	io_close(&from->fd);
	user_db_close(from->db);
}

static int
take_all(struct import *im, const struct source *from)
{
	enum user_db_layout layout;
	int rc = -1;

	if (passwd_store_layout(im->o, &layout, &im->e) == -1 ||
	    passwd_store_open(im->o, layout, &im->db, &im->e) == -1)
		return -1;
	im->keep_plain = passwd_store_keeps_plain(im->o, layout);
	if (user_db_begin(im->db, &im->e) == -1)
		goto out;
	rc = from->db != NULL ?
	    take_database(im, from->db) : take_text(im, from->fd);
	if (rc == 0)
		rc = user_db_commit(im->db, &im->e);
out:
	user_db_close(im->db);
	return rc;
}

static void
report(const struct import *im)
{
	fprintf(stderr, "saslpasswd2: %lu user%s imported", im->stored,
	    im->stored == 1 ? "" : "s");
	if (im->passed_over > 0)
		fprintf(stderr, ", %lu passed over", im->passed_over);
	if (im->others > 0)
		fprintf(stderr, ", %lu other secret%s left out", im->others,
		    im->others == 1 ? "" : "s");
	fputc('\n', stderr);
	passwd_store_remarks(im->o, im->plain);
}

int
passwd_import(const struct passwd_options *o)
{
	struct import im = { .o = o, .source = o->operand };
	struct source from;
	int rc = -1;

	if (strcmp(o->operand, STANDARD_INPUT) == 0)
		im.source = "standard input";
	im.realm = passwd_store_realm(o, &im.e);
	if (im.realm == NULL)
		return passwd_complain(PASSWD_EXIT_FAIL, im.e.text);
	if (source_open(o, &from, &im.e) == 0)
		rc = take_all(&im, &from);
	source_close(&from);
	if (rc == -1)
		return passwd_complain(PASSWD_EXIT_FAIL, im.e.text);
	report(&im);
	return im.passed_over > 0 ? PASSWD_EXIT_FAIL : EXIT_SUCCESS;
}
