# The front, but for its main function, its sandbox and what other roles
# share; unit tests link it, too.
noinst_LIBRARIES += libfront.a
libfront_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(SODIUM_CFLAGS)
libfront_a_SOURCES = \
	saslauthd/answer.c saslauthd/answer.h \
	saslauthd/authlog.c saslauthd/authlog.h \
	saslauthd/backend_link.c saslauthd/backend_link.h \
	saslauthd/cache.c saslauthd/cache.h \
	saslauthd/client.c saslauthd/client.h \
	saslauthd/commands.c saslauthd/commands.h \
	saslauthd/control.c saslauthd/control.h \
	saslauthd/digest.c saslauthd/digest.h \
	saslauthd/dispatch.c saslauthd/dispatch.h \
	saslauthd/explain.c saslauthd/explain.h \
	saslauthd/entries.c saslauthd/entries.h \
	saslauthd/exposition.c saslauthd/exposition.h \
	saslauthd/flight.c saslauthd/flight.h \
	saslauthd/gauges.c saslauthd/gauges.h \
	saslauthd/health.c saslauthd/health.h \
	saslauthd/histogram.c saslauthd/histogram.h \
	saslauthd/identity.c saslauthd/identity.h \
	saslauthd/labels.c saslauthd/labels.h \
	saslauthd/limits.c saslauthd/limits.h \
	saslauthd/listener_unix.c saslauthd/listener.h \
	saslauthd/loop.c saslauthd/loop.h \
	saslauthd/lru.c saslauthd/lru.h \
	saslauthd/metrics.c saslauthd/metrics.h \
	saslauthd/queue.c saslauthd/queue.h \
	saslauthd/report.c saslauthd/report.h \
	saslauthd/request.c saslauthd/request.h \
	saslauthd/ring.c saslauthd/ring.h \
	saslauthd/service_time.c saslauthd/service_time.h \
	saslauthd/tally.c saslauthd/tally.h \
	saslauthd/tries.c saslauthd/tries.h \
	saslauthd/workers.c saslauthd/workers.h

sbin_PROGRAMS += saslauthd/saslauthd
saslauthd_saslauthd_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
saslauthd_saslauthd_SOURCES = \
	saslauthd/main.c \
	saslauthd/options.c saslauthd/options.h \
	saslauthd/settings.c saslauthd/settings.h \
	saslauthd/daemonize.c saslauthd/daemonize.h \
	saslauthd/rundir.c saslauthd/rundir.h \
	saslauthd/keeper.c saslauthd/keeper.h \
	saslauthd/part.c saslauthd/part.h \
	saslauthd/check.c saslauthd/check.h \
	saslauthd/handover.c saslauthd/handover.h \
	saslauthd/roles.c saslauthd/roles.h \
	saslauthd/sigpipe.c saslauthd/sigpipe.h \
	saslauthd/child.c saslauthd/child.h \
	saslauthd/privs.c saslauthd/privs.h \
	saslauthd/sandbox_linux.c saslauthd/sandbox.h \
	saslauthd/front.c saslauthd/front.h
saslauthd_saslauthd_LDADD = libfront.a libmechnames.a libcommon.a \
	$(EVENT_LIBS) $(SODIUM_LIBS) $(SECCOMP_LIBS)

libexec_PROGRAMS += saslauthd/saslauthd-pool
saslauthd_saslauthd_pool_SOURCES = \
	saslauthd/pool.c \
	saslauthd/pool_load.c saslauthd/pool_load.h \
	saslauthd/rights.c saslauthd/rights.h \
	saslauthd/worker.c saslauthd/worker.h \
	saslauthd/privs.c saslauthd/privs.h \
	saslauthd/settings.c saslauthd/settings.h \
	saslauthd/sigpipe.c saslauthd/sigpipe.h
saslauthd_saslauthd_pool_LDADD = libmechnames.a $(mech_libs) $(mech_ext_libs)
