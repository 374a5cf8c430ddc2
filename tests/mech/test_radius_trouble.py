# SPDX-License-Identifier: BSD-2-Clause
"""mech_radius at servers that hang, lie or are gone, and between strangers
who send answers of their own: nobody is let in by it, nothing lasts longer
than it may, and another server takes over."""

import collections
import ctypes
import pathlib
import socket
import struct
import threading
import time

import dns_script
import pytest

from drive import Drive
from lib import radius_script as script
from lib import slapd, wait_until
from lib.radius_script import ScriptedServer, ScriptedTlsServer

pytestmark = pytest.mark.needs_root

FIRST, SECOND = "127.0.0.71", "127.0.0.72"
JOE = ("joe", script.PASSWORD)
WRONG = ("joe", "wrong")

OK = ("ok", "none")
BAD_PASSWORD = ("denied", "bad_password")
EXTRA_QUESTION = ("denied", "extra_question")
DOWN = ("tempfail", "backend_down")
NOT_SIGNED = ("tempfail", "no_message_authenticator")

TRY_SEC = 1.0
JITTER = 0.1
SLACK_SEC = 1.5
AT_ONCE_SEC = 0.7               # less than a try

SO_ATTACH_FILTER = 26	# socket(7); Python has no name for it


def settings(*servers, **more):
    values = {
        "radius_servers": " ".join(s.name for s in servers),
        "radius_secret": script.SECRET,
        "radius_timeout": int(TRY_SEC), "radius_retries": 0, **more}
    return [f"{key}={value}" for key, value in values.items()]


@pytest.fixture(name="server")
def fixture_server():
    with ScriptedServer(FIRST) as server:
        yield server


@pytest.fixture(name="second")
def fixture_second():
    with ScriptedServer(SECOND) as server:
        yield server


@pytest.fixture(name="drive")
def fixture_drive(server):
    with Drive("radius", *settings(server)) as drive:
        yield drive


def timed(drive, *request):
    """((result, reason), seconds)"""
    began = time.monotonic()
    verdict = drive.verdict(*request)
    return verdict, time.monotonic() - began


# What is asked.

def test_a_request(server):
    with Drive("radius", *settings(
            server, radius_user_name="%U@%r", radius_nas_identifier="mx1",
            radius_nas_ip_address="192.0.2.7",
            radius_nas_ipv6_address="2001:db8::7",
            radius_nas_port_type="xDSL", radius_service_type="1",
            radius_called_station_id="%s 100%%")) as drive:
        assert drive.verdict("joe@x", script.PASSWORD, service="imap",
                             realm="example.org",
                             address="192.0.2.1;4711") == OK
    request, = server.requests
    assert request.signed()
    assert request.password() == script.PASSWORD.encode()
    wanted = {
        1: b"joe@example.org", 4: bytes([192, 0, 2, 7]),
        6: bytes([0, 0, 0, 1]), 30: b"imap 100%", 31: b"192.0.2.1",
        32: b"mx1", 61: bytes([0, 0, 0, 16]),
        95: bytes.fromhex("20010db8000000000000000000000007")}
    assert {kind: request.value(kind) for kind in wanted} == wanted
    assert len(request.attributes) == len(wanted) + 2


def test_a_plain_request(server, drive):
    """Of the defaults; what comes to nothing is not sent."""
    assert drive.verdict(*JOE) == OK
    request, = server.requests
    assert [kind for kind, _ in request.attributes] == \
        [script.SIGNATURE, script.USER_NAME, script.USER_PASSWORD, 32, 61, 6]


def test_a_host_whose_name_looks_like_bytes(server):
    was = socket.gethostname()
    socket.sethostname("0xmail")
    try:
        with Drive("radius", *settings(server)) as drive:
            assert drive.verdict(*JOE) == OK
    finally:
        socket.sethostname(was)
    assert server.requests[0].value(32) == b"0xmail"


