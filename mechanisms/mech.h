/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech - the contract between a pool and a mechanism.
 *
 * A mechanism is one `const struct mech` at the foot of its own file and one
 * row in mech_table.c. The pool calls, in this order:
 *
 *   verify      pure: are these settings possible? No I/O at all.
 *   remarks     after verify, when a configuration is checked: what its owner
 *               should know and what stops nothing. May read the files of a
 *               library's own configuration; no network I/O.
 *   lacks       then, too: which files would open not find now? Each is a
 *               warning.
 *   needs_identity  pure: do these settings need the starting identity, as a
 *               credential of its own user does? True, and why.
 *   open        once per pool, before any fork, with the starting rights:
 *               load libraries, read keys. No network I/O; leaves no thread,
 *               connection, database environment or descriptor behind.
 *   accessible  in a child that has dropped its rights: can it reach its
 *               files? -1 makes the pool keep the starting rights and say so.
 *   ready       in each worker, rights dropped: make what open may not. -1 is
 *               an outage; it is called again at the next request. 0 with a
 *               text is an outage that check() will find and tell itself.
 *   check       one request. May block, under request->deadline only.
 *   idle        in a worker that is ready, once no request comes: close what
 *               has been idle, probe what was down. Blocks MECH_IDLE_MSEC at
 *               most. Returns the milliseconds after which it wants to be
 *               called again if no request comes, or -1: not before the next
 *               answer.
 *   parts       in the pool, now and then: how the things stand that the
 *               mechanism leans on, from memory that open() shared with the
 *               workers. No I/O.
 *   changed     in the pool, now and then: true when workers should be
 *               replaced because files they have mapped or read changed.
 *   close       releases what open and ready made.
 *
 * Any pointer but open, check and close may be NULL. A check writes its
 * answer on every path (it arrives as AUTH_UNSET), keeps no copy of the
 * password, reopens a lost connection itself once, never exits, logs nothing
 * above debug, and touches no process-wide state (signals, umask, cwd).
 */
#ifndef MECHANISMS_MECH_H
#define MECHANISMS_MECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "common/deadline.h"
#include "common/errmsg.h"
#include "common/result.h"
#include "common/secret.h"

#define MECH_DETAIL_MAX 256	/* bytes with NUL */
#define MECH_IDLE_MSEC 1000	/* longest stay in idle(): a request may wait */
#define MECH_PARTS_MAX 64
#define MECH_PART_NAME_MAX 256	/* bytes with NUL; longer names are cut */
#define MECH_PART_WHY_MAX 128	/* bytes with NUL */

struct mech_request {
	const char *login, *service, *realm;	/* no NUL inside; may be "" */
	const char *address;	/* "" or "addr" or "addr;port" */
	const struct secret *password;	/* not empty, no NUL inside */
	struct deadline deadline;
};

struct mech_answer {
	enum auth_result result;
	enum auth_reason reason;
	uint32_t delay_msec;	/* wait this long before telling a denial */
	bool one_time;		/* must be neither cached nor joined */
	bool retire;		/* this worker should end after the answer */
	char detail[MECH_DETAIL_MAX];	/* for the log; no secret in it */
};

/* Fill an answer; the detail is cut at its end. */
void mech_answer_set(struct mech_answer *a, enum auth_result result,
    enum auth_reason reason, const char *detail_fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A thing a mechanism leans on: one of several servers. */
struct mech_part {
	char name[MECH_PART_NAME_MAX];	/* "ldaps://ldap1.example.org/" */
	bool up;
	int64_t since_msec;	/* monotonic; of the last change or start */
	char why[MECH_PART_WHY_MAX];	/* of a part that is down, or "" */
};

enum mech_needs {
	MECH_NEEDS_NET,		/* network only */
	MECH_NEEDS_FILES,	/* files that accessible() names */
	MECH_NEEDS_SHADOW,	/* the group of the shadow file */
	MECH_NEEDS_ROOT		/* the starting rights */
};

struct mech {
	const char *name;
	const char *summary;		/* one line, for who asks the pool */
	enum mech_needs needs;
	bool sees_address;		/* verdict may depend on the address */
	bool sees_realm;		/* it may depend on the realm */
	bool cpu_bound;			/* workers_max is 2 x CPUs at most */
	unsigned worker_requests;	/* default; 0: the daemon's */

	const struct conf_table *keys;	/* NULL: no settings */
	size_t settings_size;
	const char *option_key;		/* the key -O sets; NULL: -O unused */
	/* -O names a file of these keys instead. It takes the place of what
	 * the daemon's own file has of them; --set still wins. */
	bool option_is_file;

	int (*verify)(const void *settings, struct errmsg *e);
	void (*remarks)(const void *settings, conf_report *say, void *arg);
	void (*lacks)(const void *settings, conf_report *say, void *arg);
	bool (*needs_identity)(const void *settings, struct errmsg *why_r);
	int (*open)(const void *settings, void **ctx_r, struct errmsg *e);
	int (*accessible)(void *ctx, struct errmsg *e);
	int (*ready)(void *ctx, struct errmsg *e);
	void (*check)(void *ctx, const struct mech_request *req,
	    struct mech_answer *a);
	int64_t (*idle)(void *ctx);
	size_t (*parts)(void *ctx, struct mech_part *parts_r, size_t max);
	bool (*changed)(void *ctx);
	void (*close)(void *ctx);
};

/*
 * One request, the way a worker does it: ready() until it has succeeded once
 * (*ready, false at first, remembers), then check(). Always leaves an answer.
 */
void mech_ask(const struct mech *m, void *ctx, bool *ready,
    const struct mech_request *req, struct mech_answer *a);

/* mech_table.c: the mechanisms linked into this program. NULL: unknown, not
 * built, or a module. */
const struct mech *mech_find(const char *name);

/* The same, and modules (mech_module.h), which it loads and keeps. NULL with
 * why, in words for the administrator. */
const struct mech *mech_load(const char *name, struct errmsg *e);

/* The keys of a mechanism of this build, without loading it; NULL: it has
 * none, or is not built. */
const struct conf_table *mech_keys(const char *name);

#endif
