/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * user_db_file - see user_db_file.h.
 */
#include "config.h"

#include "mechanisms/user_db_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/io.h"
#include "common/str.h"
#include "mechanisms/user_db.h"

#define SYSTEM_GROUP "sasl"
#define MODE_BITS 07777		/* what chmod(2) sets */
#define MODE_GROUP_ANY 0070
#define MODE_SHARED 0660
#define MODE_OWN 0600
#define MODE_DEFAULT_DIR 0750
#define MODE_UPPER_DIR 0755	/* the way to the default directory */

#define TICK_NSEC 10000000	/* of st_mtime, at its worst (HZ=100) */
#define RESTS_MAX 100		/* ticks that a change is waited for */
#define SEC_NSEC 1000000000

/* mkdir -p, with `last` as the mode of the last directory. */
static int
make_dirs(const char *dir, mode_t last, struct errmsg *e)
{
	char upper[PATH_MAX];
	char *slash;

	if (str_copy(upper, sizeof(upper), dir) == -1)
		return errmsg_errno(e, ENAMETOOLONG, "%s", dir);
	for (slash = strchr(upper + 1, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(upper, MODE_UPPER_DIR) == -1 && errno != EEXIST)
			return errmsg_errno(e, errno, "mkdir %s", upper);
		*slash = '/';
	}
	if (mkdir(dir, last) == -1 && errno != EEXIST)
		return errmsg_errno(e, errno, "mkdir %s", dir);
	return 0;
}

/* Debian gives the system's file to this group, which mail servers that read
 * it with libsasl2 are in. */
static void
give_to_system_group(const char *path, struct stat *heir)
{
	const struct group *gr;

	if (geteuid() != 0 || !user_db_is_system_path(path))
		return;
	gr = getgrnam(SYSTEM_GROUP);
	if (gr != NULL)
		heir->st_gid = gr->gr_gid;
}

/* Whose a new file in this directory shall be. */
static int
heir_of_dir(const char *path, struct stat *heir_r, struct errmsg *e)
{
	char copy[PATH_MAX];
	const char *dir;

	if (str_copy(copy, sizeof(copy), path) == -1)
		return errmsg_errno(e, ENAMETOOLONG, "%s", path);
	dir = dirname(copy);
	if (stat(dir, heir_r) == -1)
		return errmsg_errno(e, errno, "directory %s", dir);
	if (geteuid() != 0)
		heir_r->st_uid = geteuid();
	heir_r->st_mode = (heir_r->st_mode & MODE_GROUP_ANY) != 0 ?
	    MODE_SHARED : MODE_OWN;
	give_to_system_group(path, heir_r);
	return 0;
}

/*
 * LMDB opens the -lock file by its name and follows links. Who owns the
 * directory could exchange it for a link between our look and LMDB's, and
 * root would write over any file: there root acts as that owner, for good.
 */
static int
act_as_owner_of_dir(const char *path, struct errmsg *e)
{
	char copy[PATH_MAX];
	const char *dir;
	struct stat st;
	bool reached;

	if (geteuid() != 0)
		return 0;
	if (str_copy(copy, sizeof(copy), path) == -1)
		return errmsg_errno(e, ENAMETOOLONG, "%s", path);
	dir = dirname(copy);
	if (stat(dir, &st) == -1 || st.st_uid == 0)
		return 0;	/* missing: opening says so */
	/* Below a directory that is closed to him, he can do no harm. */
	if (setgroups(1, &st.st_gid) == -1 || setegid(st.st_gid) == -1 ||
	    seteuid(st.st_uid) == -1)
		return errmsg_errno(e, errno, "seteuid %ld", (long)st.st_uid);
	reached = faccessat(AT_FDCWD, dir, X_OK, AT_EACCESS) == 0;
	if (seteuid(0) == -1 || setegid(0) == -1)
		return errmsg_errno(e, errno, "seteuid 0");
	if (!reached)
		return 0;
	if (setresgid(st.st_gid, st.st_gid, st.st_gid) == -1 ||
	    setresuid(st.st_uid, st.st_uid, st.st_uid) == -1)
		return errmsg_errno(e, errno, "%s: to act as user %ld, the "
		    "owner of its directory", path, (long)st.st_uid);
	return 0;
}

