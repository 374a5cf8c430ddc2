/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pam_slow - a PAM module that stands for a distant directory: it takes its
 * time and then says what its arguments say.
 *
 *   ms=N         milliseconds until the verdict
 *   code=N       the PAM code of the verdict (0 unless given)
 *   count=FILE   a byte is appended to FILE for every call
 */
#include <fcntl.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *value_of(int argc, const char **argv, const char *name)
{
	size_t len = strlen(name);
	int i;

	for (i = 0; i < argc; i++)
		if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
			return argv[i] + len + 1;
	return NULL;
}

static long number_of(int argc, const char **argv, const char *name)
{
	const char *value = value_of(argc, argv, name);

	return value == NULL ? 0 : strtol(value, NULL, 10);
}

/* O_APPEND: many workers write to the one file. */
static int count_call(const char *path)
{
	int fd, rc;

	if (path == NULL)
		return PAM_SUCCESS;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	rc = fd >= 0 && write(fd, ".", 1) == 1 ? PAM_SUCCESS : PAM_SYSTEM_ERR;
	if (fd >= 0)
		close(fd);
	return rc;
}

int pam_sm_authenticate(pam_handle_t *handle, int flags, int argc,
    const char **argv)
{
	long ms = number_of(argc, argv, "ms");
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000 };

	(void)handle;
	(void)flags;
	if (count_call(value_of(argc, argv, "count")) != PAM_SUCCESS)
		return PAM_SYSTEM_ERR;
	nanosleep(&pause, NULL);
	return (int)number_of(argc, argv, "code");
}

int pam_sm_setcred(pam_handle_t *handle, int flags, int argc,
    const char **argv)
{
	(void)handle;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

int pam_sm_acct_mgmt(pam_handle_t *handle, int flags, int argc,
    const char **argv)
{
	(void)handle;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}
