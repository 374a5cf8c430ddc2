sbin_PROGRAMS += saslauthd/saslauthd
saslauthd_saslauthd_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) \
	$(SODIUM_CFLAGS) $(SECCOMP_CFLAGS)
saslauthd_saslauthd_SOURCES = \
	saslauthd/main.c \
	saslauthd/options.c saslauthd/options.h \
	saslauthd/settings.c saslauthd/settings.h \
	saslauthd/daemonize.c saslauthd/daemonize.h \
	saslauthd/rundir.c saslauthd/rundir.h \
	saslauthd/keeper.c saslauthd/keeper.h \
	saslauthd/check.c saslauthd/check.h \
	saslauthd/handover.c saslauthd/handover.h \
	saslauthd/sigpipe.c saslauthd/sigpipe.h \
	saslauthd/child.c saslauthd/child.h \
	saslauthd/privs.c saslauthd/privs.h \
	saslauthd/sandbox_linux.c saslauthd/sandbox.h \
	saslauthd/loop.c saslauthd/loop.h \
	saslauthd/front.c saslauthd/front.h \
	saslauthd/listener_unix.c saslauthd/listener.h \
	saslauthd/client.c saslauthd/client.h \
	saslauthd/request.c saslauthd/request.h \
	saslauthd/dispatch.c saslauthd/dispatch.h \
	saslauthd/health.c saslauthd/health.h \
	saslauthd/queue.c saslauthd/queue.h \
	saslauthd/backend_link.c saslauthd/backend_link.h \
	saslauthd/workers.c saslauthd/workers.h \
	saslauthd/cache.c saslauthd/cache.h \
	saslauthd/authlog.c saslauthd/authlog.h
saslauthd_saslauthd_LDADD = libmechnames.a libcommon.a \
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
