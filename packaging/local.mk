# files of packaging: examples, for who makes a package of this
nobase_dist_doc_DATA += \
	packaging/README.md \
	packaging/apparmor/usr.sbin.saslauthd \
	packaging/freebsd/saslauthd \
	packaging/openrc/saslauthd.confd \
	packaging/openrc/saslauthd.initd \
	packaging/redhat/saslauthd.sysconfig \
	packaging/selinux/saslauthd.fc \
	packaging/selinux/saslauthd.if \
	packaging/selinux/saslauthd.te \
	packaging/solaris/saslauthd \
	packaging/solaris/saslauthd.xml \
	packaging/systemd/saslauthd.service \
	packaging/systemd/saslauthd.service.d/ldap-radius.conf \
	packaging/systemd/saslauthd.socket \
	packaging/sysusers.d/saslauthd.conf \
	packaging/sysv/saslauthd \
	packaging/tmpfiles.d/saslauthd.conf

# Packages are made of a release, too.
EXTRA_DIST += packaging/rpm/saslauthd.spec \
	debian/changelog debian/clean debian/control debian/copyright \
	debian/rules debian/sasl2-userdb-tools.install \
	debian/saslauthd.README.Debian debian/saslauthd.defaults \
	debian/saslauthd.examples debian/saslauthd.install \
	debian/saslauthd.lintian-overrides debian/saslauthd.postinst \
	debian/saslauthd.postrm debian/saslauthd.preinst \
	debian/saslauthd.prerm debian/saslauthd.service \
	debian/saslauthd.triggers debian/saslauthd@.service \
	debian/saslauthd-instances debian/saslauthd-ldap.install \
	debian/saslauthd-radius.install debian/saslauthd-sasldb.install \
	debian/source/format