def test_more_attributes(server):
    with Drive("radius", *settings(server), *(
            f"radius_attribute={text}" for text in
            ("Connect-Info = %s of %d", "NAS-Port=7", "26.9.1=shell:%u",
             "mikrotik-realm=%r", "25=0x00ff7f"))) as drive:
        assert drive.verdict(*JOE, service="smtp", realm="a.org") == OK
    request, = server.requests
    assert request.value(77) == b"smtp of a.org"
    assert request.value(5) == bytes([0, 0, 0, 7])
    assert request.value(25) == b"\x00\xff\x7f"
    assert [value for kind, value in request.attributes if kind == 26] == [
        bytes([0, 0, 0, 9, 1, 11]) + b"shell:joe",
        (14988).to_bytes(4, "big") + bytes([9, 7]) + b"a.org"]


TOKENS = [
    ("%u", "joe@x.org"), ("%U", "joe"), ("%d", "x.org"), ("%r", "realm"),
    ("%s", "smtp"), ("%a", "2001:db8::1"), ("%%u", "%u"),
    ("%u@%r", "joe@x.org@realm"), ("<%U>", "<joe>")]


@pytest.mark.parametrize("template, expected", TOKENS)
def test_tokens(server, template, expected):
    with Drive("radius", *settings(server, radius_user_name=template)) \
            as drive:
        drive.ask("joe@x.org", "x", realm="realm", address="2001:db8::1;25")
    assert server.requests[0].value(1) == expected.encode()


@pytest.mark.parametrize("login, expected", [
    ("joe", b"realm"), ("joe@", b"realm"), ("joe@a@b", b"a@b")])
def test_the_domain(server, login, expected):
    with Drive("radius", *settings(server, radius_user_name="%d")) as drive:
        drive.ask(login, "x", realm="realm")
    assert server.requests[0].value(1) == expected


def test_a_name_of_nothing_or_too_much(server):
    with Drive("radius", *settings(server, radius_user_name="%d",
                                   radius_attribute="77=%s%s")) as drive:
        assert drive.verdict(*JOE) == ("denied", "no_such_user")
        assert drive.verdict("joe", "x", realm="r" * 254) == \
            ("denied", "no_such_user")
        assert drive.verdict("joe", "x", realm="r", service="s" * 127) == \
            ("denied", "no_such_user")
        assert not server.requests
        assert drive.verdict("joe", "x", realm="r" * 253) == BAD_PASSWORD


def test_nothing_is_used_twice(server, drive):
    """Identifier, authenticator and port are drawn at random."""
    for _ in range(40):
        assert drive.verdict(*JOE) == OK
    asked = server.requests
    assert len({request.authenticator for request in asked}) == 40
    assert len({request.source[1] for request in asked}) > 35
    identifiers = [request.identifier for request in asked]
    assert len(set(identifiers)) > 25
    steps = collections.Counter(
        (b - a) % 256 for a, b in zip(identifiers, identifiers[1:]))
    assert steps.most_common(1)[0][1] < 10


# What is answered.

def test_good(server, drive):
    assert drive.verdict(*JOE) == OK
    assert drive.verdict(*WRONG) == BAD_PASSWORD
    assert server.count(script.ACCESS_REQUEST) == 2


def test_the_words_of_a_server(server, drive):
    server.next(script.coded(script.REJECT, "go\naway"), script.challenge)
    answer = drive.ask(*JOE)
    assert answer[:2] == BAD_PASSWORD and "go away" in answer.detail
    answer = drive.ask(*JOE)
    assert answer[:2] == EXTRA_QUESTION
    assert "which token?" in answer.detail


def test_the_longest_answer(server, drive):
    server.always(script.longest)
    assert drive.verdict(*JOE) == OK
    assert drive.verdict(*WRONG) == BAD_PASSWORD


def test_padding(server, drive):
    server.next(lambda send, request: send(
        script.answer(request, script.ACCEPT) + bytes(3)))
    assert drive.verdict(*JOE) == OK


NO_ANSWER = {
    "silent": script.silent,
    "wrong authenticator": script.accepted(spoil_authenticator=True),
    "wrong identifier": script.other_identifier,
    "another port": script.from_another_port,
    "truncated": script.truncated,
    "too long": script.too_long,
    "garbage": script.garbage(),
    "zeros": script.garbage(bytes(64)),
    "one byte": script.garbage(b"\x02"),
    "a request": script.coded(script.ACCESS_REQUEST),
    "of accounting": script.coded(5),
    "too late": script.late(1500, script.accepted()),
}

