/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_watch - see pam_watch.h.
 */
#include "config.h"

#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/io.h"
#include "common/str.h"
#include "mechanisms/pam_watch.h"

#define PAM_CONF "/etc/pam.conf"
#define CONF_MAX (256 * 1024)	/* bytes; a larger file is only stat'ed */
#define MODULE_SUFFIX ".so"

/* FNV-1a, 64 bits: it only has to differ when the files do. */
#define FNV_START 14695981039346656037u
#define FNV_PRIME 1099511628211u

struct pam_watch {
	glob_t config_dirs;
	glob_t module_dirs;
	uint64_t state;
};

/* pam.d(5), and where Linux-PAM looks besides for what vendors ship. */
static const char *const config_patterns[] = {
	"/etc/pam.d", "/usr/lib/pam.d", "/usr/share/pam.d",
	"/usr/local/etc/pam.d",
};

/* Where the systems' builds of Linux-PAM keep modules. /lib is a link to
 * usr/lib on most of them, and is seen through it. */
static const char *const module_patterns[] = {
	"/usr/lib*/security", "/usr/lib/*/security",
	"/usr/local/lib/security", "/lib/security", "/lib64/security",
};

static uint64_t
mix(uint64_t digest, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;

	while (n-- > 0)
		digest = (digest ^ *p++) * FNV_PRIME;
	return digest;
}

#define MIX(digest, value) mix(digest, &(value), sizeof(value))

/* What changes when a file is written, replaced, removed or made. */
static uint64_t
digest_path(const char *path)
{
	uint64_t d = mix(FNV_START, path, strlen(path));
	struct stat st;

	if (stat(path, &st) == -1)
		return d;
	d = MIX(d, st.st_dev);
	d = MIX(d, st.st_ino);
	d = MIX(d, st.st_mode);
	d = MIX(d, st.st_size);
	d = MIX(d, st.st_mtim.tv_sec);
	d = MIX(d, st.st_mtim.tv_nsec);
	d = MIX(d, st.st_ctim.tv_sec);
	return MIX(d, st.st_ctim.tv_nsec);
}

static bool
is_module_path(const char *word)
{
	size_t len = strlen(word), suffix = strlen(MODULE_SUFFIX);

	return word[0] == '/' && len > suffix &&
	    strcmp(word + len - suffix, MODULE_SUFFIX) == 0;
}

/* Modules that a service file names by path lie outside the directories. */
static uint64_t
digest_config(const char *path)
{
	uint64_t d = digest_path(path);
	size_t len, text_len;
	char *text, *word;

	if (io_read_file(path, CONF_MAX, &text, &text_len, NULL) == -1)
		return d;
	for (word = text; *word != '\0'; word += len) {
		word += strspn(word, " \t\n\\");
		len = strcspn(word, " \t\n\\");
		if (word[len] != '\0')
			word[len++] = '\0';
		if (is_module_path(word))
			d += digest_path(word);
	}
	free(text);
	return d;
}

/* Sums do not depend on the order readdir(3) gives. */
static uint64_t
digest_dir(const char *path, uint64_t (*digest)(const char *path))
{
	uint64_t d = digest_path(path);
	DIR *dir = opendir(path);
	char name[PATH_MAX];
	struct dirent *entry;

	if (dir == NULL)
		return d;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && str_format(name, sizeof(name),
		    "%s/%s", path, entry->d_name) == 0)
			d += digest(name);
	closedir(dir);
	return d;
}

static uint64_t
digest_all(const struct pam_watch *w)
{
	uint64_t d = digest_config(PAM_CONF);
	size_t i;

	for (i = 0; i < w->config_dirs.gl_pathc; i++)
		d += digest_dir(w->config_dirs.gl_pathv[i], digest_config);
	for (i = 0; i < w->module_dirs.gl_pathc; i++)
		d += digest_dir(w->module_dirs.gl_pathv[i], digest_path);
	return d;
}

static int
find(glob_t *found, const char *const *patterns, size_t n, int flags)
{
	size_t i;
	int append = 0;

	for (i = 0; i < n; i++) {
		if (glob(patterns[i], flags | append, NULL, found) ==
		    GLOB_NOSPACE)
			return -1;
		append = GLOB_APPEND;
	}
	return 0;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct pam_watch *
pam_watch_new(void)
{
	struct pam_watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	/* A pam.d directory may be made later, so its name stays in the list;
	 * a pattern that matches nothing has no such name. */
	if (find(&w->config_dirs, config_patterns, COUNT(config_patterns),
	    GLOB_NOCHECK) == -1 ||
	    find(&w->module_dirs, module_patterns, COUNT(module_patterns),
	    0) == -1) {
		pam_watch_free(w);
		return NULL;
	}
	w->state = digest_all(w);
	return w;
}

void
pam_watch_free(struct pam_watch *w)
{
	if (w == NULL)
		return;
	globfree(&w->config_dirs);
	globfree(&w->module_dirs);
	free(w);
}

bool
pam_watch_changed(struct pam_watch *w)
{
	uint64_t before = w->state;

	w->state = digest_all(w);
	return w->state != before;
}
