/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mech_pam - asks the system's PAM stack of the service.
 *
 * Each request has a handle of its own, from pam_start(3) to pam_end(3), with
 * the authentication and the account stage. A second handle per service,
 * never authenticated with, only keeps the modules mapped: pam_start(3) loads
 * them and pam_end(3) unloads them with their last user, which is most of
 * the work of a short request.
 */
#include "config.h"

#include <security/pam_appl.h>
#include <stdlib.h>
#include <string.h>

#include "common/compat/compat.h"
#include "common/str.h"
#include "mechanisms/mech.h"
#include "mechanisms/pam_watch.h"

#define SERVICE_MAX 64		/* bytes of a service name */
#define SERVICE_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	"0123456789._-"
#define SERVICE_NONE "other"	/* pam.d(5): what serves unknown names */
#define SPARES_MAX 32		/* services whose modules stay mapped */
#define PROMPT_MAX 512		/* PAM_MAX_MSG_SIZE of the X/Open text */
#define USEC_PER_MSEC 1000
/*
 * PAM modules are known to leak, which is why the classic daemon has -n 0.
 */
#define WORKER_REQUESTS 100

/*
 * A module without try_first_pass asks for the password again, in the words
 * of the module before it; three such modules in one stack are a lot already.
 */
#define PASSWORD_ANSWERS_MAX 3
#define LOGIN_ANSWERS_MAX 1
/* pam_get_user(3) asks this when no PAM_USER_PROMPT was set. */
#define LOGIN_PROMPT "login:"

/* The stack of nullok in pam_unix(8) accepts any password for an account that
 * has none; that is meant for the console, not for the network. */
#define PAM_FLAGS (PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK)

struct spare {
	char service[SERVICE_MAX + 1];	/* "": unused */
	pam_handle_t *handle;
	uint64_t last_use;
};

struct pam_ctx {
	struct spare spares[SPARES_MAX];
	uint64_t uses;
	struct pam_watch *watch;
};

enum stage { STAGE_START, STAGE_AUTHENTICATE, STAGE_ACCOUNT };

/* One request, as its conversation sees it. */
struct talk {
	const struct mech_request *req;
	pam_handle_t *handle;
	char prompt[PROMPT_MAX];	/* of the first password question */
	unsigned password_answers, login_answers;
	enum stage stage;		/* now running */
	int trouble;	/* PAM_CONV_ERR: a question was refused */
	enum stage trouble_stage;	/* when that happened */
	uint32_t delay_msec;
	char message[STR_ESCAPED_SIZE];	/* the last one a module sent */
};

/* ---- what a PAM code means ---- */

struct meaning {
	int code;
	enum auth_result result;
	enum auth_reason reason;
};

static const struct meaning meanings[] = {
	{ PAM_SUCCESS, AUTH_OK, REASON_NONE },

	{ PAM_AUTH_ERR, AUTH_DENIED, REASON_BAD_PASSWORD },
	{ PAM_USER_UNKNOWN, AUTH_DENIED, REASON_NO_SUCH_USER },
	{ PAM_MAXTRIES, AUTH_DENIED, REASON_TOO_MANY_TRIES },
	{ PAM_PERM_DENIED, AUTH_DENIED, REASON_NOT_PERMITTED },
	{ PAM_ACCT_EXPIRED, AUTH_DENIED, REASON_ACCOUNT_EXPIRED },
	{ PAM_CRED_EXPIRED, AUTH_DENIED, REASON_PASSWORD_EXPIRED },
	{ PAM_AUTHTOK_EXPIRED, AUTH_DENIED, REASON_PASSWORD_EXPIRED },
	{ PAM_NEW_AUTHTOK_REQD, AUTH_DENIED, REASON_MUST_CHANGE },

	/* The service behind a module did not answer, or not sensibly. */
	{ PAM_AUTHINFO_UNAVAIL, AUTH_TEMPFAIL, REASON_BACKEND_DOWN },
	{ PAM_CRED_UNAVAIL, AUTH_TEMPFAIL, REASON_BACKEND_DOWN },
	{ PAM_CRED_ERR, AUTH_TEMPFAIL, REASON_BACKEND_ERROR },
	{ PAM_SYSTEM_ERR, AUTH_TEMPFAIL, REASON_BACKEND_ERROR },
	{ PAM_SERVICE_ERR, AUTH_TEMPFAIL, REASON_BACKEND_ERROR },
	{ PAM_SESSION_ERR, AUTH_TEMPFAIL, REASON_BACKEND_ERROR },
	{ PAM_CONV_ERR, AUTH_TEMPFAIL, REASON_BACKEND_ERROR },
	{ PAM_AUTHTOK_ERR, AUTH_TEMPFAIL, REASON_BACKEND_ERROR },
	{ PAM_AUTHTOK_LOCK_BUSY, AUTH_TEMPFAIL, REASON_BACKEND_ERROR },
	{ PAM_TRY_AGAIN, AUTH_TEMPFAIL, REASON_BACKEND_ERROR },
	{ PAM_BUF_ERR, AUTH_TEMPFAIL, REASON_NO_MEMORY },

	/* The stack cannot work as it is written, or as it is run. */
	{ PAM_OPEN_ERR, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_SYMBOL_ERR, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_MODULE_UNKNOWN, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_ABORT, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_AUTHTOK_RECOVERY_ERR, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_AUTHTOK_DISABLE_AGING, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_NO_MODULE_DATA, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_BAD_ITEM, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_IGNORE, AUTH_MISCONFIG, REASON_CONFIG },
	/* Only for programs that answer questions later. */
	{ PAM_CONV_AGAIN, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_INCOMPLETE, AUTH_MISCONFIG, REASON_CONFIG },
	{ PAM_CRED_INSUFFICIENT, AUTH_MISCONFIG, REASON_NO_ACCESS },
};

