/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * freed - do secrets survive in memory that is given back?
 */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/freed.h"
#include "tests/unit/unit.h"

/* The linker's names for --wrap. */
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void __real_free(void *p);
void __wrap_free(void *p);

static const char *watched;
static unsigned finds;

void
freed_watch(const char *text)
{
	watched = text;
	finds = 0;
}

unsigned
freed_finds(void)
{
	return finds;
}

/* What is searched later should not be uninitialised: valgrind would
 * complain, and old blocks might be found again. */
void *
__wrap_malloc(size_t n)
{
	return watched == NULL ? __real_malloc(n) : calloc(1, n);
}

void
__wrap_free(void *p)
{
	if (p != NULL && watched != NULL) {
		/* Made before the watch began, it may be uninitialised. */
		(void)VALGRIND_MAKE_MEM_DEFINED(p, malloc_usable_size(p));
		if (memmem(p, malloc_usable_size(p), watched,
		    strlen(watched)) != NULL)
			finds++;
	}
	__real_free(p);
}
