/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * str - small text helpers: bounded copies, escaping for logs, numbers.
 */
#ifndef COMMON_STR_H
#define COMMON_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest value shown in a log line before the cut mark (design section 2). */
#define STR_LOG_VALUE_MAX 256

/* Copy with NUL; -1 (and to[0] = 0) when it does not fit: never cut. */
int str_copy(char *to, size_t size, const char *from);
/* The same with the first n bytes. */
int str_copy_n(char *to, size_t size, const char *from, size_t n);

/* snprintf that fails instead of cutting; -1 and "" when it does not fit. */
int str_format(char *to, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Fresh printf'd string, NULL when out of memory. */
char *str_dup_format(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * Escape n bytes for one bracketed value of a log line: control characters,
 * bytes that are not well-formed UTF-8, backslash and square brackets become
 * \xHH; at most STR_LOG_VALUE_MAX bytes of output, then "..." marks the cut.
 * Well-formed, printable UTF-8 stays. `to` needs STR_ESCAPED_SIZE bytes.
 * Returns the length written.
 */
#define STR_ESCAPED_SIZE (STR_LOG_VALUE_MAX + 4)
size_t str_escape_log(char *to, size_t size, const void *bytes, size_t n);
/* The same, blanks too. */
size_t str_escape_word(char *to, size_t size, const void *bytes, size_t n);

/* Length of the well-formed UTF-8 sequence the n > 0 bytes begin with, and its
 * code point; 0 if there is none. */
size_t str_utf8_decode(const unsigned char *p, size_t n, uint32_t *code_r);

/* Decimal number, whole string, in [min, max]; -1 otherwise. */
int str_to_long(const char *s, long min, long max, long *v_r);

/* ASCII only, independent of the locale. */
char str_lower(char c);
int str_casecmp(const char *a, const char *b);
bool str_starts(const char *s, const char *prefix);
bool str_is_blank(char c);

/* Edits (insert, delete, change, swap) from a to b; used for "did you mean".
 * Names longer than 64 bytes count as far apart. */
unsigned str_distance(const char *a, const char *b);

#endif
