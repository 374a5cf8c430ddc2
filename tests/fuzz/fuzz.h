/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz - what the fuzz targets share: the entry and the way to fail.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer's entry; replay.c calls it too. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Not assert(3): it must also hold in a build with NDEBUG. */
#define MUST(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
			    #condition); \
			abort(); \
		} \
	} while (0)

#endif
