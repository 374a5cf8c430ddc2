/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frame - messages between our own processes.
 *
 * Channels are SOCK_SEQPACKET socket pairs: one frame is one packet, whole or
 * not at all, with at most one descriptor attached. Both ends treat what
 * comes in as untrusted: an unknown type, a short or long payload or a
 * descriptor that does not belong there ends the channel.
 */
#ifndef COMMON_FRAME_H
#define COMMON_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/result.h"
#include "common/secret.h"

/* Largest payload: a request with every field at its limit, or the settings.
 * Initialise a payload buffer with it. */
#define FRAME_MAX (64 * 1024)
#define FRAME_LONG_MAX (16 * 1024 * 1024)	/* of one sent in pieces */
#define FRAME_DETAIL_MAX 256	/* bytes with NUL */
#define FRAME_PARTS_MAX 64
#define FRAME_PART_NAME_MAX 256	/* bytes with NUL */
#define FRAME_PART_WHY_MAX 128	/* bytes with NUL */
#define FRAME_REMARK 255	/* no exit status of ours */

enum frame_type {
	/* keeper -> front, pool */
	FRAME_SETTINGS = 1,	/* of the receiver; to the front in pieces,
				 * each time a generation begins: its number */
	FRAME_LISTENER,		/* name, + descriptor; of the one that began.
				 * Doors: of the file to attach one to */
	FRAME_CONTROL,		/* + descriptor: listens for the operator */
	FRAME_TRIES,		/* + descriptor: memory of limits */
	FRAME_ROLES,		/* who runs; whenever that changes */
	FRAME_LOG,		/* + descriptor, may be missing */
	FRAME_PEER,		/* + descriptor: channel front <-> pool; the
				 * front gets generation, backend, pool, too */
	FRAME_BACKEND,		/* generation, name, why: it cannot be opened
				 * for now */
	FRAME_START,		/* all is handed over: serve by it */
	FRAME_RELOADED,		/* done?, text: a reload was tried */
	FRAME_STOP,		/* msec: finish what runs, then FRAME_STOPPED */
	/* front, pool -> keeper */
	FRAME_READY,
	FRAME_FAILED,		/* exit status, text; EX_OK is a warning, and
				 * FRAME_REMARK not even that to `strict` */
	FRAME_WANT_LOG,
	FRAME_WANT_PEER,	/* generation, backend: the channel to its
				 * pool broke */
	FRAME_DOOR,		/* device, inode of a listener's file, + door:
				 * attach it there */
	FRAME_RELEASED,		/* generation: an old one, and nobody is left
				 * in it */
	FRAME_RELOAD,		/* the operator wants the settings read anew */
	FRAME_SIGNAL,		/* a signal meant for the keeper */
	FRAME_DRAIN,		/* the operator wants a stop without haste */
	FRAME_STOPPED,
	/* pool -> front */
	FRAME_WORKER,		/* id + descriptor of its channel */
	FRAME_GONE,		/* id, msec until the next is tried, text */
	FRAME_FILLED,		/* a new front has all that come unasked */
	FRAME_RETIRE,		/* id: this worker and older ones, when idle */
	FRAME_PARTS,		/* how the backend's servers stand; whenever
				 * that changes */
	/* front -> pool */
	FRAME_WANT,		/* one more worker, please */
	FRAME_KILL,		/* id */
	/* worker <-> front */
	FRAME_HELLO,		/* build id */
	FRAME_REQUEST,
	FRAME_ANSWER,
	FRAME_TYPES
};

/* A connected pair, close-on-exec. fd_r[0] is by custom the parent's. */
int frame_channel(int fd_r[2]);

enum frame_status {
	FRAME_OK,
	FRAME_AGAIN,		/* would block (non-blocking descriptors) */
	FRAME_EOF,		/* the peer is gone */
	FRAME_BAD		/* protocol violation or system error */
};

/* Send type and payload (NULL: none), with passfd unless -1. */
enum frame_status frame_send(int fd, enum frame_type type,
    const struct buf *payload, int passfd);

/* The same, but wait up to so many milliseconds for room in a non-blocking
 * channel. */
enum frame_status frame_send_wait(int fd, enum frame_type type,
    const struct buf *payload, int passfd, int64_t msec);

/* What may be longer than a frame is sent in pieces, and each that comes is
 * put to the whole (of FRAME_LONG_MAX): 1 when that is complete, 0 when there
 * is more to come, -1 when the piece is bad or memory is short. */
enum frame_status frame_send_long(int fd, enum frame_type type,
    const struct buf *payload, int64_t msec);
int frame_take_piece(struct buf *whole, struct buf *piece);

/* Receive into payload (reset first). *passfd_r is -1 or a close-on-exec
 * descriptor the caller owns; a NULL passfd_r means none is expected, and
 * one that comes is closed and FRAME_BAD. */
enum frame_status frame_recv(int fd, enum frame_type *type_r,
    struct buf *payload, int *passfd_r);

struct frame_request {
	uint64_t id;
	uint32_t left_msec;
	bool verbose;		/* log debug messages for this one */
	char *login, *service, *realm, *address;	/* never NULL */
	struct secret password;
};

struct frame_answer {
	uint64_t id;
	enum auth_result result;
	enum auth_reason reason;
	uint32_t delay_msec;	/* a failure delay to be waited out */
	bool one_time;		/* won by a code that must not be reused */
	bool retire;		/* the worker ends after this answer */
	char detail[FRAME_DETAIL_MAX];
};

/* A thing a backend leans on: one of several servers. */
struct frame_part {
	char name[FRAME_PART_NAME_MAX];
	bool up;
	int64_t since_msec;	/* monotonic; of the last change or start */
	char why[FRAME_PART_WHY_MAX];	/* of one that is down, or "" */
};

/*
 * The _get_ functions take a whole payload and refuse (-1) fields over the
 * limits of wire.h, bytes left over, unknown flags, and an AUTH_UNSET result:
 * a worker turns that one into an outage before it answers. A request is freed
 * by frame_request_fini() also when it was refused.
 */
int frame_put_request(struct buf *b, const struct frame_request *r);
int frame_get_request(struct buf *b, struct frame_request *r);
void frame_request_fini(struct frame_request *r);
int frame_put_answer(struct buf *b, const struct frame_answer *a);
int frame_get_answer(struct buf *b, struct frame_answer *a);
/* At most FRAME_PARTS_MAX. *list_r is allocated, or NULL for none and when
 * they are refused. */
int frame_put_parts(struct buf *b, const struct frame_part *list,
    size_t count);
int frame_get_parts(struct buf *b, struct frame_part **list_r,
    size_t *count_r);

/* Same in every program built from the same sources, by version and a
 * checksum of these; differs otherwise. */
const char *frame_build_id(void);

/* What it returns, for a module, which is not built with the program that
 * loads it. A build may name itself; without that the version is all that can
 * be said and reproduced. */
#ifdef BUILD_ID
#define FRAME_BUILD_ID PACKAGE_VERSION "-" BUILD_ID
#else
#define FRAME_BUILD_ID PACKAGE_VERSION
#endif

#endif