NO_SIGNATURE = {
    "unsigned": script.accepted(sign=False),
    "wrong signature": script.accepted(spoil_signature=True),
}


@pytest.mark.parametrize("case", NO_ANSWER)
def test_no_answer(server, drive, case):
    """It is not taken for one, and does not end the waiting."""
    server.always(NO_ANSWER[case])
    verdict, seconds = timed(drive, *WRONG)
    assert verdict == DOWN
    assert TRY_SEC * (1 - JITTER) <= seconds < TRY_SEC + SLACK_SEC


@pytest.mark.parametrize("case", NO_SIGNATURE)
def test_no_signature(server, drive, case):
    server.always(NO_SIGNATURE[case])
    verdict, seconds = timed(drive, *WRONG)
    assert verdict == NOT_SIGNED
    assert TRY_SEC * (1 - JITTER) <= seconds < TRY_SEC + SLACK_SEC


@pytest.mark.parametrize("case", [
    case for case in (*NO_ANSWER, *NO_SIGNATURE)
    if case not in ("silent", "too late")])
def test_what_comes_before_the_answer(server, drive, case):
    """Somebody was quicker than the server."""
    verb = {**NO_ANSWER, **NO_SIGNATURE}[case]
    server.always(script.then(verb, verb, script.good))
    for _ in range(2):
        assert drive.verdict(*WRONG) == BAD_PASSWORD
        assert drive.verdict(*JOE) == OK


def test_signatures_that_are_not_wanted(server):
    """A wrong one is wrong all the same (RFC 3579, section 3.2)."""
    with Drive("radius", *settings(
            server, radius_require_message_authenticator="no")) as drive:
        server.next(script.unsigned, script.unsigned)
        assert drive.verdict(*JOE) == OK
        assert drive.verdict(*WRONG) == BAD_PASSWORD
        server.always(script.badly_signed)
        assert drive.verdict(*JOE) == NOT_SIGNED


def test_a_late_answer_is_nobody_elses(server, drive):
    server.next(script.late(1200, script.accepted()))
    assert drive.verdict(*JOE) == DOWN
    assert drive.verdict(*WRONG) == BAD_PASSWORD
    time.sleep(0.4)
    assert drive.verdict(*WRONG) == BAD_PASSWORD


def test_duplicates(server, drive):
    server.always(script.then(script.good, script.good, script.good))
    for _ in range(3):
        assert drive.verdict(*JOE) == OK
        assert drive.verdict(*WRONG) == BAD_PASSWORD


# Tries.

def test_the_same_packet_again(server):
    with Drive("radius", *settings(server, radius_retries=3)) as drive:
        server.next(script.silent, script.silent)
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK
        assert len(server.requests) == 3
        assert len({(request.packet, request.source)
                    for request in server.requests}) == 1
        assert 2 * TRY_SEC * (1 - JITTER) <= seconds < 2.2 + SLACK_SEC


def test_the_times_differ(server):
    """So that many who began together do not go on together."""
    with Drive("radius", *settings(server, radius_retries=2)) as drive:
        server.always(script.silent)
        times = [timed(drive, *JOE)[1] for _ in range(2)]
        assert len(server.requests) == 6
        assert all(2.7 <= seconds < 3.3 + SLACK_SEC for seconds in times)
        assert abs(times[0] - times[1]) > 0.0005


def test_a_server_that_is_being_restarted(server):
    """It refuses the first try, and answers the second."""
    with Drive("radius", *settings(server, radius_retries=2)) as drive:
        server.stop()
        verdict, seconds = timed(drive, *JOE)
        assert verdict == DOWN
        assert "refused" in drive.ask(*JOE).detail
        assert seconds >= 2.7
        server.start()
        assert drive.verdict(*JOE) == OK


# Servers.

