/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What children say to the keeper, and what they may not say.
 */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <sysexits.h>

#include "common/frame.h"
#include "common/io.h"
#include "common/log.h"
#include "saslauthd/keeper_state.h"
#include "saslauthd/listen_file.h"

/* FRAME_FAILED: status 0 is a remark, anything else the end of the child. */
static void
on_failed(struct keeper *k, struct family_member m, struct buf *b)
{
	char text[ERRMSG_MAX];
	unsigned status;

	if (buf_get_u8(b, &status) != 0 ||
	    buf_get_chars(b, text, sizeof(text)) != 0) {
		part_kill(m.part);
		return;
	}
	/* Bad settings refuse a start; later they are like anything else
	 * that somebody has to put right. */
	if (m.pool != NULL && (status == EX_UNAVAILABLE ||
	    (status != EX_OK && k->phase == SERVING))) {
		if (part_pool_closed(m.pool, text) &&
		    m.crew != k->family.coming)
			part_pool_link(m.pool, &k->family.front);
		keeper_go_on_with_start(k);
		return;
	}
	log_msg(status == EX_OK ? LOG_NOTICE : LOG_ERR, "keeper", "%s", text);
	if (status != EX_OK)
		keeper_fail_start(k, (int)status);
}

static void
on_ready(struct keeper *k, struct family_member m, struct buf *b)
{
	char build[128];

	if (buf_get_chars(b, build, sizeof(build)) != 0 ||
	    strcmp(build, frame_build_id()) != 0) {
		log_msg(LOG_ERR, "keeper", "the %s is of another build than "
		    "the running daemon: the programs were replaced; "
		    "restart the daemon", m.part->what);
		if (m.crew != NULL && m.crew == k->family.coming)
			(void)part_pool_closed(m.pool, "the programs were "
			    "replaced by those of another build: restart the "
			    "daemon");
		part_kill(m.part);
		keeper_fail_start(k, EX_CONFIG);
		return;
	}
	if (m.pool == NULL)
		m.part->ready = true;
	else if (part_pool_ready(m.pool, b) != 0) {
		part_kill(m.part);
		return;
	}
	if (m.pool == NULL)
		crew_link(k->family.now, &k->family.front);
	else if (m.crew != k->family.coming)	/* which is not yet known */
		part_pool_link(m.pool, &k->family.front);
	keeper_go_on_with_start(k);
}

/* Of a frame about one generation. NULL: it is gone, which the front may not
 * have heard of; false: no such frame. */
static bool
get_crew(struct keeper *k, struct buf *b, struct crew **c_r)
{
	uint32_t generation;

	if (buf_get_u32(b, &generation) != 0)
		return false;
	*c_r = family_find_crew(&k->family, generation);
	return *c_r != k->family.coming || *c_r == NULL;
}

/* The front lost a channel. It gets another one now, or once the pool is
 * there. */
static bool
on_want_peer(struct keeper *k, struct buf *b)
{
	char name[CONF_NAME_MAX + 1];
	struct part_pool *pool;
	struct crew *c;

	if (!get_crew(k, b, &c) || buf_get_chars(b, name, sizeof(name)) != 0)
		return false;
	pool = c != NULL && !c->dismissed ? crew_find(c, name) : NULL;
	if (pool != NULL)
		part_pool_link(pool, &k->family.front);
	return true;
}

static bool
on_released(struct keeper *k, struct buf *b)
{
	struct crew *c;

	if (!get_crew(k, b, &c) || c == k->family.now)
		return false;
	if (c != NULL)
		crew_dismiss(c);
	return true;
}

/* What only the front may say; false: no child may. */
static bool
on_front_frame(struct keeper *k, enum frame_type type, struct buf *b)
{
	if (type == FRAME_WANT_LOG)
		/* A socket that breaks at once is not given all the time. */
		k->log_retry = deadline_in_msec(k->log_given_msec +
		    KEEPER_LOG_RETRY_MSEC - deadline_now_msec());
	else if (type == FRAME_WANT_PEER)
		return on_want_peer(k, b);
	else if (type == FRAME_RELEASED)
		return on_released(k, b);
	else if (type == FRAME_RELOAD)
		reload_request_of_front(&k->reload);
	else if (type == FRAME_DRAIN)
		keeper_drain(k);
	else if (type == FRAME_STOPPED && k->phase == STOPPING_FRONT)
		keeper_stop_pools(k);
	else
		return false;
	return true;
}

static void
on_frame(struct keeper *k, struct family_member m, enum frame_type type,
    struct buf *b)
{
	unsigned sig;

	if (type == FRAME_READY && !m.part->ready)
		on_ready(k, m, b);
	else if (type == FRAME_FAILED)
		on_failed(k, m, b);
	else if (type == FRAME_SIGNAL && buf_get_u8(b, &sig) == 0 &&
	    (sig == SIGTERM || sig == SIGINT || sig == SIGHUP))
		keeper_on_signal(k, (int)sig);
	else if (m.pool != NULL || !on_front_frame(k, type, b))
		part_kill(m.part);
}

static bool
on_door(struct keeper *k, struct buf *b, int door)
{
	struct errmsg e = ERRMSG_INIT;
	uint64_t device, inode;

	if (buf_get_u64(b, &device) != 0 || buf_get_u64(b, &inode) != 0)
		return false;
	if (sockets_attach(&k->sockets, (dev_t)device, (ino_t)inode, door,
	    &e) != 0) {
		log_msg(LOG_ERR, "keeper", "%s", e.text);
		keeper_fail_start(k, EX_OSERR);
	}
	return true;
}

static void
on_frame_with_fd(struct keeper *k, struct family_member m,
    enum frame_type type, struct buf *b, int fd)
{
	if (type != FRAME_DOOR || !on_door(k, b, fd))
		part_kill(m.part);
	io_close(&fd);
}

bool
keeper_frames_hear(struct keeper *k, struct family_member m)
{
	bool more = false;
	enum frame_type type;
	struct buf b;
	int fd = -1;

	buf_init(&b, FRAME_MAX);
	switch (frame_recv(m.part->child.channel, &type, &b,
	    m.pool == NULL && listen_file_takes_doors() ? &fd : NULL)) {
	case FRAME_AGAIN:
		break;
	case FRAME_EOF:
		io_close(&m.part->child.channel);	/* SIGCHLD follows */
		break;
	case FRAME_BAD:
		log_msg(LOG_ERR, "keeper", "BUG: bad frame from the %s",
		    m.part->what);
		part_kill(m.part);
		break;
	case FRAME_OK:
		more = true;
		if (fd >= 0)
			on_frame_with_fd(k, m, type, &b, fd);
		else
			on_frame(k, m, type, &b);
		break;
	}
	buf_fini(&b);
	return more;
}

void
keeper_frames_hear_out(struct keeper *k, struct family_member m)
{
	while (m.part->child.channel >= 0 && keeper_frames_hear(k, m))
		;
}
