/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/str.h"
#include "front/admission.h"

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

int
admission_parse(struct admission *a_r, const char *uids, const char *gids,
    bool forgiving, struct errmsg *e)
{
	struct admission a = { NULL, words_in(uids), NULL, words_in(gids) };
	char word[WORD_MAX];
	int rc = -1;
	size_t i;

	a.uids = calloc(a.uid_count + 1, sizeof(*a.uids));
	a.gids = calloc(a.gid_count + 1, sizeof(*a.gids));
	if (a.uids == NULL || a.gids == NULL) {
		(void)errmsg_set(e, "out of memory");
		goto out;
	}
	for (i = 0; i < a.uid_count; i++) {
		take_word(&uids, word);
		a.uids[i] = (uid_t)-1;	/* nobody's */
		if (find_uid(word, &a.uids[i], e) != 0 && !forgiving)
			goto out;
	}
	for (i = 0; i < a.gid_count; i++) {
		take_word(&gids, word);
		a.gids[i] = (gid_t)-1;
		if (find_gid(word, &a.gids[i], e) != 0 && !forgiving)
			goto out;
	}
	rc = 0;
out:
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
	*a = (struct admission){ NULL, 0, NULL, 0 };
}

static bool
has_gid(const struct admission *a, gid_t gid)
{
	size_t i;

	for (i = 0; i < a->gid_count; i++)
		if (a->gids[i] == gid)
			return true;
	return false;
}

/* The groups it had besides its first one; see socket(7). */
static bool
has_group_of(const struct admission *a, int fd)
{
	static gid_t groups[NGROUPS_MAX];
	socklen_t len = sizeof(groups);
	size_t i;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (i = 0; i < len / sizeof(groups[0]); i++)
		if (has_gid(a, groups[i]))
			return true;
	return false;
}

bool
admission_allows(const struct admission *a, int fd, uid_t *uid_r)
{
	struct ucred cred = { 0, (uid_t)-1, (gid_t)-1 };
	socklen_t len = sizeof(cred);
	size_t i;

	*uid_r = (uid_t)-1;
	if (a->uid_count == 0 && a->gid_count == 0)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return false;
	*uid_r = cred.uid;
	for (i = 0; i < a->uid_count; i++)
		if (a->uids[i] == cred.uid)
			return true;
	return has_gid(a, cred.gid) ||
	    (a->gid_count > 0 && has_group_of(a, fd));
}
