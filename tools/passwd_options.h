/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd_options - what saslpasswd2 was asked for.
 */
#ifndef TOOLS_PASSWD_OPTIONS_H
#define TOOLS_PASSWD_OPTIONS_H

#include <stdbool.h>

#include "mechanisms/user_db.h"
#include "tools/user_format.h"

/* The absolute values of libsasl2's error codes (sasl.h), which the program
 * has always exited with. */
#define PASSWD_EXIT_FAIL 1
#define PASSWD_EXIT_BADPARAM 7
#define PASSWD_EXIT_BADAUTH 13
#define PASSWD_EXIT_NOUSER 20

enum passwd_action {
	PASSWD_SET,
	PASSWD_DELETE,
	PASSWD_VERIFY,
	PASSWD_IMPORT,
	PASSWD_EXPORT,
	PASSWD_CONVERT
};

struct passwd_options {
	enum passwd_action action;
	unsigned actions;	/* how many were asked for */
	bool create, no_store, pipe, plain;
	bool has_layout;
	enum user_db_layout layout;	/* to make, or to convert to */
	const struct user_format *format;	/* of import and export */
	const char *hash;	/* method; NULL: none was named */
	const char *app, *realm;
	const char *default_realm;	/* of the daemon; "": none */
	const char *path;	/* of the database */
	bool path_chosen;	/* somebody named it */
	const char *operand;	/* userid or file; NULL: none */
};

/* -1: go on; else the status to exit with, and what was wrong is said. */
int passwd_options_parse(int argc, char **argv, struct passwd_options *o_r);

/* "saslpasswd2: text" on standard error. Returns status. */
int passwd_complain(int status, const char *text);

#endif
