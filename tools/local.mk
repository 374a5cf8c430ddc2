# files of tools

# The user database's tools.
if WITH_LMDB
user_db_libs = libuserdb.a libcommon.a $(LMDB_LIBS) $(CRYPT_LIBS)
sbin_PROGRAMS += tools/saslpasswd2 tools/sasldblistusers2
tools_saslpasswd2_SOURCES = tools/saslpasswd2.c \
	tools/password_input.c tools/password_input.h
tools_saslpasswd2_LDADD = $(user_db_libs)
tools_sasldblistusers2_SOURCES = tools/sasldblistusers2.c
tools_sasldblistusers2_LDADD = $(user_db_libs)
endif

sbin_PROGRAMS += tools/testsaslauthd
tools_testsaslauthd_SOURCES = tools/testsaslauthd.c \
	tools/password_input.c tools/password_input.h
tools_testsaslauthd_LDADD = libcommon.a
EXTRA_DIST += tests/daemon/test_testsaslauthd.py
