# SPDX-License-Identifier: BSD-2-Clause
"""The example of a jail."""

import pytest

import watching


@pytest.mark.skipif(watching.obstacle("fail2ban-client") is not None,
                    reason=str(watching.obstacle("fail2ban-client")))
def test_jail_uses_the_filter(fail2ban):
    commands = fail2ban.server_commands()
    assert "['add', 'saslauthd', " in commands
    assert "'saslauthd', 'addfailregex', ['^" in commands
    assert "['start', 'saslauthd']" in commands
