/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret_file - reads one, and leaves no copy behind.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/compat/compat.h"
#include "common/io.h"
#include "mechanisms/secret_file.h"

#define SECRET_FILE_MAX 8191	/* bytes; passwords end below 8 KiB */

int
secret_file_read(const char *path, struct secret *to, struct errmsg *e)
{
	char *text;
	size_t len;
	int rc;

	if (io_read_file(path, SECRET_FILE_MAX, &text, &len, e) == -1)
		return -1;
	rc = secret_set(to, text, strcspn(text, "\r\n"));
	explicit_bzero(text, len);
	free(text);
	if (rc == -1)
		return errmsg_set(e, "out of memory");
	return to->len > 0 ? 0 : errmsg_set(e, "the first line of %s is "
	    "empty", path);
}
