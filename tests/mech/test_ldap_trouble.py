# SPDX-License-Identifier: BSD-2-Clause
"""mech_ldap at servers that hang, lie, break off or are gone: nobody is let
in by it, nothing lasts longer than it may, and another server takes over."""

import time

import pytest

import dns_script
from drive import Drive
from lib import ldap_script as script
from lib import built_with, slapd, wait_until
from lib.ldap_script import ScriptedServer

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(not built_with("LDAP"), reason="ldap is not built"),
]

FIRST, SECOND = "127.0.0.21", "127.0.0.22"
JOE = ("joe", script.PASSWORD)
WRONG = ("joe", "wrong")

OK = ("ok", "none")
DOWN = ("tempfail", "backend_down")
BROKEN = ("tempfail", "backend_error")
BAD_PASSWORD = ("denied", "bad_password")
CONFIG = ("misconfig", "config")

# What a request may take beyond the limits it is under.
SLACK_SEC = 1.0
OTHERS_SEC = 3.0	# while another server could be asked


def settings(*servers, **more):
    values = {
        "ldap_servers": " ".join(getattr(s, "uri", s) for s in servers),
        "ldap_search_base": script.SUFFIX,
        "ldap_bind_dn": script.SERVICE_DN,
        "ldap_password": script.SERVICE_PASSWORD,
        "ldap_timeout": 1,
        "ldap_connect_timeout": 1,
        **more}
    return [f"{key}={value}" for key, value in values.items()]


@pytest.fixture(name="server")
def fixture_server():
    with ScriptedServer(FIRST) as server:
        yield server


@pytest.fixture(name="drive")
def fixture_drive(server):
    with Drive("ldap", *settings(server)) as drive:
        yield drive


def start_afresh(server, drive):
    """The worker's start is over, which connects, too; what it has made is
    gone."""
    assert drive.verdict(*JOE) == OK
    server.drop_all()
    server.asked.clear()


@pytest.fixture(name="second")
def fixture_second():
    with ScriptedServer(SECOND) as server:
        yield server


def timed(drive, *request):
    """((result, reason), seconds)"""
    began = time.monotonic()
    verdict = drive.verdict(*request)
    return verdict, time.monotonic() - began


def test_a_good_server(server, drive):
    """So that the others show what they are there to show."""
    assert drive.verdict(*JOE) == OK
    assert drive.verdict(*WRONG) == BAD_PASSWORD
    assert drive.verdict(*JOE) == OK
    assert server.asked["service"] == 1
    assert server.asked["bind"] == server.asked["search"] == 3
    assert len(server.connections) == 2


STEPS = ["service", "search", "bind"]

