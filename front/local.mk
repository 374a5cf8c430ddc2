# The front, but for its main function, its sandbox and what other roles
# share; unit tests link it, too.
noinst_LIBRARIES += libfront.a
libfront_a_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS) $(SODIUM_CFLAGS)
libfront_a_SOURCES = \
	front/answer.c front/answer.h \
	front/authlog.c front/authlog.h \
	front/backend_link.c front/backend_link.h \
	front/cache.c front/cache.h \
	front/canonical.c front/canonical.h \
	front/client.c front/client.h \
	front/commands.c front/commands.h \
	front/config_report.c front/config_report.h \
	front/control.c front/control.h \
	front/digest.c front/digest.h \
	front/dispatch.c front/dispatch.h \
	front/editions.c front/editions.h \
	front/explain.c front/explain.h \
	front/entries.c front/entries.h \
	front/exposition.c front/exposition.h \
	front/flight.c front/flight.h \
	front/gauges.c front/gauges.h \
	front/generation.c front/generation.h \
	front/health.c front/health.h \
	front/histogram.c front/histogram.h \
	front/identity.c front/identity.h \
	front/labels.c front/labels.h \
	front/limits.c front/limits.h \
	front/listener.c front/listener.h \
	front/loop.c front/loop.h \
	front/lru.c front/lru.h front/spread.h \
	front/memory.c front/memory.h \
	front/metrics.c front/metrics.h \
	front/queue.c front/queue.h \
	front/report.c front/report.h \
	front/request.c front/request.h \
	front/ring.c front/ring.h \
	front/route.c front/route.h \
	front/route_why.c front/route_why.h \
	front/service_time.c front/service_time.h \
	front/tally.c front/tally.h \
	front/trial.c front/trial.h \
	front/tries.c front/tries.h \
	front/workers.c front/workers.h
if WITH_DOORS
libfront_a_SOURCES += front/listener_door.c
else
libfront_a_SOURCES += front/listener_unix.c
endif
