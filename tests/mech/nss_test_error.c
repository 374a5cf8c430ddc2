/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss_test_error - a source for nsswitch.conf(5) that cannot be asked: every
 * look-up fails with the error number in the environment variable
 * NSS_TEST_ERRNO (5, EIO, unless set).
 */
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdlib.h>

#define DEFAULT_ERRNO 5

enum nss_status _nss_testerror_getpwnam_r(const char *name,
    struct passwd *entry, char *buf, size_t size, int *errnum_r);
enum nss_status _nss_testerror_getspnam_r(const char *name,
    struct spwd *entry, char *buf, size_t size, int *errnum_r);

static enum nss_status
unavailable(int *errnum_r)
{
	const char *number = getenv("NSS_TEST_ERRNO");

	*errnum_r = number != NULL ? (int)strtol(number, NULL, 10) :
	    DEFAULT_ERRNO;
	return NSS_STATUS_UNAVAIL;
}

enum nss_status
_nss_testerror_getpwnam_r(const char *name, struct passwd *entry, char *buf,
    size_t size, int *errnum_r)
{
	(void)name;
	(void)entry;
	(void)buf;
	(void)size;
	return unavailable(errnum_r);
}

enum nss_status
_nss_testerror_getspnam_r(const char *name, struct spwd *entry, char *buf,
    size_t size, int *errnum_r)
{
	(void)name;
	(void)entry;
	(void)buf;
	(void)size;
	return unavailable(errnum_r);
}
