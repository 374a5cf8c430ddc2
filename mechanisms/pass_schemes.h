/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pass_schemes - passwords as directories store them: {SCHEME}value. The only
 * file that includes openssl headers.
 *
 *   {CLEARTEXT}, or no prefix at all     the password itself
 *   {CRYPT} {UNIX}                       whatever crypt(3) takes (passhash)
 *   {MD5} {SHA} {SHA256} {SHA384} {SHA512}          base64 of the digest
 *   {SMD5} {SSHA} {SSHA256} {SSHA384} {SSHA512}     of digest and salt
 *   {PBKDF2} {PBKDF2-SHA1|SHA256|SHA512}   ITERATIONS$SALT$HASH
 *   {PBKDF2_SHA256}                        389-ds' packed form
 *   {ARGON2} {ARGON2I} {ARGON2ID}          $argon2id$v=19$... (pass_argon2)
 *
 * A hyphen inside SHA-256 and the like is allowed; case does not matter. What
 * looks like a hash of crypt(5), and has no prefix, is none of these: "$id$..."
 * and BSDi's "_...". Thirteen letters are a password, and none of old DES.
 */
#ifndef MECHANISMS_PASS_SCHEMES_H
#define MECHANISMS_PASS_SCHEMES_H

#include <stddef.h>

#include "common/errmsg.h"
#include "common/secret.h"

enum pass_verdict {
	PASS_UNSET = 0,
	PASS_MATCH,
	PASS_MISMATCH,
	PASS_LOCKED,		/* {CRYPT} of a lock, which nothing matches */
	PASS_UNKNOWN,		/* scheme or form nobody here knows */
	PASS_ERROR		/* memory, or the library failed */
};

/* Compare in constant time. Never takes a value with an unknown prefix, or
 * one without prefix that looks like a hash of crypt(5), for a password.
 * PASS_UNKNOWN names the scheme in e, never the value. */
enum pass_verdict pass_schemes_verify(const struct secret *stored,
    const struct secret *pw, struct errmsg *e);

/* Of all values, which are all looked at: MATCH if any does; else ERROR if one
 * could not be judged that might have; else MISMATCH if any does not; else
 * LOCKED; else UNKNOWN. count 0 is UNSET. e says why it is UNKNOWN or ERROR. */
enum pass_verdict pass_schemes_verify_any(const struct secret *values,
    size_t count, const struct secret *pw, struct errmsg *e);

/* Spend the time of the dearest verification so far in this process, for a
 * user that is not there. */
void pass_schemes_dummy(const struct secret *pw);

#endif
