/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pool_case - one load of settings into a pool, with mechanisms of the test's
 * own, and what it reported.
 */
#ifndef TESTS_UNIT_POOL_CASE_H
#define TESTS_UNIT_POOL_CASE_H

#include "saslauthd/pool_load.h"
#include "tests/unit/unit.h"

/* "pam". */
struct word_settings {
	char *word;
	long times;
	struct secret secret;
};

/* "ldap": its -O is a file. */
struct file_settings {
	char *base;
	bool on;
	struct secret secret;
};

/* "pam", "shadow", "getpwent", "ldap". */
extern const struct mech mechs[];

/* What a load is given. */
extern struct conf_entries flags;
extern char config[64];		/* path, or "" */
extern char option[64];		/* -O's, likewise */
extern const char *backend;

/* What came of it. */
extern struct pool_load load;
#define REPORTS_MAX 8
struct pool_case_report {
	int status;
	char text[ERRMSG_MAX];
};
extern struct pool_case_report reports[REPORTS_MAX];
extern size_t nreports;
extern unsigned loads;		/* of a mechanism, perhaps from a module */

/* For cmocka. */
int pool_case_set_up(void **state);
int pool_case_tear_down(void **state);
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, pool_case_set_up, \
	    pool_case_tear_down)

void flag(const char *key, const char *value, const char *origin);
void write_file(char *path, size_t size, const char *text);
void write_config(const char *text);
/* -a of the mechanism whose -O is a file, and such a file. */
void write_option(const char *text);
void put_settings(struct buf *b, unsigned log_stderr);
int run(unsigned log_stderr);
void report(void *ctx, int status, const char *text);
void expect_report(size_t i, int status, const char *text);

const struct word_settings *word(void);
const struct file_settings *of_file(void);
/* "value [origin]" of a key in the list for the keeper, or "". */
const char *shown(const char *key);

#endif
