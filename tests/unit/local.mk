# files of tests/unit
EXTRA_DIST += \
	tests/unit/unit.h \
	tests/unit/freed.c tests/unit/freed.h \
	tests/unit/check-musl.sh tests/unit/musl/cmocka.h

if WITH_CMOCKA
# Each test of common/ is one source file of its own name. --wrap lets
# tests/unit/freed.c look at what is given back.
unit_common_tests = \
	tests/unit/test_buf tests/unit/test_conf tests/unit/test_conf_keys \
	tests/unit/test_conf_show tests/unit/test_deadline \
	tests/unit/test_errmsg tests/unit/test_frame tests/unit/test_io \
	tests/unit/test_json tests/unit/test_log tests/unit/test_network \
	tests/unit/test_proctitle tests/unit/test_result \
	tests/unit/test_secret tests/unit/test_str tests/unit/test_wire
check_PROGRAMS += $(unit_common_tests)
TESTS += $(unit_common_tests)

check_LIBRARIES = libunit.a
libunit_a_SOURCES = tests/unit/freed.c tests/unit/freed.h tests/unit/unit.h

unit_ldadd = libunit.a libcommon.a $(CMOCKA_LIBS)
unit_ldflags = $(AM_LDFLAGS) -Wl,--wrap=free,--wrap=malloc

tests_unit_test_buf_LDADD = $(unit_ldadd)
tests_unit_test_buf_LDFLAGS = $(unit_ldflags)
tests_unit_test_conf_LDADD = $(unit_ldadd)
tests_unit_test_conf_LDFLAGS = $(unit_ldflags)
tests_unit_test_conf_show_LDADD = $(unit_ldadd)
tests_unit_test_conf_keys_LDADD = $(unit_ldadd)
tests_unit_test_conf_keys_LDFLAGS = $(unit_ldflags)
tests_unit_test_deadline_LDADD = $(unit_ldadd)
tests_unit_test_errmsg_LDADD = $(unit_ldadd)
tests_unit_test_frame_LDADD = $(unit_ldadd)
tests_unit_test_frame_LDFLAGS = $(unit_ldflags)
tests_unit_test_io_LDADD = $(unit_ldadd)
tests_unit_test_json_LDADD = $(unit_ldadd)
tests_unit_test_log_LDADD = $(unit_ldadd)
tests_unit_test_network_LDADD = $(unit_ldadd)
tests_unit_test_proctitle_LDADD = $(unit_ldadd)
tests_unit_test_result_LDADD = $(unit_ldadd)
tests_unit_test_secret_LDADD = $(unit_ldadd)
tests_unit_test_secret_LDFLAGS = $(unit_ldflags)
tests_unit_test_str_LDADD = $(unit_ldadd)
tests_unit_test_wire_LDADD = $(unit_ldadd)
tests_unit_test_wire_LDFLAGS = $(unit_ldflags)
endif

# Parts of the mechanisms that are pure functions.
if WITH_CMOCKA
unit_mech_tests = tests/unit/test_account tests/unit/test_mech_module \
	tests/unit/test_mech_names
check_PROGRAMS += $(unit_mech_tests)
TESTS += $(unit_mech_tests)
unit_mech_ldadd = libmechnames.a $(mech_libs) $(mech_ext_libs) $(CMOCKA_LIBS)
tests_unit_test_account_LDADD = $(unit_mech_ldadd)
tests_unit_test_mech_names_LDADD = $(unit_mech_ldadd)

# Its MODULEDIR is in a directory that it makes and goes to.
tests_unit_test_mech_module_SOURCES = tests/unit/test_mech_module.c \
	mechanisms/mech_module.c
tests_unit_test_mech_module_CPPFLAGS = $(AM_CPPFLAGS) \
	-UMODULEDIR -DMODULEDIR='"modules"'
tests_unit_test_mech_module_LDADD = $(MODULE_HOST) libcommon.a $(DL_LIBS) \
	$(CMOCKA_LIBS)

unit_modules = tests/unit/mech_beside.so \
	tests/unit/modules/mech_bare.so tests/unit/modules/mech_foreign.so \
	tests/unit/modules/mech_good.so tests/unit/modules/mech_renamed.so \
	tests/unit/modules/mech_small.so tests/unit/modules/mech_torn.so
