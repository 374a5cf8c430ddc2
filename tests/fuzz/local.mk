# files of tests/fuzz
EXTRA_DIST += tests/fuzz/replay.sh tests/fuzz/fuzz.sh tests/fuzz/corpus

# Replayed in the quick tier; tests/fuzz/fuzz.sh is for the long one.
check_PROGRAMS += tests/fuzz/replay_wire tests/fuzz/replay_conf \
	tests/fuzz/replay_frame
TESTS += tests/fuzz/replay.sh

fuzz_common = tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_replay_wire_SOURCES = tests/fuzz/fuzz_wire.c $(fuzz_common)
tests_fuzz_replay_wire_LDADD = libcommon.a
tests_fuzz_replay_conf_SOURCES = tests/fuzz/fuzz_conf.c $(fuzz_common)
tests_fuzz_replay_conf_LDADD = libcommon.a
tests_fuzz_replay_frame_SOURCES = tests/fuzz/fuzz_frame.c $(fuzz_common)
tests_fuzz_replay_frame_LDADD = libcommon.a

if WITH_LMDB
check_PROGRAMS += tests/fuzz/replay_import
tests_fuzz_replay_import_SOURCES = tests/fuzz/fuzz_import.c $(fuzz_common) \
	$(user_format_sources)
tests_fuzz_replay_import_LDADD = $(user_db_libs)
check_PROGRAMS += tests/fuzz/replay_treefile
tests_fuzz_replay_treefile_SOURCES = tests/fuzz/fuzz_treefile.c $(fuzz_common)
tests_fuzz_replay_treefile_LDADD = $(user_db_libs)
if WITH_BERKELEY
check_PROGRAMS += tests/fuzz/replay_hashfile
tests_fuzz_replay_hashfile_SOURCES = tests/fuzz/fuzz_hashfile.c $(fuzz_common)
tests_fuzz_replay_hashfile_LDADD = $(user_db_libs)
endif
endif

if WITH_RADIUS
check_PROGRAMS += tests/fuzz/replay_radius
tests_fuzz_replay_radius_SOURCES = tests/fuzz/fuzz_radius.c \
	mechanisms/rad_codec.c mechanisms/rad_codec.h \
	mechanisms/rad_digest.c mechanisms/rad_digest.h $(fuzz_common)
tests_fuzz_replay_radius_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_replay_radius_LDADD = libcommon.a $(CRYPTO_LIBS)
endif
