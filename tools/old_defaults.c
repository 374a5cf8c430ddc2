/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * old_defaults - an instance of the old daemon, from a start script's file.
 */
#include "config.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "tools/old_defaults.h"
#include "tools/shell_vars.h"

/* Files of /etc/default that Debian's script takes for instances. */
#define DEBIAN_FILES "/etc/default/saslauthd*"
#define DEBIAN_PREFIX "/etc/default/"
#define DEBIAN_LETTERS "abcdefghijklmnopqrstuvwxyz" \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

#define DEBIAN_ALWAYS "MECHANISMS"	/* set, and by nobody else */

/* Run directories that the old daemon was built with. */
#define DEBIAN "/var/run/saslauthd"
#define RED_HAT "/run/saslauthd"
#define SUSE "/run/sasl2"
#define GENTOO "/run/saslauthd"

static const char *const other_files[] = {
	"/etc/sysconfig/saslauthd", "/etc/conf.d/saslauthd"
};

/* What becomes of a variable; flags stand on the command line in this order:
 * Debian's `-a $MECHANISMS -O $MECH_OPTIONS $OPTIONS -n $THREADS`, Red Hat's
 * `-m $SOCKETDIR -a $MECH $FLAGS`. */
static const struct role {
	const char *name;
	const char *flag;	/* "": words; NULL: none of the daemon's */
	const char *run_dir;	/* of those whose flag it is */
} roles[] = {
	{ "SOCKETDIR", "-m", RED_HAT }, { "MECH", "-a", RED_HAT },
	{ "FLAGS", "", RED_HAT },
	{ "MECHANISMS", "-a", DEBIAN }, { "MECH_OPTIONS", "-O", DEBIAN },
	{ "OPTIONS", "", DEBIAN }, { "THREADS", "-n", DEBIAN },
	{ "SASLAUTHD_AUTHMECH", "-a", SUSE },
	{ "SASLAUTHD_THREADS", "-n", SUSE },
	{ "SASLAUTHD_PARAMS", "", SUSE },
	{ "SASLAUTHD_OPTS", "", GENTOO },
	{ "START", NULL, NULL }, { "NAME", NULL, NULL },
	{ "DESC", NULL, NULL }, { "DAEMONOPTS", NULL, NULL }
};

#define ROLES (sizeof(roles) / sizeof(roles[0]))

struct words {
	struct old_word *list;
	size_t count;
};

static void
words_fini(struct words *w)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		free(w->list[i].text);
	free(w->list);
}

static int
add_word(struct words *w, const char *text, size_t len, const char *origin,
    struct errmsg *e)
{
	struct old_word *list;

	list = reallocarray(w->list, w->count + 1, sizeof(*list));
	if (list == NULL)
		return errmsg_set(e, "out of memory");
	w->list = list;
	list[w->count] = (struct old_word){ strndup(text, len), origin };
	if (list[w->count].text == NULL)
		return errmsg_set(e, "out of memory");
	w->count++;
	return 0;
}

/* The start scripts leave it to the shell, or to systemd, to split a value at
 * blanks. */
static int
add_var(struct words *w, const char *flag, const struct shell_var *v,
    struct errmsg *e)
{
	const char *at = v->value;
	size_t len;

	at += strspn(at, " \t");
	if (*at != '\0' && *flag != '\0' &&
	    add_word(w, flag, strlen(flag), v->origin, e) == -1)
		return -1;
	for (; *at != '\0'; at += strspn(at, " \t")) {
		len = strcspn(at, " \t");
		if (add_word(w, at, len, v->origin, e) == -1)
			return -1;
		at += len;
	}
	return 0;
}

static void
tell_strangers(const struct shell_vars *vars, struct draft *d)
{
	const struct shell_var *v, *end = vars->list + vars->count;
	size_t i;

	for (v = vars->list; v < end; v++) {
		for (i = 0; i < ROLES; i++)
			if (strcmp(roles[i].name, v->name) == 0)
				break;
		if (i == ROLES)
			draft_by_hand(d, "%s: %s: was no setting of the old "
			    "daemon; under systemd it stood in its "
			    "environment", v->origin, v->name);
		else if (roles[i].flag == NULL && v->value[0] != '\0')
			draft_note(d, "%s: %s: was for the start script",
			    v->origin, v->name);
	}
}