def test_the_first_is_silent(server, second):
    with Drive("radius", *settings(server, second)) as drive:
        server.always(script.silent)
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK
        assert TRY_SEC * (1 - JITTER) <= seconds < TRY_SEC + SLACK_SEC
        # It is left alone from now on.
        for _ in range(3):
            verdict, seconds = timed(drive, *JOE)
            assert verdict == OK and seconds < AT_ONCE_SEC
        assert len(server.requests) == 1
        assert drive.parts() == {server.name: "down no answer to 1 tries",
                                 second.name: "up"}


def test_the_first_refuses(server, second):
    """No waiting, whatever the tries are."""
    with Drive("radius", *settings(server, second,
                                   radius_retries=5)) as drive:
        server.stop()
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK and seconds < AT_ONCE_SEC


def test_the_first_does_not_sign(server, second):
    with Drive("radius", *settings(server, second)) as drive:
        server.always(script.unsigned)
        assert drive.verdict(*WRONG) == BAD_PASSWORD
        assert drive.parts()[server.name] == \
            "down no_message_authenticator: answers without " \
            "Message-Authenticator were ignored"
        second.always(script.silent)
        assert drive.verdict(*WRONG) == NOT_SIGNED


def test_a_silent_one_does_not_hide_it(server, second):
    """Whichever is asked last: the log says which one does not sign."""
    for first, other in ((server, second), (second, server)):
        with Drive("radius", *settings(first, other)) as drive:
            server.always(script.unsigned)
            second.always(script.silent)
            answer = drive.ask(*WRONG)
            assert answer[:2] == NOT_SIGNED
            assert answer.detail == f"{server.name}: answers without " \
                "Message-Authenticator were ignored"


def test_a_denial_is_not_asked_for_twice(server, second):
    with Drive("radius", *settings(server, second)) as drive:
        assert drive.verdict(*WRONG) == BAD_PASSWORD
        server.next(script.challenge)
        assert drive.verdict(*JOE) == EXTRA_QUESTION
        assert not second.requests


def test_all_are_silent(server, second):
    with Drive("radius", *settings(server, second)) as drive:
        server.always(script.silent)
        second.always(script.silent)
        verdict, seconds = timed(drive, *JOE)
        assert verdict == DOWN
        assert 1.8 <= seconds < 2.2 + SLACK_SEC
        # All are asked all the same, and one of them is back.
        second.always(script.good)
        assert drive.verdict(*JOE) == OK
        assert drive.parts()[second.name] == "up"


def test_a_request_finds_out_that_it_is_back(server, second):
    """Without Status-Server. While it is down that costs one try."""
    with Drive("radius", *settings(server, second, radius_retries=2)) \
            as drive:
        server.stop()
        assert drive.verdict(*JOE) == OK
        assert drive.idle() == -1
        server.start()
        server.always(script.silent)
        time.sleep(5.1)
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK and 0.9 <= seconds < 1.1 + SLACK_SEC
        assert len(server.requests) == 1 and len(second.requests) == 2
        server.always(script.good)
        time.sleep(10.1)
        assert drive.verdict(*JOE) == OK
        assert len(second.requests) == 2
        assert drive.parts()[server.name] == "up"


def test_status_server(server, second):
    """Between two requests; requests go elsewhere meanwhile."""
    with Drive("radius", *settings(server, second,
                                   radius_status_server="yes")) as drive:
        assert drive.verdict(*JOE) == OK	# and it was asked at the start
        assert server.count(script.STATUS_SERVER) == 1
        status = server.requests[0]
        assert status.signed() and len(status.attributes) == 1
        server.always(script.silent)
        assert drive.verdict(*JOE) == OK
        assert 0 < drive.idle() <= 5000
        time.sleep(5.1)
        assert drive.verdict(*JOE) == OK
        assert server.count(script.ACCESS_REQUEST) == 2
        assert 0 < drive.idle() <= 10000
        assert server.count(script.STATUS_SERVER) == 2
        # One that says nothing about a password need not be signed.
        server.always(script.unsigned)
        time.sleep(10.1)
        assert drive.idle() == -1
        assert drive.parts()[server.name] == "up"
        server.always(script.good)
        assert drive.verdict(*JOE) == OK
        assert len(second.requests) == 2


