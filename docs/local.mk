# The manual pages of what is built; all of them are distributed.
dist_man_MANS += docs/man/saslauthd.8 docs/man/saslauthd.conf.5 \
	docs/man/testsaslauthd.8 docs/man/saslauthd-getpwent.5
shadow_man = docs/man/saslauthd-shadow.5
pam_man = docs/man/saslauthd-pam.5
sasldb_man = docs/man/saslauthd-sasldb.5 docs/man/saslpasswd2.8 \
	docs/man/sasldblistusers2.8
EXTRA_DIST += $(shadow_man) $(pam_man) $(sasldb_man)
if WITH_SHADOW
man_MANS += $(shadow_man)
endif
if WITH_PAM
man_MANS += $(pam_man)
endif
if WITH_LMDB
man_MANS += $(sasldb_man)
endif
