/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rad_settings_check - the half of rad_settings.h that judges: what cannot
 * be, and what the owner of a configuration should know.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/speaker.h"
#include "mechanisms/rad_form.h"
#include "mechanisms/rad_servers.h"
#include "mechanisms/rad_settings.h"

/* The daemon's default of backend_timeout. */
#define BACKEND_TIMEOUT_MSEC 10000

static int
verify_tls(const struct rad_settings *s, const struct rad_servers *sv,
    struct errmsg *e)
{
	size_t i;

	if ((s->cert[0] == '\0') != (s->key[0] == '\0'))
		return errmsg_set(e, "radius_tls_cert and radius_tls_key: "
		    "one of them is missing");
	for (i = 0; i < sv->count; i++)
		if (sv->list[i].tls && s->cacert_file[0] == '\0' &&
		    s->cacert_dir[0] == '\0')
			return errmsg_set(e, "%s: radius_tls_cacert_file is "
			    "missing: whom to trust?", sv->list[i].name);
	return 0;
}

int
rad_settings_verify(const void *settings, struct errmsg *e)
{
	struct rad_servers sv;
	struct rad_form *f;
	int rc = rad_servers_parse(settings, &sv, e);

	if (rc == 0)
		rc = verify_tls(settings, &sv, e);
	rad_servers_fini(&sv);
	if (rc == -1)
		return -1;
	f = rad_form_new(settings, e);
	rad_form_free(f);
	return f != NULL ? 0 : -1;
}

static void
remark_secret(const char *key, const char *path, const struct speaker *to)
{
	struct stat st;

	if (path[0] != '\0' && stat(path, &st) == 0 &&
	    (st.st_mode & S_IROTH) != 0)
		speaker_tell(to, "%s: %s: everybody may read it", key, path);
}

static void
remark_server(const struct rad_server *s, const struct speaker *to)
{
	/* Nobody changes what TLS carries. */
	if (!s->require_signature && !s->tls)
		speaker_tell(to,
		    "radius_require_message_authenticator: no: who can "
		    "change packets on the way to %s can let anybody in "
		    "(CVE-2024-3596)", s->name);
	if (s->timeout_msec * s->tries > BACKEND_TIMEOUT_MSEC)
		speaker_tell(to,
		    "radius_timeout: %u tries of %s take longer than "
		    "backend_timeout, %d s unless it is set", s->tries,
		    s->name, BACKEND_TIMEOUT_MSEC / 1000);
	remark_secret("radius_secret_file", s->secret_file, to);
}

void
rad_settings_remarks(const void *settings, conf_report *say, void *arg)
{
	const struct rad_settings *s = settings;
	const struct speaker to = { say, arg };
	struct rad_servers sv;
	bool tls = false;
	size_t i;

	if (rad_servers_parse(settings, &sv, NULL) == 0)
		for (i = 0; i < sv.count; i++) {
			remark_server(&sv.list[i], &to);
			tls = tls || sv.list[i].tls;
		}
	rad_servers_fini(&sv);
	if (tls)
		remark_secret("radius_tls_key", s->key, &to);
}

static void
look_for(const char *key, const char *path, const struct speaker *to)
{
	struct stat st;

	if (path[0] != '\0' && stat(path, &st) == -1)
		speaker_tell(to, "%s: %s: %s", key, path, strerror(errno));
}

void
rad_settings_lacks(const void *settings, conf_report *say, void *arg)
{
	const struct rad_settings *s = settings;
	const struct speaker to = { say, arg };
	struct rad_servers sv;
	bool tls = false;
	size_t i;

	if (rad_servers_parse(settings, &sv, NULL) == 0)
		for (i = 0; i < sv.count; i++) {
			look_for("radius_secret_file",
			    sv.list[i].secret_file, &to);
			tls = tls || sv.list[i].tls;
		}
	rad_servers_fini(&sv);
	if (!tls)
		return;
	look_for("radius_tls_cacert_file", s->cacert_file, &to);
	look_for("radius_tls_cacert_dir", s->cacert_dir, &to);
	look_for("radius_tls_cert", s->cert, &to);
	look_for("radius_tls_key", s->key, &to);
}