check_DATA += $(unit_modules)
CLEANFILES += $(unit_modules)
endif
EXTRA_DIST += tests/unit/module.c tests/unit/valgrind.supp

tests/unit/mech_beside.so tests/unit/modules/mech_bare.so \
tests/unit/modules/mech_foreign.so tests/unit/modules/mech_good.so \
tests/unit/modules/mech_renamed.so tests/unit/modules/mech_small.so \
tests/unit/modules/mech_torn.so: tests/unit/module.c config.h
	$(AM_V_CCLD)$(MKDIR_P) tests/unit/modules && \
	$(MECH_TEST_LINK) -I. -I$(srcdir) -o $@ \
	    -DIS_`basename $@ .so` $(srcdir)/tests/unit/module.c

# Parts of the ldap module, without libldap. dir_link, which is all that calls
# it, is not among them: a test brings a link of its own.
if WITH_CMOCKA
if WITH_LDAP
unit_ldap_tests = \
	tests/unit/test_dir_expand tests/unit/test_dir_login \
	tests/unit/test_dir_policy tests/unit/test_dir_sasl \
	tests/unit/test_dir_servers tests/unit/test_dir_session \
	tests/unit/test_dir_settings tests/unit/test_dir_srv \
	tests/unit/test_dir_verdict tests/unit/test_pass_base64 \
	tests/unit/test_pass_schemes
check_PROGRAMS += $(unit_ldap_tests)
TESTS += $(unit_ldap_tests)

check_LIBRARIES += libdirparts.a
libdirparts_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) $(ARGON2_CFLAGS)
libdirparts_a_SOURCES = $(ldap_parts)

unit_ldap_ldadd = libdirparts.a $(mech_libs) $(ldap_parts_libs) \
	$(mech_ext_libs) $(CMOCKA_LIBS)
tests_unit_test_dir_expand_LDADD = $(unit_ldap_ldadd)
tests_unit_test_dir_login_LDADD = $(unit_ldap_ldadd)
tests_unit_test_dir_policy_LDADD = $(unit_ldap_ldadd)
tests_unit_test_dir_sasl_LDADD = $(unit_ldap_ldadd)
tests_unit_test_dir_servers_LDADD = $(unit_ldap_ldadd)
tests_unit_test_dir_servers_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=deadline_now_msec
tests_unit_test_dir_session_SOURCES = tests/unit/test_dir_session.c \
	tests/unit/fake_link.c tests/unit/fake_link.h
tests_unit_test_dir_session_LDADD = $(unit_ldap_ldadd)
tests_unit_test_dir_session_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=deadline_in_msec,--wrap=deadline_now_msec
tests_unit_test_dir_settings_LDADD = $(unit_ldap_ldadd)
tests_unit_test_dir_srv_LDADD = $(unit_ldap_ldadd)
tests_unit_test_dir_verdict_LDADD = $(unit_ldap_ldadd)
tests_unit_test_pass_base64_LDADD = $(unit_ldap_ldadd)
tests_unit_test_pass_schemes_LDADD = $(unit_ldap_ldadd)
endif
endif

# Parts of the radius module.
if WITH_CMOCKA
if WITH_RADIUS
unit_radius_tests = tests/unit/test_rad_codec tests/unit/test_rad_settings
check_PROGRAMS += $(unit_radius_tests)
TESTS += $(unit_radius_tests)

check_LIBRARIES += libradparts.a
libradparts_a_CPPFLAGS = $(AM_CPPFLAGS) $(CRYPTO_CFLAGS)
libradparts_a_SOURCES = $(server_parts) $(radius_parts)

unit_radius_ldadd = libradparts.a $(mech_libs) $(CRYPTO_LIBS) \
	$(mech_ext_libs) $(CMOCKA_LIBS)
tests_unit_test_rad_codec_LDADD = $(unit_radius_ldadd)
tests_unit_test_rad_settings_LDADD = $(unit_radius_ldadd)
endif
endif

# Password hashes and the user database.
if WITH_CMOCKA
check_PROGRAMS += tests/unit/test_passhash
TESTS += tests/unit/test_passhash
tests_unit_test_passhash_LDADD = libuserdb.a libcommon.a $(CRYPT_LIBS) \
	$(CMOCKA_LIBS)