/* Debian's script starts what says START=yes. */
static bool
is_off(const struct shell_vars *vars)
{
	const struct shell_var *start = shell_vars_find(vars, "START");

	return shell_vars_find(vars, DEBIAN_ALWAYS) != NULL &&
	    (start == NULL || strcmp(start->value, "yes") != 0);
}

static void
tell_command(const struct words *w, const char *path, struct draft *d)
{
	size_t i;

	fprintf(d->to, "# %s:\n# | saslauthd", path);
	for (i = 0; i < w->count; i++)
		fprintf(d->to, " %s", w->list[i].text);
	draft_empty_line(d);
}

/* The words, and by the first that has any, whose file it is. */
static int
read_words(struct words *w, const struct shell_vars *vars,
    const char **run_dir_r, struct errmsg *e)
{
	const struct shell_var *v;
	size_t i;

	*run_dir_r = NULL;
	for (i = 0; i < ROLES; i++) {
		v = roles[i].flag == NULL ? NULL :
		    shell_vars_find(vars, roles[i].name);
		if (v != NULL && add_var(w, roles[i].flag, v, e) == -1)
			return -1;
		if (*run_dir_r == NULL && w->count > 0)
			*run_dir_r = roles[i].run_dir;
	}
	return 0;
}

int
old_instance_read(struct old_instance *in, const char *path, struct draft *d,
    struct errmsg *e)
{
	struct shell_vars vars = SHELL_VARS_INIT;
	struct words words = { NULL, 0 };
	int rc = -1;

	in->path = strdup(path);
	if (in->path == NULL)
		return errmsg_set(e, "out of memory");
	if (shell_vars_read(&vars, path, DEBIAN_ALWAYS, e) == -1 ||
	    read_words(&words, &vars, &in->run_dir, e) == -1)
		goto out;
	in->off = is_off(&vars);
	tell_command(&words, path, d);
	tell_strangers(&vars, d);
	if (old_flags_parse(&in->flags, words.list, words.count, d, e) == -1)
		goto out;
	if (in->flags.value[OLD_MECH] == NULL) {
		(void)errmsg_set(e, "%s: names no mechanism", path);
		goto out;
	}
	rc = 0;
out:
	words_fini(&words);
	shell_vars_fini(&vars);
	return rc;
}

void
old_instance_fini(struct old_instance *in)
{
	free(in->path);
	old_flags_fini(&in->flags);
}

static int
add_path(char ***paths, size_t *count, const char *path, struct errmsg *e)
{
	char **list = reallocarray(*paths, *count + 1, sizeof(*list));

	if (list != NULL) {
		*paths = list;
		list[*count] = strdup(path);
	}
	if (list == NULL || list[*count] == NULL)
		return errmsg_set(e, "out of memory");
	++*count;
	return 0;
}

int
old_instance_find(char ***paths_r, size_t *count_r, struct errmsg *e)
{
	const char *name;
	glob_t found;
	size_t i;
	int rc = 0;

	*paths_r = NULL;
	*count_r = 0;
	memset(&found, 0, sizeof(found));
	(void)glob(DEBIAN_FILES, 0, NULL, &found);
	for (i = 0; rc == 0 && i < found.gl_pathc; i++) {
		name = found.gl_pathv[i] + strlen(DEBIAN_PREFIX);
		/* Not the saslauthd.dpkg-old that an upgrade leaves. */
		if (name[strspn(name, DEBIAN_LETTERS)] == '\0')
			rc = add_path(paths_r, count_r, found.gl_pathv[i], e);
	}
	globfree(&found);
	for (i = 0; rc == 0 && *count_r == 0 &&
	    i < sizeof(other_files) / sizeof(other_files[0]); i++)
		if (access(other_files[i], F_OK) == 0)
			rc = add_path(paths_r, count_r, other_files[i], e);
	if (rc == 0 && *count_r == 0)
		rc = errmsg_set(e, "there is no " DEBIAN_FILES
		    ", %s or %s: name the file", other_files[0],
		    other_files[1]);
	return rc;
}
