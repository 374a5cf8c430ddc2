# files of tests/guides: run by scripts/check, with pytest.
EXTRA_DIST += \
	tests/guides/conftest.py tests/guides/guide_machine.py \
	tests/guides/guide_page.py tests/guides/outcomes.py \
	tests/guides/source_lines.py tests/guides/test_imap_guide.py \
	tests/guides/test_ldap_guide.py tests/guides/test_smtp_guides.py \
	tests/guides/test_troubleshooting.py