/* A code that no version of the manual lists: something is broken. */
static const struct meaning unknown_code = {
	-1, AUTH_TEMPFAIL, REASON_BACKEND_ERROR
};

static const struct meaning *
meaning_of(int code)
{
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return &unknown_code;
}

/* The meaning of a stage's code, seen with what the conversation did. */
static const struct meaning *
meaning_here(const struct talk *t, enum stage stage, int code)
{
	static const struct meaning refused = {
		PAM_CONV_ERR, AUTH_DENIED, REASON_EXTRA_QUESTION
	};
	/* The password was right; it is the account that is not. */
	static const struct meaning account = {
		PAM_AUTH_ERR, AUTH_DENIED, REASON_NOT_PERMITTED
	};

	if (code == PAM_SUCCESS)
		return meaning_of(code);
	/* Modules often turn these two into "wrong password". That does not
	 * explain an outage, nor what another stage said. */
	if (t->trouble != PAM_SUCCESS && t->trouble_stage == stage &&
	    code != PAM_AUTHINFO_UNAVAIL)
		return t->trouble == PAM_CONV_ERR ? &refused :
		    meaning_of(t->trouble);
	if (stage == STAGE_ACCOUNT && code == PAM_AUTH_ERR)
		return &account;
	return meaning_of(code);
}

static void
answer_code(struct mech_answer *a, const struct talk *t, enum stage stage,
    int code)
{
	static const char *const calls[] = {
		[STAGE_START] = "pam_start",
		[STAGE_AUTHENTICATE] = "pam_authenticate",
		[STAGE_ACCOUNT] = "pam_acct_mgmt",
	};
	const struct meaning *m = meaning_here(t, stage, code);
	const char *text = pam_strerror(t->handle, code);

	if (m->result == AUTH_OK)
		mech_answer_set(a, m->result, m->reason, "%s", "");
	else if (t->message[0] != '\0')
		mech_answer_set(a, m->result, m->reason, "%s: %s (%s)",
		    calls[stage], text, t->message);
	else
		mech_answer_set(a, m->result, m->reason, "%s: %s",
		    calls[stage], text);
	if (m->result == AUTH_DENIED)
		a->delay_msec = t->delay_msec;
}

/* ---- the conversation ---- */

/*
 * The password answers the first question that is not echoed, and the same
 * question again, since it comes from the next module of the stack. Another
 * text is a second factor or a challenge: the password would be no answer,
 * and a server that goes on asking would be answered for ever.
 */
static bool
is_password_question(struct talk *t, const char *prompt)
{
	if (t->password_answers == 0)
		return str_copy(t->prompt, sizeof(t->prompt), prompt) == 0;
	return t->password_answers < PASSWORD_ANSWERS_MAX &&
	    strcmp(t->prompt, prompt) == 0;
}

