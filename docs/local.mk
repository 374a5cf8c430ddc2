nobase_dist_doc_DATA =

# The manual pages of what is built; all of them are distributed.
dist_man_MANS += docs/man/saslauthd.8 docs/man/saslauthd.conf.5 \
	docs/man/testsaslauthd.8 docs/man/saslauthd-getpwent.5 \
	docs/man/saslauthd-metrics.5 \
	docs/man/saslauthctl.8 docs/man/saslcache.8
ldap_man = docs/man/saslauthd-ldap.5
radius_man = docs/man/saslauthd-radius.5
shadow_man = docs/man/saslauthd-shadow.5
pam_man = docs/man/saslauthd-pam.5
sasldb_man = docs/man/saslauthd-sasldb.5 docs/man/saslpasswd2.8 \
	docs/man/sasldblistusers2.8
EXTRA_DIST += $(ldap_man) $(radius_man) $(shadow_man) $(pam_man) $(sasldb_man)
if WITH_LDAP
man_MANS += $(ldap_man)
endif
if WITH_RADIUS
man_MANS += $(radius_man)
endif
if WITH_SHADOW
man_MANS += $(shadow_man)
endif
if WITH_PAM
man_MANS += $(pam_man)
endif
if WITH_LMDB
man_MANS += $(sasldb_man)
endif

# What the pages below lead to.
nobase_dist_doc_DATA += README.md NEWS.md SECURITY.md docs/DESIGN.md

# A dashboard for those metrics.
nobase_dist_doc_DATA += docs/grafana/saslauthd.json

# For who sets up a mail server, and for who looks for a mistake.
nobase_dist_doc_DATA += docs/cyrus-imap.md docs/exim.md docs/openldap.md \
	docs/postfix.md docs/sendmail.md docs/troubleshooting.md

# In Japanese, and the README's picture.
nobase_dist_doc_DATA += docs/ja/README.md docs/ja/postfix.md \
	docs/ja/sendmail.md docs/watch.svg

# For those who read the log.
nobase_dist_doc_DATA += docs/log.schema.json docs/watchers.md \
	docs/migration.md \
	docs/fail2ban/filter.d/exim.local \
	docs/fail2ban/filter.d/postfix.local \
	docs/fail2ban/filter.d/saslauthd.conf \
	docs/fail2ban/filter.d/sendmail-auth.local \
	docs/fail2ban/jail.d/saslauthd.conf \
	docs/logwatch/conf/services/saslauthd.conf \
	docs/logwatch/scripts/shared/saslauthdlines
