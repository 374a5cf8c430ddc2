# The load generator; compare.py, run by hand, is described in README.md.
check_PROGRAMS += tests/bench/saslbench
tests_bench_saslbench_CFLAGS = $(AM_CFLAGS) -pthread
tests_bench_saslbench_SOURCES = tests/bench/saslbench.c
tests_bench_saslbench_LDADD = libcommon.a -lpthread
EXTRA_DIST += tests/bench/README.md tests/bench/compare.py
