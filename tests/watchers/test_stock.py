# SPDX-License-Identifier: BSD-2-Clause
"""logwatch as it comes, over a daemon whose clients tell no addresses: it
counts every failure, as it did with the classic daemon."""

import pytest

import watching
from day import HOSTILE, Day, make_accounts

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(watching.obstacle("logwatch") is not None,
                       reason=str(watching.obstacle("logwatch"))),
]


@pytest.fixture(scope="module")
def report(syslog, start_shared_daemon, tmp_path_factory):
    make_accounts()
    day = Day(syslog, "classic", "off", addresses=False)
    day.start(start_shared_daemon, "-a", "shadow")
    day.successes()
    day.failures()
    day.hostile()
    day.stop()
    found = watching.Logwatch(tmp_path_factory.mktemp("logwatch"),
                              False).report(watching.filed(day.lines()))
    found.day = day
    return found


def test_every_failure_is_counted(report):
    assert report.failed == report.day.failed, report.text
    assert sum(report.users.values()) == report.day.failed
    assert report.number("Startups") == report.number("Shutdowns") == 1


def test_none_is_unmatched(report):
    # The start may have had a word to say about the user of the front.
    assert all(line.strip().startswith("keeper ")
               for line in report.unmatched), report.text


def test_under_its_own_name(report):
    assert report.users["joe - bad_password"] == 3
    assert report.users["nobody-here - no_such_user"] == 1
    assert report.users["two words - no_such_user"] == 1
    # Hostile names are as login once, else the login is ours.
    for number in range(len(HOSTILE)):
        assert report.users[f"service{number} - no_such_user"] == 1
        assert report.users[f"realm{number} - no_such_user"] == 1