if WITH_LMDB
unit_user_db_tests = tests/unit/test_user_db tests/unit/test_user_db_files \
	tests/unit/test_user_db_layouts tests/unit/test_user_db_durable \
	tests/unit/test_user_db_others tests/unit/test_user_db_random
check_PROGRAMS += $(unit_user_db_tests)
TESTS += $(unit_user_db_tests)
tests_unit_test_user_db_layouts_SOURCES = tests/unit/test_user_db_layouts.c \
	tests/unit/user_db_store.c tests/unit/user_db_store.h
tests_unit_test_user_db_layouts_LDADD = $(user_db_libs) $(CMOCKA_LIBS)
tests_unit_test_user_db_durable_SOURCES = tests/unit/test_user_db_durable.c \
	tests/unit/user_db_store.c tests/unit/user_db_store.h
tests_unit_test_user_db_durable_LDADD = $(user_db_libs) $(CMOCKA_LIBS)
tests_unit_test_user_db_others_SOURCES = tests/unit/test_user_db_others.c \
	tests/unit/user_db_store.c tests/unit/user_db_store.h
tests_unit_test_user_db_others_LDADD = $(user_db_libs) $(CMOCKA_LIBS)
tests_unit_test_user_db_random_SOURCES = tests/unit/test_user_db_random.c \
	tests/unit/user_db_store.c tests/unit/user_db_store.h
tests_unit_test_user_db_random_LDADD = $(user_db_libs) $(CMOCKA_LIBS)
tests_unit_test_user_db_SOURCES = tests/unit/test_user_db.c \
	tests/unit/user_db_store.c tests/unit/user_db_store.h
tests_unit_test_user_db_LDADD = $(user_db_libs) $(CMOCKA_LIBS)
tests_unit_test_user_db_files_SOURCES = tests/unit/test_user_db_files.c \
	tests/unit/user_db_store.c tests/unit/user_db_store.h
tests_unit_test_user_db_files_CPPFLAGS = $(AM_CPPFLAGS) $(LMDB_CFLAGS)
tests_unit_test_user_db_files_LDADD = $(user_db_libs) $(CMOCKA_LIBS)
endif
endif

# The daemon's parts that stand alone, and the front between socket pairs.
if WITH_CMOCKA
if WITH_DOORS
unit_kind_tests = tests/unit/test_listen_file_door \
	tests/unit/test_listener_door
else
unit_kind_tests = tests/unit/test_listener tests/unit/test_sockets
endif
unit_front_tests = \
	tests/unit/test_activation tests/unit/test_admission \
	tests/unit/test_authlog tests/unit/test_cache \
	tests/unit/test_canonical tests/unit/test_client \
	tests/unit/test_commands tests/unit/test_control \
	tests/unit/test_dispatch tests/unit/test_editions \
	tests/unit/test_family \
	tests/unit/test_flight tests/unit/test_generation \
	tests/unit/test_handover tests/unit/test_health \
	tests/unit/test_limits \
	tests/unit/test_limits_model tests/unit/test_limits_table \
	$(unit_kind_tests) \
	tests/unit/test_metrics tests/unit/test_notify \
	tests/unit/test_options tests/unit/test_part \
	tests/unit/test_pool_load tests/unit/test_pool_load_several \
	tests/unit/test_pool_parts \
	tests/unit/test_pool_try \
	tests/unit/test_privs tests/unit/test_queue tests/unit/test_request \
	tests/unit/test_route \
	tests/unit/test_rundir tests/unit/test_service_time \
	tests/unit/test_settings tests/unit/test_sigpipe \
	tests/unit/test_site tests/unit/test_socket_file \
	tests/unit/test_tally tests/unit/test_trial tests/unit/test_worker
check_PROGRAMS += $(unit_front_tests)
TESTS += $(unit_front_tests)

