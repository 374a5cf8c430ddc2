/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * secret_file - a secret that stands in a file of its own.
 */
#ifndef MECHANISMS_SECRET_FILE_H
#define MECHANISMS_SECRET_FILE_H

#include "common/errmsg.h"
#include "common/secret.h"

/* The file's first line, without its end. -1 when it cannot be read, is too
 * long or empty. */
int secret_file_read(const char *path, struct secret *to, struct errmsg *e);

#endif
