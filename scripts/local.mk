# files of scripts, and of the pytest suites what they share
EXTRA_DIST += \
	scripts/build \
	scripts/check \
	scripts/check-part \
	scripts/debian-root \
	scripts/demo \
	scripts/junit.py \
	scripts/lib.sh \
	scripts/setup \
	scripts/watch_picture.py \
	tests/conftest.py \
	tests/pytest.ini \
	tests/lib/__init__.py \
	tests/lib/booted.py \
	tests/lib/control.py \
	tests/lib/daemon.py \
	tests/lib/isolation.py \
	tests/lib/postfix.py \
	tests/lib/promql.py \
	tests/lib/syslogd.py \
	tests/lib/users.py \
	tests/lib/wire.py

# Directory servers, for the tests of ldap.
EXTRA_DIST += \
	tests/lib/ldap_script.py \
	tests/lib/slapd.py \
	tests/lib/slow_relay.py

# RADIUS servers.
EXTRA_DIST += \
	tests/lib/freeradius.py \
	tests/lib/radius_script.py
