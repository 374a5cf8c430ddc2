/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_shadow - password hashes and ageing in shadow(5).
 *
 * The verdicts are those of pam_unix(8); the password is judged first, so
 * that only its owner learns that an account has expired. The C library
 * opens the file anew for each look-up, which is what lets passwd(1) replace
 * it by rename(2).
 */
#include "config.h"

#include <shadow.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mechanisms/account.h"
#include "mechanisms/mech.h"
#include "mechanisms/nss_user.h"
#include "mechanisms/unix_hash.h"

#define PASSWD_PATH "/etc/passwd"
#define SHADOW_PATH "/etc/shadow"

struct shadow_ctx {
	struct nss_user_db passwd;
	struct nss_user_db shadow;
	struct unix_model model;
};

static int
shadow_open(const void *settings, void **ctx_r, struct errmsg *e)
{
	struct shadow_ctx *ctx = calloc(1, sizeof(*ctx));

	(void)settings;
	if (ctx == NULL)
		return errmsg_set(e, "out of memory");
	nss_user_open(&ctx->passwd, "passwd", PASSWD_PATH);
	nss_user_open(&ctx->shadow, "shadow", SHADOW_PATH);
	*ctx_r = ctx;
	return 0;
}

static int
shadow_accessible(void *vctx, struct errmsg *e)
{
	struct shadow_ctx *ctx = vctx;

	if (ctx->shadow.sources.remote)
		return errmsg_set(e, "a source of shadow in nsswitch.conf "
		    "may answer root only");
	if (ctx->shadow.sources.files && access(SHADOW_PATH, R_OK) == -1)
		return errmsg_set(e, "%s is readable to root only",
		    SHADOW_PATH);
	return 0;
}

static int
shadow_ready(void *vctx, struct errmsg *e)
{
	struct shadow_ctx *ctx = vctx;

	(void)e;
	unix_model_read(&ctx->model, SHADOW_PATH);
	return 0;
}

/* pam_unix(8) looks at the hash of passwd first: one that can never match
 * locks the account there. *NP* is NIS+ for "not shown to you". */
static bool
is_locked(const struct passwd *pw)
{
	const char *field = pw->pw_passwd;

	return (field[0] == '*' || field[0] == '!') &&
	    strcmp(field, "*NP*") != 0;
}

/* A user must be in both files; both are always asked, so that the time of
 * the second look-up tells nothing either. */
static enum nss_user_found
look_up(struct shadow_ctx *ctx, const char *login, struct spwd *sp_r,
    bool *locked_r, struct errmsg *e)
{
	enum nss_user_found in_passwd, in_shadow;
	struct passwd pw;

	in_shadow = nss_user_shadow(&ctx->shadow, login, sp_r, e);
	if (in_shadow == NSS_USER_NO_ACCESS || in_shadow == NSS_USER_ERROR)
		return in_shadow;
	in_passwd = nss_user_passwd(&ctx->passwd, login, &pw, e);
	*locked_r = in_passwd == NSS_USER_FOUND && is_locked(&pw);
	return in_passwd != NSS_USER_FOUND ? in_passwd : in_shadow;
}

static void
judge_account(const struct spwd *sp, struct mech_answer *a)
{
	const struct account_ageing ageing = {
		.last_change = sp->sp_lstchg,
		.max_days = sp->sp_max,
		.inactive_days = sp->sp_inact,
		.expire = sp->sp_expire,
	};
	enum account_verdict verdict = account_judge(&ageing,
	    (long)(time(NULL) / ACCOUNT_SECONDS_PER_DAY));

	mech_answer_set(a, account_result(verdict), account_reason(verdict),
	    "%s", account_text(verdict));
}

static void
shadow_check(void *vctx, const struct mech_request *req,
    struct mech_answer *a)
{
	struct shadow_ctx *ctx = vctx;
	enum nss_user_found found = NSS_USER_NONE;
	struct errmsg e = ERRMSG_INIT;
	bool locked = false;
	struct spwd sp;

	if (nss_user_name_possible(req->login))
		found = look_up(ctx, req->login, &sp, &locked, &e);
	if (found != NSS_USER_FOUND)
		unix_hash_not_found(&ctx->model, found, &e, req->password, a);
	else if (locked)
		unix_hash_deny(&ctx->model, req->password, REASON_LOCKED,
		    "locked in the passwd database", a);
	else if (unix_hash_check(&ctx->model, sp.sp_pwdp, req->password, a))
		judge_account(&sp, a);
	nss_user_forget(&ctx->shadow);
	nss_user_forget(&ctx->passwd);
}

static void
shadow_close(void *vctx)
{
	struct shadow_ctx *ctx = vctx;

	nss_user_close(&ctx->passwd);
	nss_user_close(&ctx->shadow);
	unix_model_wipe(&ctx->model);
	free(ctx);
}

const struct mech mech_shadow = {
	.name = "shadow",
	.summary = "password hashes and ageing in the shadow file",
	.needs = MECH_NEEDS_SHADOW,
	.cpu_bound = true,
	.open = shadow_open,
	.accessible = shadow_accessible,
	.ready = shadow_ready,
	.check = shadow_check,
	.close = shadow_close,
};