check_LIBRARIES += libunitfront.a
libunitfront_a_SOURCES = \
	tests/unit/fake.c tests/unit/fake.h \
	tests/unit/loglines.c tests/unit/loglines.h \
	saslauthd/activation.c saslauthd/admission.c saslauthd/notify.c \
	saslauthd/child.c saslauthd/handover.c \
	saslauthd/family.c saslauthd/crew.c \
	saslauthd/plan.c saslauthd/check.c \
	saslauthd/options.c saslauthd/part.c saslauthd/part_pool.c \
	saslauthd/pool_load.c saslauthd/pool_print.c saslauthd/privs.c \
	saslauthd/roles.c saslauthd/rundir.c saslauthd/settings.c \
	saslauthd/socket_file.c saslauthd/sockets.c $(listen_file_source) \
	saslauthd/listen_file.h saslauthd/sigpipe.c $(site_sources)

# What the front and what roles share need each other.
unit_front_ldadd = libunitfront.a libfront.a libunitfront.a \
	libmechnames.a libcommon.a $(EVENT_LIBS) $(SODIUM_LIBS) $(door_libs) \
	$(CMOCKA_LIBS)

tests_unit_test_activation_LDADD = $(unit_front_ldadd)
tests_unit_test_admission_LDADD = $(unit_front_ldadd)
tests_unit_test_authlog_LDADD = $(unit_front_ldadd)
tests_unit_test_canonical_LDADD = $(unit_front_ldadd)
tests_unit_test_client_LDADD = $(unit_front_ldadd)
# They stand at the control socket of a front whose clock they set.
unit_operator_sources = tests/unit/operator.c tests/unit/operator.h
unit_operator_ldflags = $(AM_LDFLAGS) \
	-Wl,--wrap=deadline_now_msec,--wrap=loop_timer_set
tests_unit_test_commands_SOURCES = tests/unit/test_commands.c \
	$(unit_operator_sources)
tests_unit_test_commands_LDADD = $(unit_front_ldadd)
tests_unit_test_commands_LDFLAGS = $(unit_operator_ldflags)
tests_unit_test_control_SOURCES = tests/unit/test_control.c \
	$(unit_operator_sources)
tests_unit_test_control_LDADD = $(unit_front_ldadd)
tests_unit_test_control_LDFLAGS = $(unit_operator_ldflags)
tests_unit_test_trial_SOURCES = tests/unit/test_trial.c \
	$(unit_operator_sources)
tests_unit_test_trial_LDADD = $(unit_front_ldadd)
tests_unit_test_trial_LDFLAGS = $(unit_operator_ldflags)
tests_unit_test_dispatch_LDADD = $(unit_front_ldadd)
tests_unit_test_editions_LDADD = $(unit_front_ldadd)
tests_unit_test_family_LDADD = $(unit_front_ldadd)
tests_unit_test_flight_LDADD = $(unit_front_ldadd)
tests_unit_test_generation_LDADD = $(unit_front_ldadd)
tests_unit_test_handover_LDADD = $(unit_front_ldadd)
tests_unit_test_health_LDADD = $(unit_front_ldadd)
tests_unit_test_health_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=deadline_now_msec
tests_unit_test_limits_LDADD = $(unit_front_ldadd)
tests_unit_test_limits_model_LDADD = $(unit_front_ldadd)
tests_unit_test_limits_table_LDADD = $(unit_front_ldadd)
tests_unit_test_listener_LDADD = $(unit_front_ldadd)
tests_unit_test_listener_door_SOURCES = tests/unit/test_listener_door.c \
	tests/unit/door_caller.c tests/unit/door_caller.h
tests_unit_test_listener_door_LDADD = $(unit_front_ldadd)
tests_unit_test_listener_door_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=door_return
tests_unit_test_listen_file_door_LDADD = $(unit_front_ldadd)
tests_unit_test_metrics_LDADD = $(unit_front_ldadd)
tests_unit_test_notify_LDADD = $(unit_front_ldadd)
tests_unit_test_options_LDADD = $(unit_front_ldadd)
tests_unit_test_part_LDADD = $(unit_front_ldadd)
tests_unit_test_pool_load_SOURCES = tests/unit/test_pool_load.c \
	tests/unit/pool_case.c tests/unit/pool_case.h
tests_unit_test_pool_load_LDADD = $(unit_front_ldadd)
tests_unit_test_pool_load_several_SOURCES = \
	tests/unit/test_pool_load_several.c \
	tests/unit/pool_case.c tests/unit/pool_case.h
