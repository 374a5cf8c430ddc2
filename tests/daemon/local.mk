# The daemon suites: run by scripts/check, with pytest.
EXTRA_DIST += \
	tests/daemon/asking.py tests/daemon/conftest.py \
	tests/daemon/daemon_users.py tests/daemon/databases.py \
	tests/daemon/fake_pool.py \
	tests/daemon/test_backend.py tests/daemon/test_cli.py \
	tests/daemon/test_config_command.py \
	tests/daemon/test_control.py tests/daemon/test_doors.py \
	tests/daemon/test_explain.py \
	tests/daemon/test_instances.py tests/daemon/test_listeners.py \
	tests/daemon/test_messages.py tests/daemon/test_notify.py \
	tests/daemon/test_process.py tests/daemon/test_routes.py \
	tests/daemon/test_protocol.py tests/daemon/test_reload.py \
	tests/daemon/test_sandbox.py \
	tests/daemon/test_several_backends.py \
	tests/daemon/test_signals.py \
	tests/daemon/test_surroundings.py tests/daemon/test_syslog.py

# The walls in source and link lists, and the long tier's soak.
EXTRA_DIST += tests/daemon/test_layers.py tests/daemon/test_links.py \
	tests/daemon/test_soak.py

# The manual pages against the source, and their examples.
EXTRA_DIST += tests/daemon/manuals.py tests/daemon/test_manuals.py \
	tests/daemon/test_manual_examples.py tests/daemon/test_manual_pages.py

# Troubleshooting: what PAM itself says.
EXTRA_DIST += tests/daemon/test_pam_lines.py

# The ldap mechanism: its settings, files and servers.
EXTRA_DIST += tests/daemon/ldap_files.py tests/daemon/test_ldap_daemon.py \
	tests/daemon/test_ldap_settings.py \
	tests/daemon/test_ldap_servers.py

# The metrics, with their manual page and dashboard.
EXTRA_DIST += tests/daemon/test_metrics.py

# Settings of the radius mechanism.
EXTRA_DIST += tests/daemon/test_radius_settings.py

# The README, what it leads to, and the Japanese pages.
EXTRA_DIST += tests/daemon/markdown_page.py tests/daemon/test_readme.py \
	tests/daemon/test_translations.py
