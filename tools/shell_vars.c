/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shell_vars - assignments of a file that is written for a shell.
 */
#include "config.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/io.h"
#include "common/str.h"
#include "tools/shell_vars.h"

#define FILE_SIZE_MAX (64 * 1024)	/* bytes; the stock ones have 3 KiB */

/* What a backslash takes its meaning from between double quotes. */
#define ESCAPED_IN_QUOTES "$`\"\\"

/* A value without any of these has no quotes and nothing to fill in. */
#define NOT_PLAIN "'\"\\$`"

static void
var_fini(struct shell_var *v)
{
	free(v->name);
	free(v->value);
	free(v->origin);
}

void
shell_vars_fini(struct shell_vars *vars)
{
	size_t i;

	for (i = 0; i < vars->count; i++)
		var_fini(&vars->list[i]);
	free(vars->list);
	memset(vars, 0, sizeof(*vars));
}

const struct shell_var *
shell_vars_find(const struct shell_vars *vars, const char *name)
{
	size_t i;

	for (i = vars->count; i > 0; i--)
		if (strcmp(vars->list[i - 1].name, name) == 0)
			return &vars->list[i - 1];
	return NULL;
}

static size_t
name_length(const char *s)
{
	size_t len = 0;

	while (s[len] == '_' || isalpha((unsigned char)s[len]) ||
	    (len > 0 && isdigit((unsigned char)s[len])))
		len++;
	return len;
}

/* What the shell would do something about, or NULL. `at` is not in single
 * quotes. */
static const char *
beyond_us(const char *at, bool quoted)
{
	if (*at == '\\' && at[1] == '\0')
		return "goes on in the next line";
	if (*at == '$' || *at == '`')
		return "has something for the shell to fill in";
	if (!quoted && strchr(";&|<>()", *at) != NULL)
		return "is more than KEY=value";
	return NULL;
}

/* One word without its quotes into `to`, which has room for all of it; *at is
 * moved behind. NULL, or why it cannot be understood. */
static const char *
read_word(const char **at, char *to)
{
	const char *p = *at, *why;
	char quote = '\0';

	if (*p == '~')
		return "has something for the shell to fill in";
	for (; *p != '\0' && (quote != '\0' || !str_is_blank(*p)); p++) {
		if (*p == quote) {
			quote = '\0';
			continue;
		}
		if (quote == '\'') {
			*to++ = *p;
			continue;
		}
		why = beyond_us(p, quote != '\0');
		if (why != NULL)
			return why;
		if (quote == '\0' && (*p == '\'' || *p == '"')) {
			quote = *p;
			continue;
		}
		if (*p == '\\' && (quote == '\0' ||
		    strchr(ESCAPED_IN_QUOTES, p[1]) != NULL))
			p++;
		*to++ = *p;
	}
	*to = '\0';
	*at = p;
	return quote != '\0' ? "has a quote that is not closed" : NULL;
}

/* What stands behind the '=', into `to`, which has room for it. NULL, or why
 * it cannot be understood. */
static const char *
read_value(const char *at, bool for_shell, char *to)
{
	const char *why;

	if (!for_shell && strpbrk(at, NOT_PLAIN) == NULL) {
		memcpy(to, at, strlen(at) + 1);
		return NULL;
	}
	why = read_word(&at, to);
	while (why == NULL && str_is_blank(*at))
		at++;
	/* To a shell, a command. */
	if (why == NULL && *at != '\0' && *at != '#')
		why = "is more than KEY=value (are quotes missing?)";
	return why;
}

static int
append(struct shell_vars *vars, struct shell_var *v, struct errmsg *e)
{
	struct shell_var *list = NULL;

	if (v->name != NULL && v->value != NULL && v->origin != NULL)
		list = reallocarray(vars->list, vars->count + 1,
		    sizeof(*list));
	if (list == NULL) {
		var_fini(v);
		return errmsg_set(e, "out of memory");
	}
	vars->list = list;
	vars->list[vars->count++] = *v;
	return 0;
}

static int
read_line(struct shell_vars *vars, const char *line, bool for_shell,
    const char *origin, struct errmsg *e)
{
	const char *why, *at = line;
	struct shell_var v;
	size_t len;

	for (; *at != '\0'; at++)
		if (iscntrl((unsigned char)*at) && *at != '\t')
			return errmsg_set(e, "%s: control character", origin);
	at = line;
	while (str_is_blank(*at))
		at++;
	if (*at == '\0' || *at == '#')
		return 0;
	len = name_length(at);
	if (len == 0 || at[len] != '=')
		return errmsg_set(e, "%s: is not KEY=value", origin);
	v.name = strndup(at, len);
	v.origin = strdup(origin);
	at += len + 1;
	v.value = malloc(strlen(at) + 1);
	why = v.value != NULL ? read_value(at, for_shell, v.value) : NULL;
	if (why != NULL) {
		(void)errmsg_set(e, "%s: %s %s", origin,
		    v.name != NULL ? v.name : "it", why);
		var_fini(&v);
		return -1;
	}
	return append(vars, &v, e);
}

static bool
sets(const char *text, const char *name)
{
	const size_t len = strlen(name);
	const char *line;

	for (line = text; line != NULL; line = strchr(line, '\n')) {
		line += strspn(line, " \t\n");
		if (strncmp(line, name, len) == 0 && line[len] == '=')
			return true;
	}
	return false;
}

/* Ends `text` at its first line end; what follows, or NULL. */
static char *
cut_line(char *text)
{
	char *lf = strchr(text, '\n');

	if (lf == NULL)
		return NULL;
	*lf = '\0';
	return lf + 1;
}

int
shell_vars_read(struct shell_vars *vars, const char *path,
    const char *for_shell, struct errmsg *e)
{
	char *text, *line, *next, *origin;
	unsigned long number = 0;
	bool is_for_shell;
	size_t len;
	int rc = 0;

	if (io_read_file(path, FILE_SIZE_MAX, &text, &len, e) == -1)
		return -1;
	if (strlen(text) != len)
		rc = errmsg_set(e, "%s: NUL byte", path);
	is_for_shell = sets(text, for_shell);
	for (line = text; rc == 0 && line != NULL; line = next) {
		next = cut_line(line);
		origin = str_dup_format("%s:%lu", path, ++number);
		rc = origin != NULL ? read_line(vars, line, is_for_shell,
		    origin, e) : errmsg_set(e, "out of memory");
		free(origin);
	}
	free(text);
	return rc;
}