tests_unit_test_pool_load_several_LDADD = $(unit_front_ldadd)
tests_unit_test_pool_parts_SOURCES = tests/unit/test_pool_parts.c \
	saslauthd/pool_parts.c
tests_unit_test_pool_parts_LDADD = $(unit_front_ldadd)
tests_unit_test_worker_SOURCES = tests/unit/test_worker.c \
	saslauthd/worker.c mechanisms/mech_ask.c mechanisms/mech_answer.c
tests_unit_test_worker_LDADD = $(unit_front_ldadd)
# It is the keeper's end itself.
tests_unit_test_pool_try_SOURCES = tests/unit/test_pool_try.c \
	saslauthd/pool_try.c saslauthd/rights.c saslauthd/rights_trial.c
tests_unit_test_pool_try_LDADD = $(unit_front_ldadd)
tests_unit_test_privs_LDADD = $(unit_front_ldadd)
tests_unit_test_queue_LDADD = $(unit_front_ldadd)
tests_unit_test_request_LDADD = $(unit_front_ldadd)
tests_unit_test_route_LDADD = $(unit_front_ldadd)
tests_unit_test_rundir_LDADD = $(unit_front_ldadd)
tests_unit_test_service_time_LDADD = $(unit_front_ldadd)
tests_unit_test_settings_LDADD = $(unit_front_ldadd)
tests_unit_test_site_LDADD = $(unit_front_ldadd)
tests_unit_test_socket_file_LDADD = $(unit_front_ldadd)
tests_unit_test_sockets_LDADD = $(unit_front_ldadd)
tests_unit_test_sigpipe_LDADD = $(unit_front_ldadd)
tests_unit_test_tally_LDADD = $(unit_front_ldadd)
endif

# The cache and what it is made of.
if WITH_CMOCKA
unit_cache_tests = \
	tests/unit/test_cache_memory tests/unit/test_cache_model \
	tests/unit/test_digest tests/unit/test_identity tests/unit/test_ring
check_PROGRAMS += $(unit_cache_tests)
TESTS += $(unit_cache_tests)

unit_cache_sources = tests/unit/cache_keys.c tests/unit/cache_keys.h
tests_unit_test_cache_SOURCES = tests/unit/test_cache.c $(unit_cache_sources)
tests_unit_test_cache_LDADD = $(unit_front_ldadd)
tests_unit_test_cache_memory_SOURCES = tests/unit/test_cache_memory.c \
	$(unit_cache_sources)
tests_unit_test_cache_memory_LDADD = $(unit_front_ldadd)
tests_unit_test_cache_model_SOURCES = tests/unit/test_cache_model.c \
	$(unit_cache_sources)
tests_unit_test_cache_model_LDADD = $(unit_front_ldadd)
tests_unit_test_digest_LDADD = $(unit_front_ldadd)
tests_unit_test_identity_LDADD = $(unit_front_ldadd)
tests_unit_test_ring_LDADD = $(unit_front_ldadd)
endif

# What saslpasswd2 imports and exports.
if WITH_CMOCKA
if WITH_LMDB
unit_format_tests = tests/unit/test_record_reader tests/unit/test_user_format
check_PROGRAMS += $(unit_format_tests)
TESTS += $(unit_format_tests)
tests_unit_test_record_reader_SOURCES = tests/unit/test_record_reader.c \
	tools/record_reader.c tools/record_reader.h
tests_unit_test_record_reader_LDADD = libcommon.a $(CMOCKA_LIBS)
tests_unit_test_user_format_SOURCES = tests/unit/test_user_format.c \
	$(user_format_sources)
tests_unit_test_user_format_LDADD = $(user_db_libs) $(CMOCKA_LIBS)
endif
endif

# The operator's tools.
if WITH_CMOCKA
check_PROGRAMS += tests/unit/test_json_line
TESTS += tests/unit/test_json_line
tests_unit_test_json_line_SOURCES = tests/unit/test_json_line.c \
	tools/json_line.c tools/json_line.h
tests_unit_test_json_line_LDADD = libcommon.a $(CMOCKA_LIBS)
endif