def only_status(send, request):
    if request.code == script.STATUS_SERVER:
        script.good(send, request)


def test_a_server_that_only_tells_its_status(server, second):
    """Its own database hangs: it is left alone longer each time."""
    with Drive("radius", *settings(server, second,
                                   radius_status_server="yes")) as drive:
        server.always(only_status)
        assert drive.verdict(*JOE) == OK
        time.sleep(5.1)
        assert drive.idle() == -1
        assert drive.parts()[server.name] == "up"
        assert drive.verdict(*JOE) == OK
        assert 9000 < drive.idle() <= 10000


def test_a_name_that_is_not_known(second):
    with Drive("radius", *settings(
            second, radius_servers=f"nosuch.invalid {second.name}")) as drive:
        assert drive.verdict(*JOE) == OK
    with Drive("radius", *settings(
            second, radius_servers="nosuch.invalid")) as drive:
        answer = drive.ask(*JOE)
        assert answer[:2] == DOWN and "nosuch.invalid" in answer.detail


@pytest.fixture(name="hosts")
def fixture_hosts():
    """hosts(address): what radius.test stands for."""
    path = pathlib.Path("/etc/hosts")
    before = path.read_text()
    yield lambda address: path.write_text(
        f"{before}\n{address} radius.test\n")
    path.write_text(before)


def test_a_name_is_resolved_again(server, second, hosts):
    hosts(FIRST)
    with Drive("radius", *settings(
            server, radius_servers="radius.test")) as drive:
        assert drive.verdict(*JOE) == OK
        assert len(server.requests) == 1
        hosts(SECOND)
        server.always(script.silent)
        assert drive.verdict(*JOE) == DOWN
        time.sleep(5.1)
        assert drive.verdict(*JOE) == OK
        assert len(second.requests) == 1


def test_dns_is_gone_later(server, hosts):
    """What it said holds on, without waiting for it."""
    hosts(FIRST)
    with dns_script.Resolver() as dns, Drive("radius", *settings(
            server, radius_servers="radius.test")) as drive:
        assert drive.verdict(*JOE) == OK
        hosts("#")
        dns.servers = None
        server.next(script.silent)
        assert drive.verdict(*JOE) == DOWN
        time.sleep(5.1)
        for _ in range(3):
            verdict, seconds = timed(drive, *JOE)
            assert verdict == OK and seconds < AT_ONCE_SEC
        assert drive.stats().descriptors < 20


def test_dns_is_not_there(server, second):
    """It has no more time than a silent server."""
    with dns_script.Resolver() as dns, Drive("radius", *settings(
            second, radius_servers=f"radius.test {second.name}")) as drive:
        dns.servers = None
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK and seconds < TRY_SEC + SLACK_SEC


# A whole daemon: what one worker learns, all know.

def configuration(open_dir, *servers, **more):
    path = open_dir / "saslauthd.conf"
    path.write_text("".join(line.replace("=", ": ", 1) + "\n" for line in
                            settings(*servers, **more)))
    path.chmod(0o600)
    return path


def test_the_workers_tell_each_other(start_daemon, open_dir, server, second):
    server.always(script.silent)
    daemon = start_daemon("-a", "radius", "-n", "4", "-O", configuration(
        open_dir, server, second))
    assert daemon.ask(*JOE).startswith(b"OK")
    for _ in range(8):
        began = time.monotonic()
        assert daemon.ask(*JOE).startswith(b"OK")
        assert time.monotonic() - began < AT_ONCE_SEC
    assert len(server.requests) == 1


def test_the_workers_go_back(start_daemon, open_dir, server, second):
    daemon = start_daemon("-a", "radius", "-n", "4", "-O", configuration(
        open_dir, server, second, radius_status_server="yes"))
    assert daemon.ask(*JOE).startswith(b"OK")
    server.stop()
    assert daemon.ask(*JOE).startswith(b"OK")
    server.start()
    server.requests.clear()
    wait_until(lambda: server.count(script.STATUS_SERVER), 15, "a probe")
    for _ in range(8):
        assert daemon.ask(*JOE).startswith(b"OK")
    assert server.count(script.STATUS_SERVER) == 1
    assert server.count(script.ACCESS_REQUEST) == 8


