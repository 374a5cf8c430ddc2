/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_export - see passwd_export.h.
 */
#include "config.h"

#include "tools/passwd_export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/io.h"
#include "common/str.h"
#include "tools/passwd_store.h"

#define FLUSH_AT 65536		/* bytes */
#define BUFFER_MAX 262144	/* and room for the largest row behind them */

struct export {
	const struct passwd_options *o;
	struct buf out;		/* not stdio, whose buffers nobody wipes */
	unsigned long plain, passed_over, others;
	struct errmsg e;	/* what ended it */
};

static int
flush(struct export *ex, struct errmsg *e)
{
	if (io_write_all(STDOUT_FILENO, buf_data(&ex->out),
	    buf_len(&ex->out), NULL) == -1)
		return errmsg_errno(e, errno, "output");
	buf_reset(&ex->out);
	return 0;
}

/* In a hash when one is asked for: a copy, as the row is the database's. */
static int
put(struct export *ex, const struct user_db_row *row, struct errmsg *e)
{
	struct user_db_entry hashed = USER_DB_ENTRY_INIT;
	struct user_db_row copy = *row;
	int rc = -1;

	if (!row->entry->is_plain || ex->o->hash == NULL)
		return user_format_put(ex->o->format, &ex->out, row, e);
	copy.entry = &hashed;
	hashed.changed_sec = row->entry->changed_sec;
	if (secret_set(&hashed.plain, row->entry->plain.bytes,
	    row->entry->plain.len) == -1)
		errmsg_errno(e, ENOMEM, "password");
	else if (passwd_store_hash(ex->o->hash, &hashed, e) == 0)
		rc = user_format_put(ex->o->format, &ex->out, &copy, e);
	user_db_entry_fini(&hashed);
	return rc;
}

static bool
put_row(void *ctx, const struct user_db_row *row)
{
	struct errmsg e = ERRMSG_INIT;
	char name[STR_ESCAPED_SIZE];
	struct export *ex = ctx;

	if (ex->o->realm != NULL && strcmp(row->realm, ex->o->realm) != 0)
		return true;
	if (row->entry == NULL) {
		ex->others++;
		return true;
	}
	if (put(ex, row, &e) == -1) {
		str_escape_log(name, sizeof(name), row->user,
		    strlen(row->user));
		fprintf(stderr, "saslpasswd2: %s: %s\n", name, e.text);
		ex->passed_over++;
		return true;
	}
	if (row->entry->is_plain && ex->o->hash == NULL)
		ex->plain++;
	return buf_len(&ex->out) < FLUSH_AT || flush(ex, &ex->e) == 0;
}

static int
put_all(struct export *ex)
{
	struct user_db *db;
	int rc = -1;

	if (user_db_act_as_owner(ex->o->path, &ex->e) == -1 ||
	    user_db_open(ex->o->path, USER_DB_READ, &db, NULL, &ex->e) == -1)
		return -1;
	if (user_format_text_put(&ex->out, ex->o->format->head) == -1)
		errmsg_errno(&ex->e, ENOMEM, "output");
	else
		rc = user_db_each(db, put_row, ex, &ex->e);
	user_db_close(db);
	/* Of a damaged file, what stands before the damage. */
	if (rc == -1)
		(void)flush(ex, NULL);
	/* Or ended by flush(), which has said why. */
	if (rc == -1 || ex->e.text[0] != '\0')
		return -1;
	if (user_format_text_put(&ex->out, ex->o->format->foot) == -1)
		return errmsg_errno(&ex->e, ENOMEM, "output");
	return flush(ex, &ex->e);
}

static void
report(const struct export *ex)
{
	if (ex->plain > 0)
		fprintf(stderr, "saslpasswd2: %lu password%s written in "
		    "clear; --hash METHOD writes hashes\n", ex->plain,
		    ex->plain == 1 ? " is" : "s are");
	if (ex->others > 0)
		fprintf(stderr, "saslpasswd2: %lu other secret%s left out\n",
		    ex->others, ex->others == 1 ? "" : "s");
}

int
passwd_export(const struct passwd_options *o)
{
	struct export ex = { .o = o };
	int rc;

	buf_init(&ex.out, BUFFER_MAX);
	rc = put_all(&ex);
	buf_fini(&ex.out);
	if (rc == -1)
		return passwd_complain(PASSWD_EXIT_FAIL, ex.e.text);
	report(&ex);
	return ex.passed_over > 0 ? PASSWD_EXIT_FAIL : EXIT_SUCCESS;
}
