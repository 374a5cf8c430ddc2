/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif
#ifdef WITH_SECCOMP
#include <seccomp.h>
#endif

#include "common/str.h"
#include "front/sandbox.h"

static bool
is_shortage(int err)
{
	return err == ENOMEM || err == ENOSPC || err == EDQUOT ||
	    err == EMFILE || err == ENFILE || err == EAGAIN || err == EIO;
}

static enum sandbox_result
fail(struct errmsg *e, int err, const char *what)
{
	(void)errmsg_errno(e, err, "%s", what);
	return is_shortage(err) ? SANDBOX_FAILED : SANDBOX_REFUSED;
}

static enum sandbox_result
refuse(struct errmsg *e, const char *why)
{
	(void)errmsg_set(e, "%s", why);
	return SANDBOX_REFUSED;
}

/* In the run directory, or where else root may write: it may be gone or full
 * when a front has to be replaced. */
static enum sandbox_result
make_directory(const char *run_dir, char *to, size_t size, struct errmsg *e)
{
	const char *const places[] = { run_dir, "/run", "/tmp" };
	int err = ENAMETOOLONG;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (str_format(to, size, "%s/.front.XXXXXX", places[i]) != 0)
			continue;
		if (mkdtemp(to) != NULL)
			return SANDBOX_UP;
		/* One that is full now is not one that is forbidden. */
		if (!is_shortage(err))
			err = errno;
	}
	return fail(e, err, "cannot make an empty directory");
}

enum sandbox_result
sandbox_empty_root(const char *run_dir, struct errmsg *e)
{
	enum sandbox_result result;
	char path[4096];

	result = make_directory(run_dir, path, sizeof(path), e);
	if (result != SANDBOX_UP)
		return result;
	if (chdir(path) != 0) {
		result = fail(e, errno, "chdir to an empty directory");
		(void)rmdir(path);
		return result;
	}
	if (rmdir(path) != 0 || chroot(".") != 0 || chdir("/") != 0)
		return fail(e, errno, "chroot");
	return SANDBOX_UP;
}

enum sandbox_result
sandbox_gain_nothing(struct errmsg *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return fail(e, errno, "PR_SET_NO_NEW_PRIVS");
	return SANDBOX_UP;
}

/* Landlock has no libc wrapper; see landlock(7). All of ABI 1's rights are
 * handled and none is granted. */
enum sandbox_result
sandbox_forbid_files(struct errmsg *e)
{
#if defined(HAVE_LINUX_LANDLOCK_H) && defined(SYS_landlock_restrict_self)
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE |
		    LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
		    LANDLOCK_ACCESS_FS_REMOVE_DIR |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
		    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
		    LANDLOCK_ACCESS_FS_MAKE_FIFO |
		    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM
	};
	int fd, rc;

	fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return refuse(e, "this kernel has no Landlock");
	if (fd < 0)
		return fail(e, errno, "landlock_create_ruleset");
	rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	(void)close(fd);
	if (rc != 0)
		return fail(e, errno, "landlock_restrict_self");
	return SANDBOX_UP;
#else
	return refuse(e, "built without Landlock");
#endif
}

#ifdef WITH_SECCOMP
/* What the event loop, its sockets, malloc(3), the clock and the keys of a new
 * generation (sodium_malloc(3): mprotect below, mlock) use. */
static const int allowed[] = {
	SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(read), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(shutdown),
	SCMP_SYS(getsockopt), SCMP_SYS(fcntl), SCMP_SYS(lseek),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	SCMP_SYS(mlock), SCMP_SYS(munlock),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getrandom),
	SCMP_SYS(futex), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction), SCMP_SYS(exit), SCMP_SYS(exit_group),
#ifdef WITH_DOOR_EMULATION
	/* Threads and sockets of tests/door, and where a door's file is. */
	SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list), SCMP_SYS(pipe2), SCMP_SYS(socket),
	SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
#endif
};

/* Memory that cannot be executed, the one ioctl(2) of client.c, and abort(3):
 * workers may run as the same user, and are not for us to signal. */
static int
allow_with_arguments(scmp_filter_ctx ctx)
{
	static const int memory[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int rc = 0;
	size_t i;

	for (i = 0; i < sizeof(memory) / sizeof(memory[0]) && rc == 0; i++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, memory[i], 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc == 0)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill),
		    1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0));
	return rc != 0 ? rc : seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
	    SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, FIONREAD, 0));
}
#endif

/* A call that is not allowed fails; killing us for it would only help who
 * wants the service gone. */
enum sandbox_result
sandbox_filter_calls(struct errmsg *e)
{
#ifdef WITH_SECCOMP
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = -ENOMEM;
	size_t i;

	if (ctx == NULL)
		return fail(e, ENOMEM, "seccomp_init");
	/* Else seccomp_load(3) does not even tell a want of memory. */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
		/* EDOM: this architecture has no such call. */
		if (rc != 0 && rc != -EDOM)
			goto out;
	}
	rc = allow_with_arguments(ctx);
	if (rc == 0)
		rc = seccomp_load(ctx);
out:
	seccomp_release(ctx);
	/* Most of what the kernel may say has no name there. */
	if (rc == -ECANCELED || rc == -EFAULT)
		return refuse(e, "the system refuses it");
	return rc == 0 ? SANDBOX_UP : fail(e, -rc, "seccomp");
#else
	return refuse(e, "built without seccomp");
#endif
}