# None of them is an answer. Whether it ends at once or by ldap_timeout.
NO_ANSWER = {
    "silent": (script.silent, True),
    "cut": (script.cut(5), True),
    "cut in the tag": (script.cut(1), True),
    "cut and gone": (script.cut(9, script.disconnect), False),
    "disconnect": (script.disconnect, False),
    "too slow": (script.drip(200), True),
    "too late": (script.late(1500), True),
    "garbage": (script.garbage(), None),
    "zeros": (script.garbage(bytes(64)), None),
    "random": (script.garbage(bytes(range(255, 191, -1))), None),
    "empty message": (script.garbage(b"\x30\x00"), None),
    "endless message": (script.garbage(b"\x30\x84\x7f\xff\xff\xff\x02"),
                        None),
    "no length": (script.garbage(b"\x30\x80\x02\x01\x02\x00\x00"), None),
    "answer to the one before": (script.other_id(-1), True),
    "answer to the next one": (script.other_id(1), True),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("case", NO_ANSWER)
def test_no_answer(server, drive, step, case):
    verb, waits = NO_ANSWER[case]
    start_afresh(server, drive)
    server.always(step, verb)
    verdict, seconds = timed(drive, *JOE)
    assert verdict in (DOWN, BROKEN)
    if waits is not None:
        assert (seconds >= 0.9) == waits
    assert seconds < 1 + SLACK_SEC
    # And nothing of it stays for the next one.
    server.always(step, script.good)
    assert drive.verdict(*WRONG) == BAD_PASSWORD
    assert drive.verdict(*JOE) == OK


def test_slow_but_in_time(server, drive):
    for step in STEPS:
        server.always(step, script.drip(4))
    assert drive.verdict(*JOE) == OK
    assert drive.verdict(*WRONG) == BAD_PASSWORD


def test_a_late_success_is_nobody_elses(server, drive):
    assert drive.verdict(*JOE) == OK
    server.next("bind", script.late(1200))
    assert drive.verdict(*JOE) == DOWN
    time.sleep(0.5)	# now it is on its way, to whoever listens
    assert drive.verdict(*WRONG) == BAD_PASSWORD


def success_for(*message_ids):
    return b"".join(script.message(number, script.result(
        script.BIND_RESPONSE, 0)) for number in message_ids)


def test_an_answer_before_the_question(server):
    server.greeting = success_for(*range(1, 20))
    with Drive("ldap", *settings(server)) as drive:
        for _ in range(3):
            assert drive.verdict(*WRONG)[0] != "ok"


def test_an_answer_between_two_requests(server, drive):
    assert drive.verdict(*JOE) == OK
    server.send_all(success_for(*range(1, 20)))
    for _ in range(3):
        assert drive.verdict(*WRONG)[0] != "ok"
    assert drive.verdict(*JOE) == OK


# In one segment, so that it is read together with the answer.
def test_an_answer_behind_the_answer(server, drive):
    server.always("bind", lambda connection, request: connection.send(
        b"".join(request.answers()) + success_for(request.message_id + 1)))
    for _ in range(3):
        assert drive.verdict(*WRONG) == BAD_PASSWORD
    assert len(server.connections) == 4	# the service account's is kept


# A kept connection that the server has dropped.
def test_dropped_between_two_requests(server, drive):
    assert drive.verdict(*JOE) == OK
    server.drop_all()
    assert drive.verdict(*JOE) == OK
    assert len(server.connections) == 4
    assert server.asked["bind"] == 2


@pytest.fixture(name="warned_drive")
def fixture_warned_drive(server):
    """libldap 2.5 itself loses 138 bytes with a Notice of Disconnection."""
    with Drive("ldap", *settings(server), environment={
            "ASAN_OPTIONS": "detect_leaks=0"}) as drive:
        yield drive


def test_warned_between_two_requests(server, warned_drive):
    assert warned_drive.verdict(*JOE) == OK
    server.send_all(script.notice())
    assert warned_drive.verdict(*JOE) == OK
    assert len(server.connections) == 4
    assert server.asked["bind"] == 2


@pytest.mark.parametrize("step", STEPS)
def test_warned_instead_of_an_answer(server, warned_drive, step):
    start_afresh(server, warned_drive)
    server.next(step, script.going_down)
    verdict, seconds = timed(warned_drive, *JOE)
    assert verdict == DOWN
    assert seconds < SLACK_SEC
    assert warned_drive.verdict(*WRONG) == BAD_PASSWORD
    assert warned_drive.verdict(*JOE) == OK


@pytest.mark.parametrize("step", ["search", "bind"])
def test_dropped_while_asked(server, drive, step):
    """A kept one is reopened once, a fresh one never."""
    start_afresh(server, drive)
    server.next(step, script.disconnect)
    assert drive.verdict(*JOE) == DOWN
    assert server.asked[step] == 1
    assert drive.verdict(*JOE) == OK
    server.next(step, script.disconnect)
    assert drive.verdict(*JOE) == OK
    assert server.asked[step] == 4
    server.next(step, script.disconnect, script.disconnect)
    assert drive.verdict(*JOE) == DOWN
    assert server.asked[step] == 6


def test_a_bind_that_timed_out_is_not_repeated(server, drive):
    """It may count as a try."""
    assert drive.verdict(*JOE) == OK
    server.next("bind", script.silent)
    assert drive.verdict(*JOE) == DOWN
    assert server.asked["bind"] == 2


def test_identity_lost(server, drive):
    """Active Directory's way of dropping a session."""
    assert drive.verdict(*JOE) == OK
    server.next("search", script.code(1, "a successful bind must be "
                                      "completed on the connection"))
    assert drive.verdict(*JOE) == OK
    assert server.asked["service"] == 2


def test_no_referral_is_followed(server, second, drive):
    for step in STEPS:
        start_afresh(server, drive)
        server.next(step, script.referral(second.uri))
        assert drive.verdict(*WRONG) == CONFIG
        assert drive.verdict(*JOE) == OK
    assert not second.connections


def test_referrals_on_request(server, second):
    """Searches follow them; nobody's password does."""
    server.always("search", script.referral(
        f"{second.uri}{script.SUFFIX}"))
    server.next("bind", script.referral(second.uri))
    with Drive("ldap", *settings(server, ldap_referrals="yes")) as drive:
        assert drive.verdict(*JOE) == CONFIG
        assert drive.verdict(*JOE) == OK
        assert second.asked["search"] >= 1
        # It is not among ldap_servers, and learns no name either.
        assert set(second.binds) == {""}


def test_what_the_server_says_is_harmless(server, drive):
    server.next("bind", script.code(80, "a\tb\nc\x1b[2J\x00d\x7f"))
    detail = drive.ask(*JOE).detail
    assert "a" in detail and detail.isprintable()
    server.next("bind", script.code(80, "x" * 100000))
    assert 50 < len(drive.ask(*JOE).detail) < 256
    server.next("bind", script.code(49, f"not {JOE[1]}, is it?"))
    answer = drive.ask(*JOE)
    assert answer.reason == "bad_password" and JOE[1] not in answer.detail


# Several servers.
HANGING = {
    "no connection": lambda s: s.start_hanging(),
    "no word": lambda s: s.start_silent(),
    "no answer to the service account":
        lambda s: s.start().always("service", script.silent),
    "no answer to a search":
        lambda s: s.start().always("search", script.silent),
    "no answer to a user":
        lambda s: s.start().always("bind", script.silent),
}


@pytest.mark.parametrize("case", HANGING)
def test_a_hanging_server_costs_one_request(second, case):
    first = ScriptedServer(FIRST)
    HANGING[case](first)
    try:
        with Drive("ldap", *settings(
                first, second, ldap_timeout=5,
                ldap_connect_timeout=2)) as drive:
            # A worker's start finds it out, if it gets so far.
            answers = [timed(drive, *JOE) for _ in range(4)]
            assert [verdict for verdict, _ in answers] == [OK] * 4
            assert answers[0][1] < OTHERS_SEC + 2.5
            assert max(seconds for _, seconds in answers[1:]) < SLACK_SEC
            assert drive.parts()[second.uri] == "up"
            assert drive.parts()[first.uri].startswith("down ")
    finally:
        first.stop()


@pytest.mark.parametrize("step", STEPS)
def test_the_first_hangs_later(server, second, step):
    """In the midst of its work, as most of them do."""
    with Drive("ldap", *settings(server, second, ldap_timeout=5)) as drive:
        assert drive.verdict(*JOE) == OK
        server.always(step, script.silent)
        if step == "service":
            server.drop_all()
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK
        assert seconds < OTHERS_SEC
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK
        assert seconds < SLACK_SEC
        assert second.asked["bind"] == 2


def test_the_first_one_returns(server, second):
    with Drive("ldap", *settings(server, second)) as drive:
        assert drive.verdict(*JOE) == OK
        server.stop()
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK
        assert seconds < SLACK_SEC
        server.start()
        # Not at once: nobody asks it before its back-off is over.
        wait = drive.idle()
        assert 0 < wait <= 5000
        assert drive.verdict(*JOE) == OK
        assert second.asked["bind"] == 2
        time.sleep(wait / 1000 + 0.01)
        drive.idle()
        assert drive.parts() == {server.uri: "up", second.uri: "up"}
        assert drive.verdict(*JOE) == OK
        assert server.asked["bind"] == 2 and second.asked["bind"] == 2


def test_a_busy_server_is_not_down(server, second):
    with Drive("ldap", *settings(server, second)) as drive:
        server.next("bind", script.code(51))
        assert drive.verdict(*JOE) == OK
        assert second.asked["bind"] == 1
        assert drive.parts()[server.uri] == "up"
        assert drive.verdict(*JOE) == OK
        assert server.asked["bind"] == 2


def test_a_denial_is_not_asked_for_twice(server, second):
    with Drive("ldap", *settings(server, second)) as drive:
        assert drive.verdict(*WRONG) == BAD_PASSWORD
        assert not second.connections


def test_all_are_down(server, second):
    with Drive("ldap", *settings(server, second)) as drive:
        server.stop()
        second.stop()
        for _ in range(3):
            verdict, seconds = timed(drive, *JOE)
            assert verdict == DOWN
            assert seconds < SLACK_SEC
        # The last resort finds the one that is back, without a probe.
        second.start()
        assert drive.verdict(*JOE) == OK
        assert drive.parts()[second.uri] == "up"


@pytest.mark.skipif(slapd.obstacle() is not None, reason=slapd.obstacle()
                    or "")
def test_a_real_server_that_is_stopped(shared_dir, second):
    with slapd.Slapd(shared_dir, address="127.0.0.23") as real:
        with Drive("ldap", *settings(real, second, ldap_timeout=5)) as drive:
            assert drive.verdict(*JOE) == OK
            real.pause()
            verdict, seconds = timed(drive, *JOE)
            assert verdict == OK
            assert seconds < OTHERS_SEC
            verdict, seconds = timed(drive, *JOE)
            assert verdict == OK
            assert seconds < SLACK_SEC
            real.resume()
            time.sleep(drive.idle() / 1000 + 0.01)
            drive.idle()
            assert drive.parts()[real.uri] == "up"
            assert drive.verdict(*JOE) == OK
            assert second.asked["bind"] == 2


# A whole daemon: what one worker learns, all know.
def configuration(open_dir, *servers, **more):
    path = open_dir / "saslauthd.conf"
    path.write_text("".join(line.replace("=", ": ", 1) + "\n" for line in
                            settings(*servers, **more)))
    path.chmod(0o600)
    return path


def test_the_workers_tell_each_other(start_daemon, open_dir, second):
    first = ScriptedServer(FIRST).start_silent()
    try:
        daemon = start_daemon("-a", "ldap", "-n", "4", "-O", configuration(
            open_dir, first, second, ldap_timeout=5))
        time.sleep(OTHERS_SEC)	# every worker's start is over
        for _ in range(8):
            began = time.monotonic()
            assert daemon.ask(*JOE).startswith(b"OK")
            assert time.monotonic() - began < SLACK_SEC
    finally:
        first.stop()


def test_the_workers_go_back(start_daemon, open_dir, server, second):
    """One of them, idle, finds out that the first one is there again."""
    daemon = start_daemon("-a", "ldap", "-n", "4", "-O", configuration(
        open_dir, server, second))
    assert daemon.ask(*JOE).startswith(b"OK")
    server.stop()
    assert daemon.ask(*JOE).startswith(b"OK")
    assert second.asked["bind"] == 1
    server.start()
    wait_until(lambda: server.asked["root"], 40, "a probe")
    assert server.asked["root"] == 1
    for _ in range(8):
        assert daemon.ask(*JOE).startswith(b"OK")
    assert server.asked["bind"] == 9 and second.asked["bind"] == 1


def started(start_daemon, path):
    """(daemon, seconds that its start took)"""
    began = time.monotonic()
    daemon = start_daemon("-a", "ldap", "-n", "2", "-O", path)
    return daemon, time.monotonic() - began


@pytest.mark.parametrize("kind", ["refusing", "silent", "hanging"])
def test_dead_at_boot(start_daemon, open_dir, second, kind):
    """The start waits for no server, and the first that lives is used."""
    server = ScriptedServer(FIRST)
    if kind != "refusing":
        getattr(server, f"start_{kind}")()
    try:
        _, usual_sec = started(start_daemon, configuration(
            open_dir, second))
        daemon, seconds = started(start_daemon, configuration(
            open_dir, server, ldap_connect_timeout=20, ldap_timeout=20))
        assert seconds < usual_sec + SLACK_SEC
        server.stop()
        server.start()
        deadline = time.monotonic() + 10
        while not daemon.ask(*JOE).startswith(b"OK"):
            assert time.monotonic() < deadline
    finally:
        server.stop()


# Servers from DNS.
DOMAIN = "ldap:///dc=example,dc=org"


@pytest.fixture(name="dns")
def fixture_dns():
    with dns_script.Resolver() as resolver:
        yield resolver


def test_servers_of_a_domain(dns, server, second):
    dns.servers = [(20, 0, 389, SECOND), (10, 0, 389, FIRST)]
    with Drive("ldap", *settings(DOMAIN)) as drive:
        assert drive.verdict(*JOE) == OK
        assert server.asked["bind"] == 1
        server.stop()
        assert drive.verdict(*JOE) == OK
        assert second.asked["bind"] == 1
        # Their time to live is not over.
        assert dns.asked == ["_ldap._tcp.example.org"]
        assert drive.parts() == {
            f"ldap://{FIRST}:389/": drive.parts()[f"ldap://{FIRST}:389/"],
            f"ldap://{SECOND}:389/": "up"}


def test_a_domain_beside_a_server(dns, server, second):
    dns.servers = [(0, 0, 389, SECOND)]
    with Drive("ldap", *settings(server, DOMAIN)) as drive:
        assert drive.verdict(*JOE) == OK
        assert server.asked["bind"] == 1
        server.stop()
        assert drive.verdict(*JOE) == OK
        assert second.asked["bind"] == 1


@pytest.mark.parametrize("kind", ["silent", "empty", "garbage"])
def test_dns_does_not_tell(dns, server, kind):
    dns.servers = None if kind == "silent" else []
    dns.garbage = kind == "garbage"
    with Drive("ldap", *settings(DOMAIN)) as drive:
        verdict, seconds = timed(drive, *JOE)
        assert verdict == DOWN
        # A worker's start and its first request may both ask.
        assert seconds < 2 * 2 + SLACK_SEC
        detail = drive.ask(*JOE).detail
        assert "_ldap._tcp.example.org" in detail
        assert not server.connections


def test_dns_is_gone_later(dns, server, second):
    dns.servers = [(0, 0, 389, FIRST)]
    with Drive("ldap", *settings(DOMAIN, second)) as drive:
        assert drive.verdict(*JOE) == OK
        dns.servers = None
        server.drop_all()
        assert drive.verdict(*JOE) == OK
        assert server.asked["bind"] == 2
