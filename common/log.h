/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log - lines to syslog (facility auth) and, in the foreground, to stderr.
 *
 * Datagrams are sent without blocking, so that a slow or restarted syslog
 * server never stops anybody; what could not be sent is counted and told.
 * A process opens the socket itself (log_open), or is handed one because it
 * cannot (log_open_fd: the front).
 *
 * A line is FUNC padded to 16, ": ", text (reference: the classic daemon's
 * lines); at most LOG_LINE_MAX bytes, longer ones end in "...".
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

#define LOG_LINE_MAX 1000

/* `to_stderr`: also print "saslauthd[PID] :FUNC            : text".
 * `verbose`: LOG_DEBUG lines are sent too. May be called again. */
void log_open(const char *ident, bool to_stderr, bool verbose);

/* Let go of the socket, and of the C library's own; the next line needs
 * log_open again. A child that is about to close what it inherited calls this
 * first, or both would go on with a number that has become something else.
 * A borrowed descriptor stays open. */
void log_close(void);

/* As log_open, with datagrams sent to fd (-1: none yet) from now on. The
 * descriptor is borrowed. `broken` is called at most once per descriptor,
 * when sending to it fails for good. */
void log_open_fd(const char *ident, bool to_stderr, bool verbose, int fd,
    void (*broken)(void));
/* Go on with another descriptor; reports lines lost meanwhile. */
void log_set_fd(int fd);
/* Keep up to so many bytes of lines that the socket does not take now (a
 * burst fills the shortest queues), instead of losing them at once. `pending`
 * is called when the first one is kept; the owner then calls log_flush() now
 * and then until it returns false: nothing waits any more. Ends with
 * log_close(). */
void log_keep(size_t bytes, void (*pending)(void));
bool log_flush(void);
/* Lines that nobody got, neither the system's log nor stderr. */
uint64_t log_lost(void);

/* A connected, non-blocking datagram socket to the system's log, or -1. */
int log_socket_open(void);

bool log_is_verbose(void);
void log_set_verbose(bool verbose);

/* priority is LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO or LOG_DEBUG.
 * Never allocates; keeps errno. The text is made printable, not escaped:
 * values from strangers go through str_escape_log() first. */
void log_msg(int priority, const char *func, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
