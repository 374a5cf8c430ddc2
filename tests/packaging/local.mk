# files of tests/packaging
EXTRA_DIST += tests/packaging/conftest.py \
	tests/packaging/packaging_users.py \
	tests/packaging/test_other_systems.py \
	tests/packaging/test_policies.py tests/packaging/test_scripts.py \
	tests/packaging/test_systemd.py tests/packaging/test_sysv.py

# The packages of Debian, and RPM's.
EXTRA_DIST += tests/packaging/debs.py tests/packaging/machine.py \
	tests/packaging/test_deb.py tests/packaging/test_deb_swap.py \
	tests/packaging/test_debian_files.py \
	tests/packaging/test_debian_units.py tests/packaging/test_rpm.py
