# files of tests/msa
# Made when its test asks for it, because only that needs libsasl2.
EXTRA_PROGRAMS = tests/msa/sasl_checkpass
tests_msa_sasl_checkpass_SOURCES = tests/msa/sasl_checkpass.c
tests_msa_sasl_checkpass_LDADD = -lsasl2
CLEANFILES += $(EXTRA_PROGRAMS)

EXTRA_DIST += tests/msa/test_exim.py tests/msa/test_ldap_pass_through.py \
	tests/msa/test_libsasl2.py \
	tests/msa/test_postfix.py tests/msa/test_sasldb2.py

# FreeRADIUS, asked by us.
EXTRA_DIST += tests/msa/test_radius_postfix.py
