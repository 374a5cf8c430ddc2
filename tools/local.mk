# files of tools

# The user database's tools.
if WITH_LMDB
user_db_libs = libuserdb.a libcommon.a $(user_db_ext_libs) $(CRYPT_LIBS)
sbin_PROGRAMS += tools/saslpasswd2 tools/sasldblistusers2
user_format_sources = \
	tools/record_reader.c tools/record_reader.h \
	tools/user_format.c tools/user_format.h \
	tools/user_format_colon.c tools/user_format_csv.c \
	tools/user_format_dump.c
tools_saslpasswd2_SOURCES = tools/saslpasswd2.c \
	tools/passwd_convert.c tools/passwd_convert.h \
	tools/passwd_export.c tools/passwd_export.h \
	tools/passwd_import.c tools/passwd_import.h \
	tools/passwd_options.c tools/passwd_options.h \
	tools/passwd_store.c tools/passwd_store.h \
	tools/passwd_user.c tools/passwd_user.h \
	tools/password_input.c tools/password_input.h \
	tools/users_conf.c tools/users_conf.h \
	$(user_format_sources)
tools_saslpasswd2_LDADD = $(user_db_libs)
tools_sasldblistusers2_SOURCES = tools/sasldblistusers2.c \
	tools/safe_text.c tools/safe_text.h \
	tools/users_conf.c tools/users_conf.h
tools_sasldblistusers2_LDADD = $(user_db_libs)
endif

sbin_PROGRAMS += tools/testsaslauthd
tools_testsaslauthd_SOURCES = tools/testsaslauthd.c tools/ask.h \
	tools/password_input.c tools/password_input.h
if WITH_DOORS
tools_testsaslauthd_SOURCES += tools/ask_door.c
else
tools_testsaslauthd_SOURCES += tools/ask_unix.c
endif
tools_testsaslauthd_LDADD = libcommon.a $(door_libs)
EXTRA_DIST += tests/daemon/test_testsaslauthd.py

# The operator's tools.
sbin_PROGRAMS += tools/saslauthctl tools/saslcache
control_client_sources = \
	tools/control_client.c tools/control_client.h \
	tools/json_line.c tools/json_line.h \
	tools/safe_text.c tools/safe_text.h
tools_saslauthctl_SOURCES = tools/saslauthctl.c \
	tools/ctl.c tools/ctl.h \
	tools/ctl_actions.c tools/ctl_config.c \
	tools/ctl_explain.c tools/ctl_list.c \
	tools/password_input.c tools/password_input.h \
	tools/ctl_metrics.c tools/openmetrics.c tools/openmetrics.h \
	tools/ctl_status.c tools/ctl_verdict.c tools/ctl_verdict.h \
	tools/ctl_watch.c tools/ctl_plot.c tools/ctl_plot.h \
	tools/ctl_screen.c tools/ctl_screen.h \
	tools/ctl_migrate.c tools/draft.c tools/draft.h \
	tools/old_conf.c tools/old_conf.h \
	tools/old_defaults.c tools/old_defaults.h \
	tools/old_flags.c tools/old_flags.h \
	tools/shell_vars.c tools/shell_vars.h \
	$(control_client_sources)
tools_saslauthctl_LDADD = libcommon.a
tools_saslcache_SOURCES = tools/saslcache.c $(control_client_sources)
tools_saslcache_LDADD = libcommon.a
EXTRA_DIST += \
	tests/daemon/control_server.py tests/daemon/saslauthctl.py \
	tests/daemon/test_saslauthctl.py \
	tests/daemon/test_saslauthctl_daemon.py \
	tests/daemon/test_saslauthctl_watch.py \
	tests/daemon/test_saslcache.py tests/daemon/test_migrate.py
