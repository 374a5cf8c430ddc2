/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_ldap - passwords that a directory knows: OpenLDAP, 389-ds, Active
 * Directory. A module: see mech_module.h.
 *
 * dir_login has what happens at a login; here is what it is made of, and what
 * is done with the starting rights before any worker is.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/compat/compat.h"
#include "common/frame.h"
#include "common/io.h"
#include "mechanisms/dir_link.h"
#include "mechanisms/dir_login.h"
#include "mechanisms/dir_servers.h"
#include "mechanisms/dir_session.h"
#include "mechanisms/dir_settings.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_module.h"

#define PASSWORD_FILE_MAX 8191	/* bytes; passwords end below 8 KiB */

/* What shows that a file was written or replaced. */
struct version {
	dev_t dev;
	ino_t ino;		/* 0: no such file */
	off_t size;
	struct timespec mtime;
};

enum watched { PASSWORD_FILE, KEY, CERT, CACERT_FILE, WATCHED };

struct ldap {
	const struct dir_settings *settings;
	struct secret password;	/* of the service account */
	struct version seen[WATCHED];
	struct dir_login login;
};

static const char *
watched_path(const struct dir_settings *s, enum watched which)
{
	switch (which) {
	case PASSWORD_FILE: return s->password_file;
	case KEY: return s->key;
	case CERT: return s->cert;
	case CACERT_FILE: return s->cacert_file;
	case WATCHED: break;
	}
	return "";
}

static struct version
version_of(const char *path)
{
	struct stat st;

	if (path[0] == '\0' || stat(path, &st) != 0)
		return (struct version){ .ino = 0 };
	return (struct version){ .dev = st.st_dev, .ino = st.st_ino,
	    .size = st.st_size, .mtime = st.st_mtim };
}

/* Did any of the files change since they were looked at last? */
static bool
look_again(struct ldap *ctx)
{
	struct version now, was;
	bool changed = false;
	int i;

	for (i = 0; i < WATCHED; i++) {
		was = ctx->seen[i];
		now = version_of(watched_path(ctx->settings, i));
		ctx->seen[i] = now;
		if (now.dev != was.dev || now.ino != was.ino ||
		    now.size != was.size ||
		    now.mtime.tv_sec != was.mtime.tv_sec ||
		    now.mtime.tv_nsec != was.mtime.tv_nsec)
			changed = true;
	}
	return changed;
}

/* The first line of the file, or what the settings have. */
static int
read_password(const struct dir_settings *s, struct secret *to,
    struct errmsg *e)
{
	char *text;
	size_t len;
	int rc;

	if (s->password_file[0] == '\0')
		return secret_set(to, s->password.bytes, s->password.len) == 0
		    ? 0 : errmsg_set(e, "out of memory");
	if (io_read_file(s->password_file, PASSWORD_FILE_MAX, &text, &len,
	    e) == -1)
		return errmsg_prefix(e, "ldap_password_file");
	rc = secret_set(to, text, strcspn(text, "\n"));
	explicit_bzero(text, len);
	free(text);
	if (rc == -1)
		return errmsg_set(e, "out of memory");
	return to->len > 0 ? 0 : errmsg_set(e, "ldap_password_file: the first "
	    "line of %s is empty", s->password_file);
}

static void
ldap_close(void *context)
{
	struct ldap *ctx = context;

	dir_session_free(ctx->login.session);
	dir_servers_free(ctx->login.servers);
	secret_wipe(&ctx->password);
	free(ctx);
}

static int
ldap_open(const void *settings, void **ctx_r, struct errmsg *e)
{
	struct ldap *ctx = calloc(1, sizeof(*ctx));

	if (ctx == NULL)
		return errmsg_set(e, "out of memory");
	ctx->settings = ctx->login.settings = settings;
	/* Before they are read: what is written meanwhile is read again. */
	(void)look_again(ctx);
	if (read_password(settings, &ctx->password, e) == -1 ||
	    dir_link_setup(settings, e) == -1)
		goto fail;
	ctx->login.servers = dir_servers_new(settings, e);
	if (ctx->login.servers == NULL)
		goto fail;
	ctx->login.session = dir_session_new(settings, ctx->login.servers,
	    &ctx->password, e);
	if (ctx->login.session == NULL)
		goto fail;
	*ctx_r = ctx;
	return 0;
fail:
	ldap_close(ctx);
	return -1;
}

/* Workers have password, certificates and key from before they were forked.
 * What cannot be read now (a half-written file) leaves the old in force. */
static bool
ldap_changed(void *context)
{
	struct ldap *ctx = context;
	struct secret fresh = SECRET_INIT;
	bool good;

	if (!look_again(ctx))
		return false;
	good = read_password(ctx->settings, &fresh, NULL) == 0 &&
	    dir_link_setup(ctx->settings, NULL) == 0;
	if (good)
		secret_move(&ctx->password, &fresh);
	secret_wipe(&fresh);
	return good;
}

static void
ldap_remarks(const void *settings, conf_report *say, void *arg)
{
	dir_settings_remarks(settings, say, arg);
	dir_link_remarks(settings, say, arg);
}

static int
ldap_ready(void *context, struct errmsg *e)
{
	struct ldap *ctx = context;

	return dir_session_ready(ctx->login.session, e);
}

static void
ldap_check(void *context, const struct mech_request *req,
    struct mech_answer *a)
{
	struct ldap *ctx = context;

	dir_login_check(&ctx->login, req, a);
}

static int64_t
ldap_idle(void *context)
{
	struct ldap *ctx = context;

	return dir_session_idle(ctx->login.session);
}

static size_t
ldap_parts(void *context, struct mech_part *parts_r, size_t max)
{
	struct ldap *ctx = context;

	return dir_servers_parts(ctx->login.servers, parts_r, max);
}

static const struct mech mech_ldap = {
	.name = "ldap",
	.summary = "users of an LDAP directory",
	.needs = MECH_NEEDS_NET,
	.sees_realm = true,
	.keys = &dir_settings_table,
	.settings_size = sizeof(struct dir_settings),
	.option_is_file = true,
	.verify = dir_settings_verify,
	.remarks = ldap_remarks,
	.needs_identity = dir_settings_needs_identity,
	.open = ldap_open,
	.ready = ldap_ready,
	.check = ldap_check,
	.idle = ldap_idle,
	.parts = ldap_parts,
	.changed = ldap_changed,
	.close = ldap_close,
};

/* Declared for no other file: it is looked up by name. */
extern const struct mech_module mech_module;

__attribute__((visibility("default")))
const struct mech_module mech_module = {
	.build_id = FRAME_BUILD_ID,
	.mech_size = sizeof(struct mech),
	.mech = &mech_ldap,
};
