site_sources = \
	saslauthd/site.c saslauthd/site.h \
	saslauthd/site_work.c saslauthd/site_work.h \
	saslauthd/site_backends.c saslauthd/site_listeners.c \
	saslauthd/site_routes.c saslauthd/site_tables.c

sbin_PROGRAMS += saslauthd/saslauthd
saslauthd_saslauthd_CPPFLAGS = $(AM_CPPFLAGS) $(SECCOMP_CFLAGS)
saslauthd_saslauthd_SOURCES = \
	saslauthd/main.c \
	saslauthd/options.c saslauthd/options.h \
	saslauthd/settings.c saslauthd/settings.h \
	$(site_sources) \
	saslauthd/daemonize.c saslauthd/daemonize.h \
	saslauthd/rundir.c saslauthd/rundir.h \
	saslauthd/socket_file.c saslauthd/socket_file.h \
	saslauthd/sockets.c saslauthd/sockets.h saslauthd/listen_file.h \
	saslauthd/activation.c saslauthd/activation.h \
	saslauthd/notify.c saslauthd/notify.h \
	saslauthd/keeper.c saslauthd/keeper.h \
	saslauthd/keeper_frames.c saslauthd/keeper_state.h \
	saslauthd/plan.c saslauthd/plan.h \
	saslauthd/reload.c saslauthd/reload.h \
	saslauthd/crew.c saslauthd/crew.h \
	saslauthd/family.c saslauthd/family.h \
	saslauthd/part_pool.c saslauthd/part_pool.h \
	saslauthd/part.c saslauthd/part.h \
	saslauthd/check.c saslauthd/check.h \
	saslauthd/handover.c saslauthd/handover.h \
	saslauthd/roles.c saslauthd/roles.h \
	saslauthd/admission.c saslauthd/admission.h \
	saslauthd/sigpipe.c saslauthd/sigpipe.h \
	saslauthd/child.c saslauthd/child.h \
	saslauthd/privs.c saslauthd/privs.h \
	front/sandbox_linux.c front/sandbox.h \
	front/walls.c front/walls.h \
	front/keeper_link.c front/keeper_link.h \
	front/front.c front/front.h
saslauthd_saslauthd_LDADD = libfront.a libmechnames.a libcommon.a \
	$(EVENT_LIBS) $(SODIUM_LIBS) $(SECCOMP_LIBS) $(door_libs)
if WITH_DOORS
listen_file_source = saslauthd/listen_file_door.c
else
listen_file_source = saslauthd/listen_file_unix.c
endif
saslauthd_saslauthd_SOURCES += $(listen_file_source)

libexec_PROGRAMS += saslauthd/saslauthd-pool
saslauthd_saslauthd_pool_SOURCES = \
	saslauthd/pool.c \
	saslauthd/pool_keeper.c saslauthd/pool_keeper.h \
	saslauthd/pool_load.c saslauthd/pool_load.h \
	saslauthd/pool_print.c saslauthd/pool_print.h \
	saslauthd/pool_parts.c saslauthd/pool_parts.h \
	saslauthd/pool_try.c saslauthd/pool_try.h \
	saslauthd/rights.c saslauthd/rights.h \
	saslauthd/rights_trial.c saslauthd/rights_trial.h \
	saslauthd/worker.c saslauthd/worker.h \
	saslauthd/privs.c saslauthd/privs.h \
	saslauthd/settings.c saslauthd/settings.h \
	$(site_sources) \
	saslauthd/sigpipe.c saslauthd/sigpipe.h
saslauthd_saslauthd_pool_LDADD = $(MODULE_HOST) libmechnames.a \
	$(mech_libs) $(mech_ext_libs)
