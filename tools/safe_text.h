/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * safe_text - print names that clients made up.
 *
 * What could control a terminal, hide or turn the writing (control and
 * direction characters, bytes that are no UTF-8) becomes \xHH, and so does a
 * backslash; where the locale is not UTF-8, everything beyond ASCII does.
 * Unlike a log line, nothing is cut.
 */
#ifndef TOOLS_SAFE_TEXT_H
#define TOOLS_SAFE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Is the locale's character set UTF-8? After setlocale(3). */
bool safe_text_utf8(void);

/* Returns how many characters were written. */
size_t safe_text_put(FILE *to, const char *s);
/* The same, and blanks up to `width` characters. */
void safe_text_column(FILE *to, const char *s, size_t width);
/* The same between the quotes of a CSV field (RFC 4180): "" for ". */
void safe_text_csv(FILE *to, const char *s);

#endif
