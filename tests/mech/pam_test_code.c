/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_test_code - a PAM module that does what its arguments say, in order:
 *
 *   code=N         return the PAM code N at the end (0 unless given)
 *   ask=TEXT       ask a question that is not echoed ('_' for a blank) and
 *                  fail with PAM_CONV_ERR if it is not answered; compare the
 *                  answer with a later expect=
 *   echo=TEXT      ask an echoed question, likewise
 *   expect=TEXT    PAM_AUTH_ERR unless the last answer was TEXT
 *   rhost=TEXT     PAM_PERM_DENIED unless PAM_RHOST is TEXT ("-": unset)
 *   service=TEXT   PAM_PERM_DENIED unless PAM_SERVICE is TEXT
 *   forget         clear the user name and ask for it as modules do
 *   say=TEXT       send an error message
 *   delay=USEC     pam_fail_delay(3)
 *   sleep=SECONDS  sleep
 *   loop           ask the same question until it is refused
 *   crash          die of SIGSEGV
 */
#include <security/pam_appl.h>
#include <security/pam_modules.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 512

struct run {
	pam_handle_t *handle;
	char answer[TEXT_MAX];
	int code;
};

static const char *
value_of(const char *arg, const char *name)
{
	size_t len = strlen(name);

	return strncmp(arg, name, len) == 0 && arg[len] == '=' ?
	    arg + len + 1 : NULL;
}

/* Blanks separate arguments in pam.d(5), so '_' stands for one. */
static void
text_of(const char *value, char text[TEXT_MAX])
{
	size_t i;

	for (i = 0; value[i] != '\0' && i < TEXT_MAX - 1; i++)
		text[i] = value[i] == '_' ? ' ' : value[i];
	text[i] = '\0';
}

static int
converse(struct run *r, int style, const char *value)
{
	char text[TEXT_MAX];
	const struct pam_message message = { .msg_style = style, .msg = text };
	const struct pam_message *messages = &message;
	struct pam_response *responses = NULL;
	const void *conv = NULL;
	int rc;

	text_of(value, text);
	if (pam_get_item(r->handle, PAM_CONV, &conv) != PAM_SUCCESS)
		return PAM_SYSTEM_ERR;
	rc = ((const struct pam_conv *)conv)->conv(1, &messages, &responses,
	    ((const struct pam_conv *)conv)->appdata_ptr);
	if (rc != PAM_SUCCESS)
		return rc;
	r->answer[0] = '\0';
	if (responses != NULL && responses->resp != NULL) {
		snprintf(r->answer, sizeof(r->answer), "%s", responses->resp);
		free(responses->resp);
	}
	free(responses);
	return PAM_SUCCESS;
}

static int
item_is(struct run *r, int item, const char *wanted)
{
	const void *value = NULL;

	if (pam_get_item(r->handle, item, &value) != PAM_SUCCESS)
		return PAM_SYSTEM_ERR;
	if (value == NULL)
		value = "-";
	return strcmp(value, wanted) == 0 ? PAM_SUCCESS : PAM_PERM_DENIED;
}

static int
ask_user(struct run *r)
{
	const char *user = NULL;

	pam_set_item(r->handle, PAM_USER, NULL);
	if (pam_get_user(r->handle, &user, NULL) != PAM_SUCCESS)
		return PAM_CONV_ERR;
	snprintf(r->answer, sizeof(r->answer), "%s", user);
	return PAM_SUCCESS;
}

static int
step(struct run *r, const char *arg)
{
	const char *value;

	if ((value = value_of(arg, "code")) != NULL)
		r->code = (int)strtol(value, NULL, 10);
	else if ((value = value_of(arg, "ask")) != NULL)
		return converse(r, PAM_PROMPT_ECHO_OFF, value);
	else if ((value = value_of(arg, "echo")) != NULL)
		return converse(r, PAM_PROMPT_ECHO_ON, value);
	else if ((value = value_of(arg, "say")) != NULL)
		return converse(r, PAM_ERROR_MSG, value);
	else if ((value = value_of(arg, "expect")) != NULL)
		return strcmp(r->answer, value) == 0 ?
		    PAM_SUCCESS : PAM_AUTH_ERR;
	else if ((value = value_of(arg, "rhost")) != NULL)
		return item_is(r, PAM_RHOST, value);
	else if ((value = value_of(arg, "service")) != NULL)
		return item_is(r, PAM_SERVICE, value);
	else if ((value = value_of(arg, "delay")) != NULL)
		return pam_fail_delay(r->handle,
		    (unsigned)strtoul(value, NULL, 10));
	else if ((value = value_of(arg, "sleep")) != NULL)
		sleep((unsigned)strtoul(value, NULL, 10));
	else if (strcmp(arg, "forget") == 0)
		return ask_user(r);
	else if (strcmp(arg, "loop") == 0) {
		while (converse(r, PAM_PROMPT_ECHO_OFF, "Challenge:") ==
		    PAM_SUCCESS)
			;
		return PAM_AUTH_ERR;
	} else if (strcmp(arg, "crash") == 0)
		raise(SIGSEGV);
	else
		return PAM_SERVICE_ERR;
	return PAM_SUCCESS;
}

static int
run(pam_handle_t *handle, int argc, const char **argv)
{
	struct run r = { .handle = handle, .code = PAM_SUCCESS };
	int i, rc;

	for (i = 0; i < argc; i++) {
		rc = step(&r, argv[i]);
		if (rc != PAM_SUCCESS)
			return rc;
	}
	return r.code;
}

int
pam_sm_authenticate(pam_handle_t *handle, int flags, int argc,
    const char **argv)
{
	(void)flags;
	return run(handle, argc, argv);
}

int
pam_sm_setcred(pam_handle_t *handle, int flags, int argc, const char **argv)
{
	(void)handle;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

int
pam_sm_acct_mgmt(pam_handle_t *handle, int flags, int argc,
    const char **argv)
{
	(void)flags;
	return run(handle, argc, argv);
}
