/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss_sources - see nss_sources.h.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/io.h"
#include "mechanisms/nss_sources.h"

#define NSSWITCH_PATH "/etc/nsswitch.conf"
#define NSSWITCH_MAX (64 * 1024)	/* bytes; the usual one has 500 */

#define BLANKS " \t"

/* Sources that give every process the same answer, from this machine. */
static const char *const local_sources[] = {
	"files", "compat", "db", "altfiles", "extrausers",
	"systemd", "mymachines",
	"sss", "winbind",	/* these hand out no password hashes at all */
};

static bool
word_is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && strncmp(word, name, len) == 0;
}

static bool
is_local(const char *word, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(local_sources) / sizeof(local_sources[0]); i++)
		if (word_is(word, len, local_sources[i]))
			return true;
	return false;
}

/* One line's sources: "files [NOTFOUND=return] ldap". glibc 2.36 knows no
 * comment behind them, whatever the manual says, so here is none either. */
static void
take_sources(const char *at, const char *end, struct nss_sources *s)
{
	size_t len;

	for (;;) {
		at += strspn(at, BLANKS);
		if (at >= end)
			return;
		if (*at == '[') {
			len = strcspn(at, "]\n");
			at += at[len] == ']' ? len + 1 : len;
			continue;
		}
		len = strcspn(at, BLANKS "[\n");
		if (word_is(at, len, "files") || word_is(at, len, "compat"))
			s->files = true;
		if (!is_local(at, len))
			s->remote = true;
		at += len;
	}
}

void
nss_sources_read(const char *database, struct nss_sources *sources_r)
{
	const struct nss_sources standard = { .files = true };
	size_t len = strlen(database), text_len;
	char *text;
	const char *line, *end;

	*sources_r = standard;
	if (io_read_file(NSSWITCH_PATH, NSSWITCH_MAX, &text, &text_len,
	    NULL) == -1)
		return;
	for (line = text; *line != '\0'; line = *end == '\n' ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		line += strspn(line, BLANKS);
		if (strncmp(line, database, len) != 0 || line[len] != ':')
			continue;
		*sources_r = (struct nss_sources){ .files = false };
		take_sources(line + len + 1, end, sources_r);
		break;
	}
	free(text);
}
