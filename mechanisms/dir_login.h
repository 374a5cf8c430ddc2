/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir_login - one login, by the method of the settings: bind (search, then
 * bind as what was found), custom (search, then compare), fastbind (bind by
 * template, or through SASL), each followed by the group check; at one server
 * after the other until one can answer.
 */
#ifndef MECHANISMS_DIR_LOGIN_H
#define MECHANISMS_DIR_LOGIN_H

#include "mechanisms/dir_servers.h"
#include "mechanisms/dir_session.h"
#include "mechanisms/mech.h"

struct dir_login {
	const struct dir_settings *settings;
	struct servers *servers;
	struct dir_session *session;
	unsigned sasl_logins;	/* so many of this worker */
};

/* Leaves an answer on every path; AUTH_OK in one place only. After so many
 * logins through SASL the worker is to retire. */
void dir_login_check(struct dir_login *l, const struct mech_request *req,
    struct mech_answer *a);

#endif
