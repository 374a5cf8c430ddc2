# What the keeper may know of mechanisms: their names.
noinst_LIBRARIES += libmechnames.a
libmechnames_a_SOURCES = mechanisms/mech_names.c mechanisms/mech_names.h

# The user database, of its mechanism and its tools.
user_db_sources = \
	mechanisms/user_db.c mechanisms/user_db.h \
	mechanisms/user_db_inside.h \
	mechanisms/user_db_file.c mechanisms/user_db_file.h \
	mechanisms/user_db_kind.c mechanisms/user_db_kind.h \
	mechanisms/user_db_layout.c \
	mechanisms/user_db_lmdb.c \
	mechanisms/user_db_lmdb_env.c mechanisms/user_db_lmdb_env.h \
	mechanisms/user_db_pages.c mechanisms/user_db_pages.h \
	mechanisms/user_db_record.c mechanisms/user_db_record.h \
	mechanisms/user_db_copied.c mechanisms/user_db_copied.h \
	mechanisms/user_db_copy.c mechanisms/user_db_copy.h \
	mechanisms/user_db_rewrite.c \
	mechanisms/user_db_treefile.c mechanisms/user_db_treefile.h \
	mechanisms/treepage.c mechanisms/treepage.h \
	mechanisms/user_db_table.h
if WITH_BERKELEY
user_db_sources += mechanisms/user_db_berkeley.c \
	mechanisms/user_db_hashfile.c mechanisms/user_db_hashfile.h
endif
if WITH_GDBM
user_db_sources += mechanisms/user_db_gdbm.c
endif
user_db_cppflags = $(AM_CPPFLAGS) $(LMDB_CFLAGS) \
	-DSASLDB2_PATH='"$(sasldb2_path)"' -DSASLDB2_LAYOUT=$(SASLDB2_LAYOUT)
user_db_ext_libs = $(LMDB_LIBS) $(BERKELEY_LIBS) $(GDBM_LIBS)

noinst_LIBRARIES += libuserdb.a
libuserdb_a_CPPFLAGS = $(user_db_cppflags)
libuserdb_a_SOURCES = mechanisms/passhash.c mechanisms/passhash.h
if WITH_LMDB
libuserdb_a_SOURCES += $(user_db_sources) \
	mechanisms/sasldb_settings.c mechanisms/sasldb_settings.h
endif

noinst_LIBRARIES += libmech.a
libmech_a_CPPFLAGS = $(AM_CPPFLAGS)
libmech_a_SOURCES = \
	mechanisms/mech.h mechanisms/mech_table.c \
	mechanisms/mech_answer.c mechanisms/mech_ask.c \
	mechanisms/mech_module.c mechanisms/mech_module.h \
	mechanisms/account.c mechanisms/account.h \
	mechanisms/nss_sources.c mechanisms/nss_sources.h \
	mechanisms/nss_user.c mechanisms/nss_user.h \
	mechanisms/passhash.c mechanisms/passhash.h \
	mechanisms/unix_hash.c mechanisms/unix_hash.h \
	mechanisms/mech_getpwent.c
if WITH_SHADOW
libmech_a_SOURCES += mechanisms/mech_shadow.c
endif
if WITH_PAM
libmech_a_SOURCES += mechanisms/mech_pam.c \
	mechanisms/pam_watch.c mechanisms/pam_watch.h
endif

# What is known of a module where it is not loaded: its keys.
libmech_a_SOURCES += \
	mechanisms/dir_settings.c mechanisms/dir_settings.h \
	mechanisms/rad_settings.c mechanisms/rad_settings.h \
	mechanisms/sasldb_settings.c mechanisms/sasldb_settings.h

# The modules. They lie beside saslauthd-pool in a build, too. -fPIC behind
# -fPIE wins; what they do not define the program that loads them exports.
if WITH_LMDB
module_PROGRAMS += saslauthd/mech_sasldb.so
saslauthd_mech_sasldb_so_SOURCES = mechanisms/mech_sasldb.c \
	$(user_db_sources)
saslauthd_mech_sasldb_so_CPPFLAGS = $(user_db_cppflags)
saslauthd_mech_sasldb_so_CFLAGS = $(AM_CFLAGS) -fPIC -fvisibility=hidden
saslauthd_mech_sasldb_so_LDFLAGS = -shared $(SANITIZER_FLAGS) \
	$(MODULE_LDFLAGS)
saslauthd_mech_sasldb_so_LDADD = $(user_db_ext_libs)
endif

