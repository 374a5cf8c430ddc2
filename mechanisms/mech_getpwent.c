/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_getpwent - password hashes in the user database of passwd(5).
 *
 * For systems that keep hashes there (BSD, NIS, LDAP through NSS); where they
 * are in shadow(5), every account is denied and mech_shadow is the right one.
 * There is no ageing in passwd(5), so a right password is enough, as it is
 * for pam_unix(8) on such an account.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mechanisms/mech.h"
#include "mechanisms/nss_user.h"
#include "mechanisms/unix_hash.h"

#define PASSWD_PATH "/etc/passwd"
/* The BSDs keep the hashes there, and show "*" to all but root. */
#define MASTER_PASSWD_PATH "/etc/master.passwd"

struct getpwent_ctx {
	struct nss_user_db passwd;
	struct unix_model model;
};

static int
getpwent_open(const void *settings, void **ctx_r, struct errmsg *e)
{
	struct getpwent_ctx *ctx = calloc(1, sizeof(*ctx));

	(void)settings;
	if (ctx == NULL)
		return errmsg_set(e, "out of memory");
	nss_user_open(&ctx->passwd, "passwd", PASSWD_PATH);
	*ctx_r = ctx;
	return 0;
}

/* nslcd(8) and NIS give the hashes to root only. */
static int
getpwent_accessible(void *vctx, struct errmsg *e)
{
	struct getpwent_ctx *ctx = vctx;

	if (ctx->passwd.sources.remote)
		return errmsg_set(e, "a source of passwd in nsswitch.conf "
		    "may show hashes to root only");
	if (access(MASTER_PASSWD_PATH, F_OK) == 0 &&
	    access(MASTER_PASSWD_PATH, R_OK) == -1)
		return errmsg_set(e, "%s is readable to root only",
		    MASTER_PASSWD_PATH);
	return 0;
}

static int
getpwent_ready(void *vctx, struct errmsg *e)
{
	struct getpwent_ctx *ctx = vctx;

	(void)e;
	unix_model_read(&ctx->model, PASSWD_PATH);
	return 0;
}

/* pam_unix(8) takes "x", and "##name" of NIS, as "the hash is elsewhere". */
static bool
is_elsewhere(const char *stored, const char *login)
{
	return strcmp(stored, "x") == 0 ||
	    (strncmp(stored, "##", 2) == 0 && strcmp(stored + 2, login) == 0);
}

static void
getpwent_check(void *vctx, const struct mech_request *req,
    struct mech_answer *a)
{
	struct getpwent_ctx *ctx = vctx;
	enum nss_user_found found = NSS_USER_NONE;
	struct errmsg e = ERRMSG_INIT;
	struct passwd pw;

	if (nss_user_name_possible(req->login))
		found = nss_user_passwd(&ctx->passwd, req->login, &pw, &e);
	if (found != NSS_USER_FOUND)
		unix_hash_not_found(&ctx->model, found, &e, req->password, a);
	else if (is_elsewhere(pw.pw_passwd, req->login))
		unix_hash_deny(&ctx->model, req->password,
		    REASON_NO_PASSWORD, "the hash is not in the passwd file: "
		    "use the shadow or pam mechanism", a);
	else if (unix_hash_check(&ctx->model, pw.pw_passwd, req->password, a))
		mech_answer_set(a, AUTH_OK, REASON_NONE, "%s", "");
	nss_user_forget(&ctx->passwd);
}

static void
getpwent_close(void *vctx)
{
	struct getpwent_ctx *ctx = vctx;

	nss_user_close(&ctx->passwd);
	unix_model_wipe(&ctx->model);
	free(ctx);
}

const struct mech mech_getpwent = {
	.name = "getpwent",
	.summary = "password hashes in the passwd file or NSS",
	.needs = MECH_NEEDS_FILES,
	.cpu_bound = true,
	.open = getpwent_open,
	.accessible = getpwent_accessible,
	.ready = getpwent_ready,
	.check = getpwent_check,
	.close = getpwent_close,
};
