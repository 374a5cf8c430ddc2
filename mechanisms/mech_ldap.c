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

#include "common/frame.h"
#include "mechanisms/dir_link.h"
#include "mechanisms/dir_login.h"
#include "mechanisms/dir_servers.h"
#include "mechanisms/dir_session.h"
#include "mechanisms/dir_settings.h"
#include "mechanisms/file_watch.h"
#include "mechanisms/mech.h"
#include "mechanisms/mech_module.h"
#include "mechanisms/secret_file.h"

enum watched { PASSWORD_FILE, KEY, CERT, CACERT_FILE, WATCHED };

struct ldap {
	const struct dir_settings *settings;
	struct secret password;	/* of the service account */
	struct file_watch files[WATCHED];
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

static void
watch_files(struct ldap *ctx)
{
	int i;

	for (i = 0; i < WATCHED; i++)
		file_watch_init(&ctx->files[i],
		    watched_path(ctx->settings, i));
}

/* Each is looked at again, whatever the others are like. */
static bool
files_changed(struct ldap *ctx)
{
	bool changed = false;
	int i;

	for (i = 0; i < WATCHED; i++)
		if (file_watch_changed(&ctx->files[i]))
			changed = true;
	return changed;
}

static int
read_password(const struct dir_settings *s, struct secret *to,
    struct errmsg *e)
{
	if (s->password_file[0] == '\0')
		return secret_set(to, s->password.bytes, s->password.len) == 0
		    ? 0 : errmsg_set(e, "out of memory");
	return secret_file_read(s->password_file, to, e) == 0 ? 0 :
	    errmsg_prefix(e, "ldap_password_file");
}

static void
ldap_close(void *context)
{
	struct ldap *ctx = context;

	dir_session_free(ctx->login.session);
	servers_free(ctx->login.servers);
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
	watch_files(ctx);
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

	if (!files_changed(ctx))
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

	return servers_parts(ctx->login.servers, parts_r, max);
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
	.lacks = dir_settings_lacks,
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