/*
 * Give a file that was made with MODE_OWN its owner, group and mode. Only
 * root may give it to another user; a group the caller is not in leaves the
 * file its own. Never is a group let in that was not meant.
 */
static int
bequeath(int fd, const struct stat *heir)
{
	struct stat st;

	if (fchown(fd, heir->st_uid, heir->st_gid) == -1 &&
	    fchown(fd, (uid_t)-1, heir->st_gid) == -1 && errno != EPERM)
		return -1;
	if (fstat(fd, &st) == -1)
		return -1;
	return fchmod(fd, st.st_gid == heir->st_gid ?
	    heir->st_mode & MODE_BITS : MODE_OWN);
}

/* Of both directories where the name is a link: the one has LMDB's -lock file,
 * the other the copies that take the file's place. */
int
user_db_file_act_as_owner(const char *path, struct errmsg *e)
{
	char *real;
	int rc;

	if (act_as_owner_of_dir(path, e) == -1)
		return -1;
	real = realpath(path, NULL);
	rc = real == NULL ? 0 : act_as_owner_of_dir(real, e);
	free(real);
	return rc;
}

/* Root would make a file wherever it leads. */
static bool
is_dangling(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
	    stat(path, &st) == -1;
}

int
user_db_file_create(const char *path, struct errmsg *e)
{
	struct stat heir;
	int fd, rc = -1;

	if (strcmp(path, USER_DB_DEFAULT_PATH) == 0 &&
	    make_dirs(USER_DB_DEFAULT_DIR, MODE_DEFAULT_DIR, e) == -1)
		return -1;
	if (access(path, F_OK) == 0)
		return 0;
	if (heir_of_dir(path, &heir, e) == -1)
		return -1;
	/* For its owner alone until it is whose it shall be. */
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE_OWN);
	if (fd == -1 && errno == EEXIST)
		return is_dangling(path) ? errmsg_set(e, "%s: is a link to "
		    "a file that is missing; make that one with -f, or remove "
		    "the link", path) : 0;
	if (fd == -1)
		return errmsg_errno(e, errno, "%s cannot be made", path);
	if (bequeath(fd, &heir) == -1)
		errmsg_errno(e, errno, "owner and mode of %s", path);
	else
		rc = 0;
	io_close(&fd);
	return rc;
}

int
user_db_file_open(const char *path, int *errnum_r, struct errmsg *e)
{
	struct stat st;
	int fd;

	/* O_NONBLOCK: a FIFO of that name must not hold us up. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd != -1)
		return fd;
	*errnum_r = errno;
	if (errno == EACCES && stat(path, &st) == 0)
		return errmsg_set(e, "%s: not readable by user %ld: it is of "
		    "owner %ld, group %ld, mode %04o", path, (long)geteuid(),
		    (long)st.st_uid, (long)st.st_gid,
		    (unsigned)(st.st_mode & MODE_BITS));
	/* The owner of this process was chosen at the start; since then the
	 * database was made, or moved, by somebody else. */
	if (*errnum_r == EACCES)
		return errmsg_set(e, "%s: Permission denied: user %ld "
		    "may not enter the directory; as root, give directory, "
		    "database and -lock file a group of that user, or restart "
		    "saslauthd", path, (long)geteuid());
	return errmsg_errno(e, *errnum_r, "%s", path);
}

/* Whoever may read the database must write the lock file: LMDB's readers
 * leave a mark in it. */
static unsigned
lock_mode(const struct stat *db)
{
	return (db->st_mode & 0666) | (db->st_mode & 0444) >> 1;
}

static int
lock_refused(const char *lock, const struct stat *db, int errnum,
    struct errmsg *e)
{
	if (errnum != EACCES)
		return errmsg_errno(e, errnum, "%s", lock);
	if (access(lock, F_OK) == -1)
		return errmsg_set(e, "%s: missing, and user %ld may not make "
		    "it; as root: install -o %ld -g %ld -m %04o /dev/null %s",
		    lock, (long)geteuid(), (long)db->st_uid,
		    (long)db->st_gid, lock_mode(db), lock);
	return errmsg_set(e, "%s: user %ld may not write it, as readers must; "
	    "as root: chown %ld:%ld %s && chmod %04o %s", lock,
	    (long)geteuid(), (long)db->st_uid, (long)db->st_gid, lock,
	    lock_mode(db), lock);
}

