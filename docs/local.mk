# files of docs
dist_man_MANS += docs/man/saslauthd-getpwent.5 docs/man/saslauthd-pam.5 \
	docs/man/saslauthd-shadow.5
dist_man_MANS += docs/man/testsaslauthd.8
dist_man_MANS += docs/man/saslauthd-sasldb.5 docs/man/saslpasswd2.8 \
	docs/man/sasldblistusers2.8
dist_man_MANS += docs/man/saslauthd.8 docs/man/saslauthd.conf.5