def test_one_user_takes_no_server_away(start_daemon, open_dir, server,
                                       second):
    """A proxy is silent about users whose own server is."""
    def but_for_ghosts(send, request):
        if request.value(script.USER_NAME) != b"ghost":
            script.good(send, request)

    def others():
        while not stop.wait(0.05):
            replies.append(daemon.ask(*JOE)[:2])
    server.always(but_for_ghosts)
    daemon = start_daemon("-a", "radius", "-n", "4", "-O", configuration(
        open_dir, server, second))
    stop, replies = threading.Event(), []
    thread = threading.Thread(target=others)
    thread.start()
    assert daemon.ask("ghost", "wrong").startswith(b"NO")
    time.sleep(0.3)
    stop.set()
    thread.join()
    assert len(replies) > 5 and set(replies) == {b"OK"}
    assert [request.value(script.USER_NAME) for request in second.requests] \
        == [b"ghost"]


def test_one_lost_packet_takes_no_server_away(start_daemon, open_dir, server,
                                              second):
    server.next(script.silent)
    daemon = start_daemon("-a", "radius", "-n", "1", "-O", configuration(
        open_dir, server, second, radius_status_server="yes"))
    assert daemon.ask(*JOE).startswith(b"OK")
    assert server.count(script.STATUS_SERVER) == 2
    assert not second.requests


def test_what_is_logged(start_daemon, open_dir, server, syslog):
    """Not the password, and not taken for silence."""
    server.always(script.unsigned)
    daemon = start_daemon("-a", "radius", "-n", "1", "-O", configuration(
        open_dir, server, radius_timeout=3))
    mark = syslog.mark()
    assert daemon.ask("joe", "hush-hush") == b""
    line = syslog.wait_for("auth error", mark=mark)
    assert "[reason=no_message_authenticator" in line.text
    assert syslog.wait_for("backend radius down: no_message_authenticator")
    assert "hush-hush" not in "".join(line.text for line in syslog.lines)


# RadSec.

@pytest.fixture(name="tls", scope="module")
def fixture_tls(shared_dir):
    """(certificate of a server there, settings of a client)"""
    made = slapd.certificate(slapd.make_ca(shared_dir), "radius.test",
                             ips=[FIRST])
    return made, {"radius_tls_cacert_file": made.ca.cert}


@pytest.fixture(name="radsec")
def fixture_radsec(tls):
    with ScriptedTlsServer(FIRST, tls[0]) as server:
        yield server


@pytest.fixture(name="tls_drive")
def fixture_tls_drive(radsec, tls):
    with Drive("radius", *settings(radsec, **tls[1])) as drive:
        yield drive


def test_radsec(radsec, tls_drive):
    for _ in range(3):
        assert tls_drive.verdict(*JOE) == OK
        assert tls_drive.verdict(*WRONG) == BAD_PASSWORD
    assert len(radsec.connections) == 1
    assert all(request.signed() for request in radsec.requests)


def test_radsec_dropped_between_two_requests(radsec, tls_drive):
    assert tls_drive.verdict(*JOE) == OK
    radsec.drop_all()
    assert tls_drive.verdict(*JOE) == OK
    assert len(radsec.connections) == 2


def disconnect(send, request):
    raise EOFError


def test_radsec_dropped_while_asked(radsec, tls_drive):
    """A kept one is made again once, a fresh one never."""
    radsec.next(disconnect)
    assert tls_drive.verdict(*JOE) == DOWN
    assert len(radsec.connections) == 1
    assert tls_drive.verdict(*JOE) == OK
    radsec.next(disconnect)
    assert tls_drive.verdict(*JOE) == OK
    assert len(radsec.connections) == 3
    radsec.next(disconnect, disconnect)
    assert tls_drive.verdict(*JOE) == DOWN
    assert len(radsec.connections) == 4


def deaf(connection):
    """From now on nothing gets there, and nobody is told."""
    drop = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    connection.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack(
        "HL", 1, ctypes.addressof(drop)))


