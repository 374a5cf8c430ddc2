# files of tests/watchers: run by scripts/check, with pytest.
EXTRA_DIST += \
	tests/watchers/conftest.py tests/watchers/day.py \
	tests/watchers/mail_servers.py tests/watchers/test_jail.py \
	tests/watchers/test_mail_servers.py tests/watchers/test_stock.py \
	tests/watchers/test_whole_day.py tests/watchers/watching.py
