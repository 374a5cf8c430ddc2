/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proctitle - overwrite the area in which the kernel put argv and environ.
 *
 * Linux shows that area as /proc/PID/cmdline. When the NUL at the end of the
 * arguments has been overwritten, it reads on into what was the environment
 * (proc(5)), so both together are the room for a title.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/compat/proctitle.h"

extern char **environ;

static char *area;
static size_t area_size;
/* Kept where a leak checker finds them: the C library forgets the array once
 * setenv(3) has made a larger one, and strings that unsetenv(3) removes. Never
 * read, so volatile keeps them. */
static char **volatile environ_moved;
static char *volatile strings_moved;

/* One past the last byte of the strings that follow each other from `end`. */
static char *
area_extend(char *end, char *const *strings)
{
	for (; *strings != NULL; strings++)
		if (*strings == end)
			end += strlen(*strings) + 1;
	return end;
}

/* A copy of environ in fresh memory, its strings in one piece; NULL when there
 * is none. */
static char **
environ_copy(char **strings_r)
{
	size_t n, i, len, bytes = 0;
	char **copy, *at;

	for (n = 0; environ[n] != NULL; n++)
		bytes += strlen(environ[n]) + 1;
	copy = calloc(n + 1, sizeof(*copy));
	at = *strings_r = malloc(bytes);
	if (copy == NULL || at == NULL) {
		free(copy);
		free(at);
		return NULL;
	}
	for (i = 0; i < n; i++) {
		len = strlen(environ[i]) + 1;
		copy[i] = memcpy(at, environ[i], len);
		at += len;
	}
	return copy;
}

void
proctitle_init(int argc, char **argv)
{
	char **copy, *strings, *end;

	if (argc < 1 || argv[0] == NULL)
		return;
	end = area_extend(argv[0], argv);
	if (environ != NULL && environ[0] == end) {
		copy = environ_copy(&strings);
		if (copy != NULL) {
			end = area_extend(end, environ);
			environ_moved = copy;
			strings_moved = strings;
			environ = copy;
		}
	}
	area = argv[0];
	area_size = (size_t)(end - area);
}

void
proctitle_set(const char *fmt, ...)
{
	va_list ap;
	int n;

	if (area_size == 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(area, area_size, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n < area_size)
		memset(area + n, 0, area_size - (size_t)n);
}
