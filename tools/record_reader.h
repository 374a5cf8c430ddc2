/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_reader - read a stream that holds passwords, a record at a time.
 *
 * A record is a line, or, between double quotes, several. What was read never
 * passes through stdio, whose buffers nobody wipes, and no more of it is kept
 * than one block.
 */
#ifndef TOOLS_RECORD_READER_H
#define TOOLS_RECORD_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/errmsg.h"
#include "common/secret.h"

#define RECORD_MAX 131072	/* bytes: a name and a password of Cyrus SASL's
				 * largest (32767 and 8191), both in hex */

struct record_reader {
	int fd;			/* the caller's */
	struct secret block;
	size_t start, end;	/* not yet given out */
	bool at_end;		/* of the file */
	unsigned long line;	/* where the latest record begins, from 1 */
	unsigned long next_line;
};

#define RECORD_READER_INIT(fd) { (fd), SECRET_INIT, 0, 0, false, 0, 1 }

/*
 * The next record, without its end of line (LF, or CR LF) and with a NUL in
 * its place: the caller's to change until the next call. With `quotes` a line
 * goes on while a double quote is open. Blocks. 1, or 0 at the end of the
 * file, or -1 with a message: a record of more than RECORD_MAX bytes, and a
 * quote that is never closed, end the reading.
 */
int record_reader_next(struct record_reader *r, bool quotes, char **text_r,
    size_t *len_r, struct errmsg *e);

/* The first n bytes (at most RECORD_MAX), without taking them; fewer at the
 * end of the file. -1 with a message. */
int record_reader_peek(struct record_reader *r, size_t n,
    const unsigned char **bytes_r, size_t *len_r, struct errmsg *e);

void record_reader_fini(struct record_reader *r);

#endif
