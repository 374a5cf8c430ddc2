# The load generator, the server it is compared with, and a slow backend;
# compare.py, run by hand, is described in README.md.
check_PROGRAMS += tests/bench/saslbench tests/bench/floor
tests_bench_saslbench_CFLAGS = $(AM_CFLAGS) -pthread
tests_bench_saslbench_SOURCES = tests/bench/saslbench.c
tests_bench_saslbench_LDADD = libcommon.a -lpthread
tests_bench_floor_SOURCES = tests/bench/floor.c

# Memory and time of the cache alone.
check_PROGRAMS += tests/bench/cachebench
tests_bench_cachebench_SOURCES = tests/bench/cachebench.c
tests_bench_cachebench_LDADD = libfront.a libcommon.a $(SODIUM_LIBS)

# The same operations at a directory, by libldap alone.
if WITH_LDAP
check_PROGRAMS += tests/bench/ldap_floor
tests_bench_ldap_floor_CPPFLAGS = $(AM_CPPFLAGS) $(LDAP_CFLAGS)
tests_bench_ldap_floor_CFLAGS = $(AM_CFLAGS) -pthread
tests_bench_ldap_floor_SOURCES = tests/bench/ldap_floor.c
tests_bench_ldap_floor_LDADD = $(LDAP_LIBS) -lpthread
endif

if WITH_PAM
check_DATA += tests/bench/pam_slow.so
CLEANFILES += tests/bench/pam_slow.so
endif

tests/bench/pam_slow.so: tests/bench/pam_slow.c
	$(AM_V_CCLD)$(MKDIR_P) tests/bench && \
	$(MECH_TEST_LINK) -o $@ $(srcdir)/tests/bench/pam_slow.c -lpam

EXTRA_DIST += tests/bench/README.md tests/bench/pam_slow.c \
	tests/bench/compare.py tests/bench/candidates.py \
	tests/bench/mechanisms.py tests/bench/cached.py \
	tests/bench/million.py tests/bench/sasldb.py \
	tests/bench/trouble.py \
	tests/bench/ldap.py tests/bench/ldap_trouble.py

# mech_radius, beside radclient.
EXTRA_DIST += tests/bench/radius.py