def test_radsec_forgotten_by_a_firewall(radsec, tls):
    with Drive("radius", *settings(radsec, radius_retries=3, **tls[1])) \
            as drive:
        assert drive.verdict(*JOE) == OK
        deaf(radsec.connections[0])
        verdict, seconds = timed(drive, *JOE)
        assert verdict == OK and seconds < 2 * TRY_SEC + SLACK_SEC
        assert len(radsec.connections) == 2
        assert drive.parts() == {radsec.name: "up"}


def test_radsec_is_asked_once(radsec, tls):
    """TLS loses nothing; the time is that of all tries."""
    with Drive("radius", *settings(radsec, radius_retries=1,
                                   **tls[1])) as drive:
        radsec.always(script.silent)
        verdict, seconds = timed(drive, *JOE)
        assert verdict == DOWN and 2 <= seconds < 2 + SLACK_SEC
        assert len(radsec.requests) == 1


@pytest.mark.parametrize("case", [
    "wrong authenticator", "wrong identifier", "a request", "unsigned",
    "wrong signature"])
def test_radsec_what_comes_before_the_answer(radsec, tls_drive, case):
    verb = {**NO_ANSWER, **NO_SIGNATURE}[case]
    radsec.always(script.then(verb, script.good))
    assert tls_drive.verdict(*WRONG) == BAD_PASSWORD
    assert tls_drive.verdict(*JOE) == OK
    assert len(radsec.connections) == 1


@pytest.mark.parametrize("data", [b"\x02\x00\x00\x13" + bytes(40),
                                  b"\x02\x00\x10\x01" + bytes(5000)])
def test_radsec_garbage(radsec, tls_drive, data):
    """Where the next packet begins nobody knows."""
    radsec.next(script.then(script.garbage(data), script.accepted()))
    assert tls_drive.verdict(*WRONG) == DOWN
    assert tls_drive.verdict(*WRONG) == BAD_PASSWORD
    assert len(radsec.connections) == 2


def test_radsec_a_late_answer_is_nobody_elses(radsec, tls_drive):
    radsec.next(script.late(1200, script.accepted()))
    assert tls_drive.verdict(*WRONG) == DOWN
    assert tls_drive.verdict(*WRONG) == BAD_PASSWORD
    time.sleep(0.4)
    assert tls_drive.verdict(*WRONG) == BAD_PASSWORD


def test_radsec_answers_between_two_requests(radsec, tls_drive):
    radsec.next(script.then(script.good, script.accepted()))
    assert tls_drive.verdict(*JOE) == OK
    assert tls_drive.verdict(*WRONG) == BAD_PASSWORD
    assert len(radsec.connections) == 1


STRAYS = bytes([script.ACCEPT, 0, 0, 20]) + bytes(16)


def tls_flood(seconds=4):
    """Packets that are no answers, as many as the connection takes."""
    def verb(send, request):
        def run():
            end = time.monotonic() + seconds
            try:
                while time.monotonic() < end:
                    send(STRAYS * 3000)
            except OSError:
                pass
        threading.Thread(target=run, daemon=True).start()
    return verb


@pytest.mark.parametrize("answered", [False, True])
def test_radsec_a_flood_does_not_prolong_it(radsec, tls_drive, answered):
    flooding = tls_flood()
    radsec.next(script.then(script.good, flooding) if answered else flooding)
    verdict, seconds = timed(tls_drive, *JOE)
    assert verdict == (OK if answered else DOWN)
    assert seconds < TRY_SEC + SLACK_SEC
    time.sleep(0.2)
    verdict, seconds = timed(tls_drive, *JOE)
    assert verdict == OK and seconds < TRY_SEC + SLACK_SEC


def test_radsec_of_another_name(tls):
    """The certificate is good, and somebody else's."""
    with ScriptedTlsServer(SECOND, tls[0]) as server:
        with Drive("radius", *settings(server, **tls[1])) as drive:
            answer = drive.ask(*JOE)
            assert answer[:2] == DOWN and "mismatch" in answer.detail
            assert not server.requests
