# One mechanism in a process of its own, for the tests of this folder.
check_PROGRAMS += tests/mech/mech_drive
tests_mech_mech_drive_SOURCES = tests/mech/mech_drive.c
tests_mech_mech_drive_LDADD = $(MODULE_HOST) $(mech_libs) $(mech_ext_libs)

# A PAM module and an NSS source that fail as they are told. They are loaded
# by libpam and libc, so they are plain shared objects.
MECH_TEST_OBJECTS = tests/mech/libnss_testerror.so.2
if WITH_PAM
MECH_TEST_OBJECTS += tests/mech/pam_test_code.so
endif
check_DATA += $(MECH_TEST_OBJECTS)
CLEANFILES += $(MECH_TEST_OBJECTS)

MECH_TEST_LINK = $(CC) $(CPPFLAGS) $(CFLAGS) $(SASLAUTHD_WARNINGS) \
	-D_GNU_SOURCE -shared -fPIC

tests/mech/pam_test_code.so: tests/mech/pam_test_code.c
	$(AM_V_CCLD)$(MKDIR_P) tests/mech && \
	$(MECH_TEST_LINK) -o $@ $(srcdir)/tests/mech/pam_test_code.c -lpam

tests/mech/libnss_testerror.so.2: tests/mech/nss_test_error.c
	$(AM_V_CCLD)$(MKDIR_P) tests/mech && \
	$(MECH_TEST_LINK) -o $@ $(srcdir)/tests/mech/nss_test_error.c

EXTRA_DIST += tests/mech/pam_test_code.c tests/mech/nss_test_error.c \
	tests/mech/drive.py tests/mech/lsan.supp tests/mech/test_getpwent.py \
	tests/mech/test_pam.py tests/mech/test_shadow.py

EXTRA_DIST += tests/mech/test_sasldb.py tests/mech/test_sasldb_import.py \
	tests/mech/test_sasldb_damaged.py \
	tests/mech/test_sasldb_layouts.py \
	tests/mech/test_sasldb_tools.py tests/mech/test_sasldb_which.py

# Of ldap, against real and scripted servers.
EXTRA_DIST += \
	tests/mech/conftest.py \
	tests/mech/dns_script.py \
	tests/mech/ldap_tokens.py \
	tests/mech/test_ldap.py \
	tests/mech/test_ldap_attack.py \
	tests/mech/test_ldap_link.py \
	tests/mech/test_ldap_trouble.py

# Of radius, the same.
EXTRA_DIST += \
	tests/mech/test_radius.py \
	tests/mech/test_radius_trouble.py
