/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passhash - password hashes as crypt(5) knows them, through libxcrypt.
 *
 * The only file that includes <crypt.h>. Every method that crypt_r(3) reads
 * is verified; new hashes are yescrypt unless told otherwise.
 */
#ifndef MECHANISMS_PASSHASH_H
#define MECHANISMS_PASSHASH_H

#include <stdbool.h>
#include <stddef.h>

#include "common/errmsg.h"
#include "common/secret.h"

#define PASSHASH_MAX 384	/* CRYPT_OUTPUT_SIZE of libxcrypt */

enum passhash_verdict {
	PASSHASH_UNSET = 0,
	PASSHASH_MATCH,
	PASSHASH_MISMATCH,
	PASSHASH_UNKNOWN,	/* stored is no hash of a known method */
	PASSHASH_ERROR		/* could not be computed (memory) */
};

/* Hash pw with the settings in `stored` and compare in constant time. */
enum passhash_verdict passhash_verify(const char *stored,
    const struct secret *pw, struct errmsg *e);

/*
 * Spend the time one verification of a hash like `model` takes, so that an
 * unknown user costs what a wrong password costs. model NULL or unusable:
 * this module's default method. The outcome is thrown away.
 */
void passhash_dummy(const char *model, const struct secret *pw);

/* Hash with a fresh random salt. method: "yescrypt" (default for NULL),
 * "gost-yescrypt", "scrypt", "bcrypt", "sha512crypt", "sha256crypt",
 * "md5crypt" ... ; cost 0 is the method's default. -1 with a message. */
int passhash_make(const char *method, unsigned long cost,
    const struct secret *pw, char *to, size_t size, struct errmsg *e);

/* Name of the method of a stored hash ("yescrypt"), NULL if none is known.
 * Looks at the prefix only. */
const char *passhash_method(const char *stored);

#endif
