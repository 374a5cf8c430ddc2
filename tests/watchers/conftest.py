# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures the suites about log watchers share."""

import pytest

import watching
from lib import isolation


@pytest.fixture(scope="session", autouse=True)
def log_server(request):
    """Before the first daemon, so that no line of it is lost."""
    if isolation.isolated():
        request.getfixturevalue("syslog")


@pytest.fixture(scope="session")
def fail2ban(tmp_path_factory):
    """With docs/fail2ban."""
    return watching.Fail2ban(tmp_path_factory.mktemp("fail2ban"), True)


@pytest.fixture(scope="session")
def stock_fail2ban(tmp_path_factory):
    return watching.Fail2ban(tmp_path_factory.mktemp("fail2ban"), False)
