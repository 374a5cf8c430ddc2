/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nss_user - see nss_user.h.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/compat/compat.h"
#include "mechanisms/nss_user.h"

#define BUF_START 4096		/* most entries have some 100 bytes */
#define BUF_MAX (1024 * 1024)	/* a longer entry counts as an error */

void
nss_user_open(struct nss_user_db *db, const char *database, const char *path)
{
	*db = (struct nss_user_db){ .path = path };
	nss_sources_read(database, &db->sources);
}

void
nss_user_close(struct nss_user_db *db)
{
	nss_user_forget(db);
	free(db->buf);
	db->buf = NULL;
	db->size = 0;
}

void
nss_user_forget(struct nss_user_db *db)
{
	if (db->buf != NULL)
		explicit_bzero(db->buf, db->size);
}

/*
 * passwd(5) separates with ':' and newline, and lines that begin with '+' or
 * '-' are no users but directives for the "compat" source.
 */
bool
nss_user_name_possible(const char *login)
{
	return login[0] != '\0' && login[0] != '+' && login[0] != '-' &&
	    strpbrk(login, ":\n") == NULL;
}

static int
grow(struct nss_user_db *db)
{
	size_t size = db->size == 0 ? BUF_START : db->size * 2;
	char *buf;

	if (size > BUF_MAX)
		return ERANGE;
	buf = malloc(size);
	if (buf == NULL)
		return ENOMEM;
	nss_user_close(db);
	db->buf = buf;
	db->size = size;
	return 0;
}

/* 0 with *found_r, or an error number; the shape that both databases share. */
typedef int lookup_fn(const char *login, void *entry, char *buf, size_t size,
    bool *found_r);

static int
lookup_passwd(const char *login, void *entry, char *buf, size_t size,
    bool *found_r)
{
	struct passwd *result = NULL;
	int rc = getpwnam_r(login, entry, buf, size, &result);

	*found_r = rc == 0 && result != NULL;
	return rc;
}

#ifdef WITH_SHADOW
static int
lookup_shadow(const char *login, void *entry, char *buf, size_t size,
    bool *found_r)
{
	struct spwd *result = NULL;
	int rc = getspnam_r(login, entry, buf, size, &result);

	*found_r = rc == 0 && result != NULL;
	return rc;
}
#endif

/*
 * The C library passes over a source it cannot open when another one follows
 * ("files systemd"), so "none" counts only if the file can be read.
 */
static enum nss_user_found
none_or_unreadable(const struct nss_user_db *db, struct errmsg *e)
{
	int errnum, fd;

	if (!db->sources.files)
		return NSS_USER_NONE;
	fd = open(db->path, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		close(fd);
		return NSS_USER_NONE;
	}
	errnum = errno;
	if (errnum == EACCES)
		errmsg_set(e, "%s is not readable to this worker: give it "
		    "the file's group, or start saslauthd as root", db->path);
	else
		errmsg_errno(e, errnum, "%s", db->path);
	return errnum == EACCES || errnum == ENOENT ?
	    NSS_USER_NO_ACCESS : NSS_USER_ERROR;
}

static enum nss_user_found
judge(const struct nss_user_db *db, int rc, bool found, struct errmsg *e)
{
	enum nss_user_found none;

	if (found)
		return NSS_USER_FOUND;
	switch (rc) {
	case ENOENT:
	case ESRCH:
	case EBADF:
	case EPERM:
		/*
		 * getpwnam(3) lists these as ways to say "no such user". But
		 * glibc says that with 0, and these come from a source that
		 * is down: ENOENT is the missing socket of nslcd(8).
		 */
		if (db->sources.remote)
			break;
		return none_or_unreadable(db, e);
	case 0:
		return none_or_unreadable(db, e);
	case EACCES:
		none = none_or_unreadable(db, e);
		if (none != NSS_USER_NONE)
			return none;
		break;
	}
	errmsg_errno(e, rc, "user look-up");
	return NSS_USER_ERROR;
}

static enum nss_user_found
look_up(struct nss_user_db *db, lookup_fn *fn, const char *login, void *entry,
    struct errmsg *e)
{
	bool found = false;
	int rc = ERANGE;

	if (db->buf != NULL)
		rc = fn(login, entry, db->buf, db->size, &found);
	while (rc == EINTR || rc == ERANGE) {
		if (rc == ERANGE && (rc = grow(db)) != 0) {
			errmsg_errno(e, rc, "user look-up");
			return NSS_USER_ERROR;
		}
		rc = fn(login, entry, db->buf, db->size, &found);
	}
	return judge(db, rc, found, e);
}

enum nss_user_found
nss_user_passwd(struct nss_user_db *db, const char *login,
    struct passwd *entry_r, struct errmsg *e)
{
	return look_up(db, lookup_passwd, login, entry_r, e);
}

#ifdef WITH_SHADOW
enum nss_user_found
nss_user_shadow(struct nss_user_db *db, const char *login,
    struct spwd *entry_r, struct errmsg *e)
{
	return look_up(db, lookup_shadow, login, entry_r, e);
}
#endif
