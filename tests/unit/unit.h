/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unit - what every unit test includes first. cmocka.h wants these standard
 * headers in front of it.
 */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* What a test cannot do, or must tell, under valgrind(1). */
#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif
#endif
#ifndef RUNNING_ON_VALGRIND
#define RUNNING_ON_VALGRIND 0
#define VALGRIND_MAKE_MEM_DEFINED(p, n) ((void)(p), (void)(n))
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* For tables: say which row it was. */
#define assert_row(name, cond) \
	do { \
		if (!(cond)) \
			fail_msg("row '%s': %s", (name), #cond); \
	} while (0)

#endif