/* *made_r: it was missing. */
static int
lock_open(const char *lock, bool *made_r)
{
	int fd;

	fd = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MODE_OWN);
	*made_r = fd != -1;
	if (fd == -1 && errno == EEXIST)
		fd = open(lock, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	return fd;
}

int
user_db_file_lock(const char *path, int *errnum_r, struct errmsg *e)
{
	char lock[PATH_MAX];
	struct stat heir;
	bool made;
	int fd, rc = -1;

	*errnum_r = EIO;
	if (str_format(lock, sizeof(lock), "%s%s", path,
	    USER_DB_FILE_LOCK_SUFFIX) == -1)
		return errmsg_errno(e, ENAMETOOLONG, "%s", path);
	if (stat(path, &heir) == -1) {
		*errnum_r = errno;
		return errmsg_errno(e, errno, "%s", path);
	}
	fd = lock_open(lock, &made);
	if (fd == -1 && errno == EROFS)
		return 0;	/* LMDB reads there without one */
	if (fd == -1) {
		*errnum_r = errno;
		return lock_refused(lock, &heir, errno, e);
	}
	heir.st_mode = lock_mode(&heir);
	/* An older one stays as it is: in another's directory it could be a
	 * link to any file. */
	if (made && bequeath(fd, &heir) == -1)
		errmsg_errno(e, errno, "owner and mode of %s", lock);
	else
		rc = 0;
	io_close(&fd);
	return rc;
}

bool
user_db_file_rests(int fd, struct stat *st_r)
{
	struct timespec now, pause = { 0, TICK_NSEC };
	int64_t age_nsec;
	int ticks;

	for (ticks = 0; ticks < RESTS_MAX; ticks++) {
		if (fstat(fd, st_r) == -1)
			return false;
		clock_gettime(CLOCK_REALTIME, &now);
		age_nsec = ((int64_t)now.tv_sec - st_r->st_mtim.tv_sec) *
		    SEC_NSEC + now.tv_nsec - st_r->st_mtim.tv_nsec;
		/* A clock that was set back is no reason to wait. */
		if (age_nsec < 0 || age_nsec >= TICK_NSEC)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

bool
user_db_file_is_same(int fd, const struct stat *st)
{
	struct stat now;

	return fstat(fd, &now) == 0 && now.st_size == st->st_size &&
	    now.st_mtim.tv_sec == st->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

int
user_db_file_remove_lock(const char *path)
{
	char lock[PATH_MAX];

	if (str_format(lock, sizeof(lock), "%s%s", path,
	    USER_DB_FILE_LOCK_SUFFIX) == 0)
		return unlink(lock);
	errno = ENAMETOOLONG;
	return -1;
}

/* ---- who else may ----------------------------------------------------- */

/* True: others have one of these rights to it. Where a directory is sticky
 * they cannot exchange what is not theirs. */
static bool
is_open_to_others(const char *path, mode_t rights, struct errmsg *why_r)
{
	struct stat st;

	if (stat(path, &st) == -1 || (st.st_mode & rights) == 0 ||
	    (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0))
		return false;
	errmsg_set(why_r, "%s: every user of this machine may %s it (mode "
	    "%04o): chmod %s %s", path,
	    (st.st_mode & rights & S_IROTH) != 0 ? "read" : "change",
	    (unsigned)(st.st_mode & MODE_BITS),
	    S_ISDIR(st.st_mode) ? "o-w" : "o-rwx", path);
	return true;
}

bool
user_db_file_is_exposed(const char *path, struct errmsg *why_r)
{
	char other[PATH_MAX];

	if (is_open_to_others(path, S_IROTH | S_IWOTH, why_r))
		return true;
	if (str_format(other, sizeof(other), "%s%s", path,
	    USER_DB_FILE_LOCK_SUFFIX) == 0 &&
	    is_open_to_others(other, S_IWOTH, why_r))
		return true;
	return str_copy(other, sizeof(other), path) == 0 &&
	    is_open_to_others(dirname(other), S_IWOTH, why_r);
}
