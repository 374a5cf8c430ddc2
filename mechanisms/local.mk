# What the keeper may know of mechanisms: their names.
noinst_LIBRARIES += libmechnames.a
libmechnames_a_SOURCES = mechanisms/mech_names.c mechanisms/mech_names.h

# The user database, shared by its mechanism and its tools.
noinst_LIBRARIES += libuserdb.a
libuserdb_a_CPPFLAGS = $(AM_CPPFLAGS) $(LMDB_CFLAGS)
libuserdb_a_SOURCES = mechanisms/passhash.c mechanisms/passhash.h
if WITH_LMDB
libuserdb_a_SOURCES += \
	mechanisms/user_db.c mechanisms/user_db.h \
	mechanisms/user_db_file.c mechanisms/user_db_file.h \
	mechanisms/user_db_layout.h mechanisms/user_db_lmdb.c \
	mechanisms/user_db_record.c mechanisms/user_db_record.h
endif

noinst_LIBRARIES += libmech.a
libmech_a_CPPFLAGS = $(AM_CPPFLAGS)
libmech_a_SOURCES = \
	mechanisms/mech.h mechanisms/mech_table.c mechanisms/mech_answer.c mechanisms/mech_ask.c \
	mechanisms/account.c mechanisms/account.h \
	mechanisms/nss_sources.c mechanisms/nss_sources.h \
	mechanisms/nss_user.c mechanisms/nss_user.h \
	mechanisms/unix_hash.c mechanisms/unix_hash.h \
	mechanisms/mech_getpwent.c
if WITH_SHADOW
libmech_a_SOURCES += mechanisms/mech_shadow.c
endif
if WITH_PAM
libmech_a_SOURCES += mechanisms/mech_pam.c \
	mechanisms/pam_watch.c mechanisms/pam_watch.h
endif
if WITH_LMDB
libmech_a_SOURCES += mechanisms/mech_sasldb.c
endif

mech_libs = libmech.a libuserdb.a libcommon.a
mech_ext_libs = $(PAM_LIBS) $(LMDB_LIBS) $(CRYPT_LIBS)
