# SPDX-License-Identifier: BSD-2-Clause
"""All that a daemon writes in a day, read by fail2ban, logwatch and a JSON
reader, each with what is in docs/."""

import collections
import json
import re

import pytest

import watching
from day import INNOCENT, Day, bare, live
from lib import SOURCE_DIR, users, wire

pytestmark = pytest.mark.needs_root

ATTEMPT = re.compile(r"do_auth {9}: ")


JSON_DAYS = [("json", "enforce"), ("json", "observe")]
DAYS = [("classic", "enforce"), ("extended", "observe")] + JSON_DAYS


@pytest.fixture(scope="module", params=DAYS, ids="-".join)
def day(request, syslog, start_shared_daemon):
    return live(Day(syslog, *request.param), start_shared_daemon)


def needs(program):
    why = watching.obstacle(program)
    return pytest.mark.skipif(why is not None, reason=str(why))


@needs("fail2ban-regex")
@pytest.mark.parametrize("iso", [False, True], ids=["traditional", "iso"])
def test_fail2ban_bans_who_guesses(day, fail2ban, iso):
    lines = watching.filed(day.lines(), iso)
    found = fail2ban.addresses("saslauthd", lines)
    assert INNOCENT not in found
    assert collections.Counter(found) == \
        collections.Counter(map(bare, day.guesses))
    # Not the lines beside them: what a limit saw, or did.
    for line in fail2ban.matched("saslauthd", lines):
        assert re.search(r'do_auth {9}: (auth failure: |{"result":"denied")',
                         line), line


@needs("logwatch")
def test_logwatch_knows_every_line(day, tmp_path):
    report = watching.Logwatch(tmp_path, True).report(
        watching.filed(day.lines()))
    assert report.unmatched == [], report.text
    assert report.failed == day.failed, report.text
    assert sum(report.users.values()) == day.failed
    assert report.number("Startups") == day.starts
    assert report.number("Shutdowns") == day.starts
    assert report.told("backend shadow down: no_access") == 1
    assert report.told("backend shadow up after") == 1
    assert report.told("the front ended unexpectedly") == 1
    assert report.told("worker of shadow was replaced") == 1
    assert report.told("NULL login received") == 1
    assert report.told("joe - no_access: ") == day.graces
    by_limit = sum(count for who, count in report.users.items()
                   if who.startswith("victim - limit_identity from "))
    observed = report.told("victim - limit_identity from ")
    assert (by_limit, observed) == ((day.limited, 0) if
                                    day.limits == "enforce" else
                                    (0, day.limited))
    stale = [who for who in report.users
             if re.match(r"joe - bad_password from [0-9a-f.:]+$", who)]
    assert len(stale) == 5, report.text


def read_schema():
    return json.loads((SOURCE_DIR / "docs" / "log.schema.json").read_text())


def attempts(lines):
    """What a JSON reader makes of them, each as documented."""
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator
    validator.check_schema(read_schema())
    found = [json.loads(ATTEMPT.sub("", line.text)) for line in lines
             if ATTEMPT.match(line.text)]
    for attempt in found:
        validator(read_schema()).validate(attempt)
        assert attempt["cached"] == \
            (attempt["source"] in ("cached", "grace")), attempt
    return found


@pytest.mark.parametrize("day", JSON_DAYS, ids="-".join, indirect=True)
def test_json_is_as_documented(day):
    found = attempts(day.lines())
    # All of them were there to be looked at.
    results, sources = {"ok", "denied", "tempfail"}, \
        {"backend", "joined", "cached", "grace", "limited"}
    if day.limits == "observe":
        results.add("observed")
    assert {a["result"] for a in found} == results
    assert {a["source"] for a in found} == sources
    # An attempt has one line, and an observed one that does not count.
    assert len([a for a in found if a["result"] not in
                ("ok", "observed")]) == day.failed


def test_misconfiguration(syslog, start_daemon, tmp_path):
    """PAM speaks up, too, with our name."""
    users.pam_service("broken", "auth required no_such_module.so")
    mark = syslog.mark()
    daemon = start_daemon("-a", "pam", "--set", "log_format=json")
    assert daemon.ask("joe", "secret", service="broken",
                      address="192.0.2.1") == wire.OUTAGE
    daemon.stop()
    syslog.mark()
    lines = syslog.since(mark)
    assert [a["result"] for a in attempts(lines)] == ["misconfig"]
    assert any(line.text.startswith("PAM ") for line in lines)
    if watching.obstacle("logwatch") is None:
        report = watching.Logwatch(tmp_path, True).report(
            watching.filed(lines))
        assert report.unmatched == [], report.text
        assert report.failed == 1
        assert report.told("PAM unable to dlopen") >= 1


def test_schema_knows_every_word():
    """And explains every member."""
    schema = read_schema()
    members = schema["properties"]
    assert all(member["description"] for member in members.values())
    assert set(schema["required"]) == set(members)
    assert schema["additionalProperties"] is False

    def words(path):
        text = (SOURCE_DIR / path).read_text()
        return set(re.findall(r'return "([a-z_]+)"', text))

    known = words("common/result.c") - {"invalid"}
    assert set(members["reason"]["enum"]) | \
        set(members["result"]["enum"]) == known | {"", "observed"}
    assert set(members["source"]["enum"]) == \
        words("front/answer.c") - {"unknown"}