/* Only a module that forgot the name it was given asks for it. */
static bool
is_login_question(const struct talk *t, const char *prompt)
{
	const void *wanted = NULL;

	if (t->login_answers >= LOGIN_ANSWERS_MAX)
		return false;
	if (pam_get_item(t->handle, PAM_USER_PROMPT, &wanted) !=
	    PAM_SUCCESS || wanted == NULL)
		wanted = LOGIN_PROMPT;
	return strncmp(prompt, wanted, strlen(wanted)) == 0 &&
	    strspn(prompt + strlen(wanted), " ") ==
	    strlen(prompt + strlen(wanted));
}

/* For the log. A server may send back what it was sent: no passwords. */
static void
keep_message(struct talk *t, const char *text)
{
	if (strstr(text, secret_cstr(t->req->password)) != NULL)
		return;
	str_escape_log(t->message, sizeof(t->message), text, strlen(text));
}

/* PAM_SUCCESS with *text_r a fresh answer, or NULL when none is due. */
static int
answer_message(struct talk *t, const struct pam_message *m, char **text_r)
{
	const char *text = m->msg != NULL ? m->msg : "", *answer;

	*text_r = NULL;
	switch (m->msg_style) {
	case PAM_ERROR_MSG:
	case PAM_TEXT_INFO:
		keep_message(t, text);
		return PAM_SUCCESS;
	case PAM_PROMPT_ECHO_OFF:
		if (!is_password_question(t, text))
			return PAM_CONV_ERR;
		t->password_answers++;
		answer = secret_cstr(t->req->password);
		break;
	case PAM_PROMPT_ECHO_ON:
		if (!is_login_question(t, text))
			return PAM_CONV_ERR;
		t->login_answers++;
		answer = t->req->login;
		break;
	default:
		return PAM_CONV_ERR;
	}
	/* pam_conv(3): the module frees it, and wipes it as it sees fit. */
	*text_r = strdup(answer);
	return *text_r != NULL ? PAM_SUCCESS : PAM_BUF_ERR;
}

static void
responses_free(struct pam_response *responses, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (responses[i].resp == NULL)
			continue;
		explicit_bzero(responses[i].resp, strlen(responses[i].resp));
		free(responses[i].resp);
	}
	free(responses);
}

static int
converse(int n, const struct pam_message **messages,
    struct pam_response **responses_r, void *vtalk)
{
	struct talk *t = vtalk;
	struct pam_response *responses;
	int i, rc = PAM_SUCCESS;

	if (t->trouble != PAM_SUCCESS) {
		t->trouble_stage = t->stage;
		return PAM_CONV_ERR;
	}
	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	responses = calloc((size_t)n, sizeof(*responses));
	if (responses == NULL) {
		t->trouble = PAM_BUF_ERR;
		t->trouble_stage = t->stage;
		return PAM_BUF_ERR;
	}
	for (i = 0; i < n && rc == PAM_SUCCESS; i++)
		rc = answer_message(t, messages[i], &responses[i].resp);
	if (rc == PAM_SUCCESS) {
		*responses_r = responses;
		return PAM_SUCCESS;
	}
	t->trouble = rc;
	t->trouble_stage = t->stage;
	responses_free(responses, n);
	return rc;
}

/* pam_fail_delay(3): replaces the sleep at the end of pam_authenticate(3).
 * Its value is waited out where it keeps no worker busy. */
static void
note_delay(int status, unsigned int usec, void *vtalk)
{
	struct talk *t = vtalk;

	if (status != PAM_SUCCESS && t != NULL)
		t->delay_msec = usec / USEC_PER_MSEC;
}

/* ---- spare handles ---- */

/* A spare is never asked to authenticate, so there is nothing to answer. */
static int
converse_not(int n, const struct pam_message **messages,
    struct pam_response **responses_r, void *unused)
{
	(void)n;
	(void)messages;
	(void)responses_r;
	(void)unused;
	return PAM_CONV_ERR;
}

static void
spare_end(struct spare *s)
{
	if (s->handle != NULL)
		pam_end(s->handle, PAM_SUCCESS);
	*s = (struct spare){ .handle = NULL };
}

/* Its place, or else the one that was not used for longest. */
static struct spare *
spare_find(struct pam_ctx *ctx, const char *service)
{
	struct spare *s, *oldest = ctx->spares;

	for (s = ctx->spares; s < ctx->spares + SPARES_MAX; s++) {
		if (strcmp(s->service, service) == 0)
			return s;
		if (s->last_use < oldest->last_use)
			oldest = s;
	}
	return oldest;
}

