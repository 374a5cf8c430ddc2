/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * password_input - read a password from a terminal or a descriptor.
 *
 * What is read never passes through stdio, whose buffers nobody wipes.
 */
#ifndef TOOLS_PASSWORD_INPUT_H
#define TOOLS_PASSWORD_INPUT_H

#include <stddef.h>

#include "common/errmsg.h"
#include "common/secret.h"

/*
 * Print prompt on this descriptor and read one line from standard input,
 * which must be a terminal, with echo off; the newline is not kept. Blocks.
 * Signals that end or stop the program act once echo is on again. 0, or -1
 * with a message; end of file before any byte is an error too.
 */
int password_read_tty(int prompt_fd, const char *prompt, struct secret *s,
    struct errmsg *e);

/*
 * Read the first line of fd, without its newline, which may be missing at the
 * end of file. Byte by byte, so that what follows stays for whoever reads the
 * same descriptor next. Blocks. More than max bytes are an error, never cut.
 * 0, or -1 with a message; s is empty then.
 */
int password_read_line(int fd, size_t max, struct secret *s,
    struct errmsg *e);

/*
 * Read all bytes of fd up to end of file, minus exactly one newline at their
 * end. Blocks. More than max bytes (newline not counted) are an error, never
 * cut. 0, or -1 with a message; s is empty then.
 */
int password_read_fd(int fd, size_t max, struct secret *s, struct errmsg *e);

#endif
