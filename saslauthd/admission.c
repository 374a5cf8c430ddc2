/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/str.h"
#include "saslauthd/admission.h"

#define LIST_BLANKS " \t,"
#define WORD_MAX 256
#define ID_MAX 4294967294L	/* the next one is -1: unknown */

/* Room for this many words. */
static size_t
words_in(const char *list)
{
	size_t count = 0;

	for (list += strspn(list, LIST_BLANKS); *list != '\0';
	    list += strspn(list, LIST_BLANKS)) {
		list += strcspn(list, LIST_BLANKS);
		count++;
	}
	return count;
}

/* The next word; one too long for a name is cut, and nobody's. */
static void
take_word(const char **list, char word[WORD_MAX])
{
	size_t len;

	*list += strspn(*list, LIST_BLANKS);
	len = strcspn(*list, LIST_BLANKS);
	(void)str_copy_n(word, WORD_MAX, *list,
	    len < WORD_MAX ? len : WORD_MAX - 1);
	*list += len;
}

static int
find_uid(const char *word, uid_t *uid_r, struct errmsg *e)
{
	const struct passwd *pw;
	long id;

	if (str_to_long(word, 0, ID_MAX, &id) == 0) {
		*uid_r = (uid_t)id;
		return 0;
	}
	pw = getpwnam(word);
	if (pw == NULL)
		return errmsg_set(e, "allow_uids: no user \"%s\" on this "
		    "system", word);
	*uid_r = pw->pw_uid;
	return 0;
}

static int
find_gid(const char *word, gid_t *gid_r, struct errmsg *e)
{
	const struct group *gr;
	long id;

	if (str_to_long(word, 0, ID_MAX, &id) == 0) {
		*gid_r = (gid_t)id;
		return 0;
	}
	gr = getgrnam(word);
	if (gr == NULL)
		return errmsg_set(e, "allow_gids: no group \"%s\" on this "
		    "system", word);
	*gid_r = gr->gr_gid;
	return 0;
}

/* Everybody, so that all who are not there are told at once. */
static int
find_all(struct admission *a, const struct site_listener *l,
    conf_report *report, void *ctx)
{
	const char *uids = l->settings.allow_uids;
	const char *gids = l->settings.allow_gids;
	struct errmsg e = ERRMSG_INIT;
	char word[WORD_MAX];
	int rc = 0;
	size_t i;

	for (i = 0; i < a->uid_count; i++) {
		take_word(&uids, word);
		if (find_uid(word, &a->uids[i], &e) != 0) {
			rc = site_blame(l, &e);
			report(ctx, e.text);
		}
	}
	for (i = 0; i < a->gid_count; i++) {
		take_word(&gids, word);
		if (find_gid(word, &a->gids[i], &e) != 0) {
			rc = site_blame(l, &e);
			report(ctx, e.text);
		}
	}
	return rc;
}

/* For as many as it counts. */
static int
make_room(struct admission *a)
{
	a->uids = calloc(a->uid_count + 1, sizeof(*a->uids));
	a->gids = calloc(a->gid_count + 1, sizeof(*a->gids));
	return a->uids != NULL && a->gids != NULL ? 0 : -1;
}

int
admission_find(struct admission *a_r, const struct site_listener *l,
    conf_report *report, void *ctx)
{
	struct admission a = {
		.uid_count = words_in(l->settings.allow_uids),
		.gid_count = words_in(l->settings.allow_gids)
	};
	int rc = make_room(&a);

	if (rc != 0)
		report(ctx, "out of memory");
	else
		rc = find_all(&a, l, report, ctx);
	if (rc != 0)
		admission_fini(&a);
	*a_r = a;
	return rc;
}

void
admission_fini(struct admission *a)
{
	free(a->uids);
	free(a->gids);
	*a = (struct admission)ADMISSION_INIT;
}

/* ---- through a frame -------------------------------------------------- */

int
admission_put(struct buf *b, const struct admission *a)
{
	size_t i;

	if (buf_put_u32(b, (uint32_t)a->uid_count) != 0 ||
	    buf_put_u32(b, (uint32_t)a->gid_count) != 0)
		return -1;
	for (i = 0; i < a->uid_count; i++)
		if (buf_put_u32(b, a->uids[i]) != 0)
			return -1;
	for (i = 0; i < a->gid_count; i++)
		if (buf_put_u32(b, a->gids[i]) != 0)
			return -1;
	return 0;
}

static int
get_ids(struct buf *b, struct admission *a)
{
	uint32_t id;
	size_t i;

	for (i = 0; i < a->uid_count; i++) {
		if (buf_get_u32(b, &id) != 0)
			return -1;
		a->uids[i] = id;
	}
	for (i = 0; i < a->gid_count; i++) {
		if (buf_get_u32(b, &id) != 0)
			return -1;
		a->gids[i] = id;
	}
	return 0;
}

int
admission_get(struct buf *b, struct admission *a_r)
{
	struct admission a = ADMISSION_INIT;
	uint32_t uids, gids;
	int rc = -1;

	if (buf_get_u32(b, &uids) == 0 && buf_get_u32(b, &gids) == 0 &&
	    (uint64_t)uids + gids <= buf_len(b) / sizeof(uint32_t)) {
		a.uid_count = uids;
		a.gid_count = gids;
		rc = make_room(&a) == 0 ? get_ids(b, &a) : -1;
	}
	if (rc != 0)
		admission_fini(&a);
	*a_r = a;
	return rc;
}

/* ---- judging ---------------------------------------------------------- */

static bool
has_any_gid(const struct admission *a, const gid_t *gids, size_t count)
{
	size_t i, k;

	for (i = 0; i < count; i++)
		for (k = 0; k < a->gid_count; k++)
			if (a->gids[k] == gids[i])
				return true;
	return false;
}

/* The groups it had besides its first one; see socket(7). */
static bool
has_group_of(const struct admission *a, int fd)
{
	static gid_t groups[NGROUPS_MAX];
	socklen_t len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	return has_any_gid(a, groups, len / sizeof(groups[0]));
}

static bool
is_for_all(const struct admission *a)
{
	return a->uid_count == 0 && a->gid_count == 0;
}

bool
admission_allows_ids(const struct admission *a, uid_t uid, const gid_t *gids,
    size_t count)
{
	size_t i;

	for (i = 0; i < a->uid_count; i++)
		if (a->uids[i] == uid)
			return true;
	return is_for_all(a) || has_any_gid(a, gids, count);
}

bool
admission_allows(const struct admission *a, int fd, uid_t *uid_r)
{
	struct ucred cred = { 0, (uid_t)-1, (gid_t)-1 };
	socklen_t len = sizeof(cred);

	*uid_r = (uid_t)-1;
	if (is_for_all(a))
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return false;
	*uid_r = cred.uid;
	return admission_allows_ids(a, cred.uid, &cred.gid, 1) ||
	    (a->gid_count > 0 && has_group_of(a, fd));
}