/* Best effort: without a spare the request is only slower. */
static void
spare_keep(struct pam_ctx *ctx, const char *service)
{
	static const struct pam_conv conv = { converse_not, NULL };
	struct spare *s = spare_find(ctx, service);

	if (strcmp(s->service, service) != 0) {
		spare_end(s);
		if (str_copy(s->service, sizeof(s->service), service) == -1 ||
		    pam_start(service, NULL, &conv, &s->handle) !=
		    PAM_SUCCESS)
			s->handle = NULL;
	}
	s->last_use = ++ctx->uses;
}

/* ---- the mechanism ---- */

/*
 * The name becomes that of a file in /etc/pam.d, and comes from the client.
 * PAM folds its case, so we do, to keep one spare for both spellings.
 */
static int
service_name(const char *service, char *to, size_t size)
{
	size_t len = strlen(service);
	char *p;

	if (len == 0)
		return str_copy(to, size, SERVICE_NONE);
	if (len > SERVICE_MAX || service[0] == '.' ||
	    strspn(service, SERVICE_CHARS) != len)
		return -1;
	if (str_copy(to, size, service) == -1)
		return -1;
	for (p = to; *p != '\0'; p++)
		*p = str_lower(*p);
	return 0;
}

/* PAM_RHOST without the port; left unset when no address was sent, since
 * modules take "" for a host of that name. */
static int
set_address(pam_handle_t *handle, const char *address)
{
	size_t len = strcspn(address, ";");
	char *host;
	int rc;

	if (len == 0)
		return PAM_SUCCESS;
	host = strndup(address, len);
	if (host == NULL)
		return PAM_BUF_ERR;
	rc = pam_set_item(handle, PAM_RHOST, host);
	free(host);
	return rc;
}

/* Both stages; returns the last code, for pam_end(3). */
static int
ask(struct talk *t, struct mech_answer *a)
{
	int rc;

	rc = set_address(t->handle, t->req->address);
	if (rc == PAM_SUCCESS)
		rc = pam_set_item(t->handle, PAM_FAIL_DELAY,
		    (const void *)note_delay);
	if (rc == PAM_SUCCESS) {
		t->stage = STAGE_AUTHENTICATE;
		rc = pam_authenticate(t->handle, PAM_FLAGS);
	}
	if (rc == PAM_SUCCESS) {
		t->stage = STAGE_ACCOUNT;
		rc = pam_acct_mgmt(t->handle, PAM_FLAGS);
	}
	answer_code(a, t, t->stage, rc);
	return rc;
}

static void
pam_check(void *vctx, const struct mech_request *req, struct mech_answer *a)
{
	struct pam_ctx *ctx = vctx;
	struct talk t = { .req = req };
	const struct pam_conv conv = { converse, &t };
	char service[SERVICE_MAX + 1];
	int rc;

	if (service_name(req->service, service, sizeof(service)) == -1) {
		mech_answer_set(a, AUTH_DENIED, REASON_BAD_SERVICE,
		    "the service name cannot be a PAM service");
		return;
	}
	rc = pam_start(service, req->login, &conv, &t.handle);
	if (rc != PAM_SUCCESS) {
		t.handle = NULL;	/* pam_strerror(3) needs none */
		answer_code(a, &t, STAGE_START, rc);
		return;
	}
	spare_keep(ctx, service);
	pam_end(t.handle, ask(&t, a));
}

static int
pam_open(const void *settings, void **ctx_r, struct errmsg *e)
{
	struct pam_ctx *ctx = calloc(1, sizeof(*ctx));

	(void)settings;
	if (ctx == NULL || (ctx->watch = pam_watch_new()) == NULL) {
		free(ctx);
		return errmsg_set(e, "out of memory");
	}
	*ctx_r = ctx;
	return 0;
}

static bool
pam_changed(void *vctx)
{
	struct pam_ctx *ctx = vctx;

	return pam_watch_changed(ctx->watch);
}

static void
pam_close(void *vctx)
{
	struct pam_ctx *ctx = vctx;
	size_t i;

	for (i = 0; i < SPARES_MAX; i++)
		spare_end(&ctx->spares[i]);
	pam_watch_free(ctx->watch);
	free(ctx);
}

const struct mech mech_pam = {
	.name = "pam",
	.summary = "the system's PAM stack of the service",
	.needs = MECH_NEEDS_ROOT,
	.sees_address = true,
	.worker_requests = WORKER_REQUESTS,
	.open = pam_open,
	.check = pam_check,
	.changed = pam_changed,
	.close = pam_close,
};