if WITH_LDAP
module_PROGRAMS += saslauthd/mech_ldap.so
saslauthd_mech_ldap_so_SOURCES = \
	mechanisms/mech_ldap.c \
	mechanisms/dir_code.h \
	mechanisms/dir_link.c mechanisms/dir_link.h \
	mechanisms/dir_link_inside.h mechanisms/dir_link_io.c \
	mechanisms/dir_link_open.c mechanisms/dir_link_setup.c \
	$(ldap_parts)
saslauthd_mech_ldap_so_CPPFLAGS = $(AM_CPPFLAGS) \
	$(LDAP_CFLAGS) $(CRYPTO_CFLAGS) $(ARGON2_CFLAGS)
saslauthd_mech_ldap_so_CFLAGS = $(AM_CFLAGS) -fPIC -fvisibility=hidden
saslauthd_mech_ldap_so_LDFLAGS = -shared $(SANITIZER_FLAGS) $(MODULE_LDFLAGS)
saslauthd_mech_ldap_so_LDADD = $(LDAP_LIBS) $(ldap_parts_libs)
endif

if WITH_RADIUS
module_PROGRAMS += saslauthd/mech_radius.so
saslauthd_mech_radius_so_SOURCES = \
	mechanisms/mech_radius.c \
	mechanisms/rad_tls.c mechanisms/rad_tls.h \
	$(server_parts) $(radius_parts)
saslauthd_mech_radius_so_CPPFLAGS = $(AM_CPPFLAGS) \
	$(SSL_CFLAGS) $(CRYPTO_CFLAGS)
saslauthd_mech_radius_so_CFLAGS = $(AM_CFLAGS) -fPIC -fvisibility=hidden
saslauthd_mech_radius_so_LDFLAGS = -shared $(SANITIZER_FLAGS) \
	$(MODULE_LDFLAGS)
saslauthd_mech_radius_so_LDADD = $(SSL_LIBS) $(CRYPTO_LIBS)
endif

# Of every module that asks servers, in each: which one, by what secret.
server_parts = \
	mechanisms/file_watch.c mechanisms/file_watch.h \
	mechanisms/secret_file.c mechanisms/secret_file.h \
	mechanisms/server_health.c mechanisms/server_health.h \
	mechanisms/servers.c mechanisms/servers.h

# All of it that does not touch libldap: unit tests link it, too.
ldap_parts = \
	$(server_parts) \
	mechanisms/dir_expand.c mechanisms/dir_expand.h \
	mechanisms/dir_group.c mechanisms/dir_group.h \
	mechanisms/dir_login.c mechanisms/dir_login.h \
	mechanisms/dir_policy.c mechanisms/dir_policy.h \
	mechanisms/dir_sasl.c mechanisms/dir_sasl.h \
	mechanisms/dir_servers.c mechanisms/dir_servers.h \
	mechanisms/dir_session.c mechanisms/dir_session.h \
	mechanisms/dir_settings_check.c \
	mechanisms/dir_srv.c mechanisms/dir_srv.h \
	mechanisms/dir_verdict.c mechanisms/dir_verdict.h \
	mechanisms/pass_argon2.c mechanisms/pass_argon2.h \
	mechanisms/pass_base64.c mechanisms/pass_base64.h \
	mechanisms/pass_schemes.c mechanisms/pass_schemes.h
ldap_parts_libs = $(CRYPTO_LIBS) $(ARGON2_LIBS) $(RESOLV_LIBS)

# All of radius that does no TLS: unit tests link it, too.
radius_parts = \
	mechanisms/rad_address.c mechanisms/rad_address.h \
	mechanisms/rad_codec.c mechanisms/rad_codec.h \
	mechanisms/rad_dictionary.c mechanisms/rad_dictionary.h \
	mechanisms/rad_digest.c mechanisms/rad_digest.h \
	mechanisms/rad_form.c mechanisms/rad_form.h \
	mechanisms/rad_lookup.c mechanisms/rad_lookup.h \
	mechanisms/rad_reply.c mechanisms/rad_reply.h \
	mechanisms/rad_servers.c mechanisms/rad_servers.h \
	mechanisms/rad_settings_check.c \
	mechanisms/rad_udp.c mechanisms/rad_udp.h

mech_libs = libmech.a libcommon.a
mech_ext_libs = $(PAM_LIBS) $(CRYPT_LIBS) $(DL_LIBS)
