# SPDX-License-Identifier: BSD-2-Clause
"""What the operator is told of a listener and its route; and with a password,
what the backends say to it, past limits and cache."""

import json
import re

import pytest

from asking import Asking, busy
from daemon_users import PASSWORD, REALM
from lib import control, wait_until, wire
from lib.daemon import START_SEC
from saslauthctl import run

OK, NO, OUTAGE = wire.OK, wire.NO, wire.OUTAGE
MARGIN_SEC = 0.8	# a busy machine

needs_root = pytest.mark.needs_root

SITE = """
log_format: extended
log_success: all
listener inner {
    path: %s
    services: smtp, next
    allow_uids: root
    tempfail_reply: no
}
route next {
    service: next
    step: one denied=next
    step: two
}
route outage {
    service: outage
    step: gone
}
route inside {
    listener: inner
    step: gone
}
route smtp {
    service: smtp
    step: one
}
"""


@pytest.fixture
def explained(start_site, open_dir):
    def start(*lines, **keywords):
        return start_site("\n".join(lines) + SITE % (open_dir / "inner"),
                          **keywords)
    return start


def explain(daemon, service, listener=""):
    return control.ask(daemon.rundir, "explain", "joe", REALM, service, "",
                       listener)


def attempt(daemon, password, service, listener="", login="joe"):
    return control.ask(daemon.rundir, "try", login, REALM, service, "",
                       listener, password)


def answers(told):
    return [(line["kind"], line["result"], line.get("reason"))
            for line in told]


def kinds(told):
    return [line["kind"] for line in told]


# Listeners.

def test_explain_at_a_listener(explained):
    daemon = explained()
    told = explain(daemon, "smtp")
    assert kinds(told) == ["canonical", "listener", "passed", "passed",
                           "passed", "route", "because", "limits", "cache",
                           "backend", "advice"]
    assert told[1] == {"kind": "listener", "name": "default", "services": "",
                       "serves": True, "allow_uids": "", "allow_gids": ""}
    assert told[5]["name"] == "smtp"
    told = explain(daemon, "smtp", "inner")
    assert told[1]["allow_uids"] == "root"
    assert told[4]["name"] == "inside"
    shown = run("explain", "joe", REALM, "smtp", "--listener", "inner",
                rundir=daemon.rundir).stdout
    assert "  listener    inner\n              services: smtp, next\n" \
        "              who may connect to it: users (root), groups ()\n" \
        in shown


def test_explain_at_a_listener_of_other_services(explained):
    told = explain(explained(), "outage", "inner")
    assert kinds(told) == ["canonical", "listener", "advice"]
    assert not told[1]["serves"]
    assert "not_permitted" in told[2]["text"]


@pytest.mark.parametrize("words", [("explain",), ("try", "x")])
def test_explain_at_no_listener(explained, words):
    with pytest.raises(control.Refused, match="no listener of that name"):
        control.ask(explained().rundir, words[0], "joe", REALM, "smtp", "",
                    "outer", *words[1:])


# Why this route.

ROUTES = """
route office {
    client: 192.0.2.0/24
    step: one
}
route by_realm {
    realm: .example.net
    service: smtp, imap
    step: one
}
route inside {
    listener: inner
    step: one
}
"""
REST = "route rest {\nstep: two\n}\n"
INNER = "listener inner {\npath: %s\n}\n"

OFFICE = ("office", "client", "client 203.0.113.9 is in none of its networks")
BY_REALM = ("by_realm", "realm",
            "realm example.org is not among its realms")
INSIDE = ("inside", "listener", "listener default is not among its listeners")


@pytest.fixture
def ask_why(start_site, open_dir):
    """ask_why(more, ...): what is said of the routes of such a site."""
    inner = INNER % (open_dir / "inner")
    file = {}

    def ask(more, login="joe", realm="", service="smtp",
            address="203.0.113.9", listener=""):
        if more not in file:
            file[more] = start_site(inner + ROUTES + more)
        told = control.ask(file[more].rundir, "explain", login, realm,
                           service, address, listener)
        return [[(line["name"], line["condition"], line["text"])
                 for line in told if line["kind"] == kind]
                for kind in ("passed", "because")]
    return ask


def test_why_this_route(ask_why):
    assert ask_why(REST, realm="example.org") == [
        [OFFICE, BY_REALM, INSIDE],
        [("rest", "none", "it has no conditions")]]
    assert ask_why(REST, address="192.0.2.7;25") == [[], [
        ("office", "client",
         "client 192.0.2.7;25 is in one of its networks")]]
    assert ask_why(REST, realm="A.example.net", address="") == [
        [("office", "client", "client (none) is in none of its networks")],
        [("by_realm", "service", "service smtp is among its services"),
         ("by_realm", "realm",
          "realm A.example.net is among its realms (.example.net)")]]
    passed, because = ask_why(REST, login="joe@example.org",
                              listener="inner")
    assert passed[1] == ("by_realm", "realm", "the login's domain "
                         "example.org is not among its realms")
    assert because == [("inside", "listener",
                        "listener inner is among its listeners")]
    passed = ask_why(REST, service="")[0]
    assert passed[1] == ("by_realm", "service",
                         "service (none) is not among its services")
    passed = ask_why(REST)[0]
    assert passed[1] == ("by_realm", "realm",
                         "realm (none) is not among its realms")


def test_why_no_route(ask_why):
    assert ask_why("", realm="example.org") == [[OFFICE, BY_REALM, INSIDE],
                                                []]


def test_why_shown(start_site, open_dir):
    daemon = start_site(INNER % (open_dir / "inner") + ROUTES + REST)
    words = ("explain", "joe", "a.example.net", "smtp", "203.0.113.9")
    assert """
  not route   office: client 203.0.113.9 is in none of its networks
  route       by_realm: one
              because service smtp is among its services
              because realm a.example.net is among its realms (.example.net)
""" in run(*words, rundir=daemon.rundir).stdout
    shown = json.loads(run("--json", *words, rundir=daemon.rundir).stdout)
    assert shown["passed"] == [{"name": "office", "condition": "client",
                                "text": OFFICE[2]}]
    assert [line["condition"] for line in shown["because"]] == \
        ["service", "realm"]


def test_why_not_so_many_routes(start_site):
    """More of them than fit into one piece of a reply."""
    count = 1000
    routes = "".join(f"route r{i} {{\nrealm: r{i}.example\nstep: one\n}}\n"
                     for i in range(count))
    daemon = start_site(routes)
    for realm, before in ((f"r{count - 1}.example", count - 1),
                          ("other.example", count)):
        told = control.ask(daemon.rundir, "explain", "joe", realm, "smtp")
        assert kinds(told)[:2] == ["canonical", "listener"]
        assert [line["name"] for line in told
                if line["kind"] == "passed"] == [f"r{i}"
                                                 for i in range(before)]
        assert kinds(told).count("canonical") == 1
        assert kinds(told)[-1] == "advice"


# With a password.

@pytest.mark.parametrize("password, service, expected, reply", [
    ("of one", "next", [("step", "ok", None), ("verdict", "ok", None)],
     "OK"),
    ("of two", "next", [("step", "denied", "bad_password"),
                        ("step", "ok", None), ("verdict", "ok", None)],
     "OK"),
    ("wrong", "next", [("step", "denied", "bad_password"),
                       ("step", "denied", "bad_password"),
                       ("verdict", "denied", "bad_password")], "NO"),
    ("x", "other", [("verdict", "denied", "no_route")], "NO"),
])
def test_try(explained, password, service, expected, reply):
    daemon = explained()
    told = attempt(daemon, password, service)
    assert answers(told) == expected
    assert told[-1]["reply"] == reply
    steps = told[:-1]
    assert [line["then"] for line in steps] == \
        ["next"] * (len(steps) - 1) + ["stop"] * bool(steps)
    assert [(line["step"], line["name"], line["mech"]) for line in steps] == \
        [(1, "one", "sasldb"), (2, "two", "sasldb")][:len(steps)]
    assert sum(line["queue_ms"] + line["worker_ms"] for line in steps) <= \
        told[-1]["ms"]


def test_try_what_cannot_be_asked(explained):
    """The reply is the listener's."""
    daemon = explained()
    step, verdict = attempt(daemon, "x", "outage")
    assert (step["result"], verdict["result"]) == ("tempfail", "tempfail")
    assert "/nonexistent/users.lmdb" in step["detail"]
    assert step["detail"] == verdict["detail"]
    assert verdict["reply"] == ""
    assert attempt(daemon, "x", "smtp", "inner")[-1]["reply"] == "NO"
    denied = attempt(daemon, "of one", "outage", "inner")
    assert answers(denied) == [("verdict", "denied", "not_permitted")]


@pytest.mark.parametrize("login, password, match", [
    ("joe", "", "an empty password"), ("", "x", "an empty login"),
    ("joe", "x" * 6000, "password_max, 5000 bytes"),
    ("joe", "a\0b", "a NUL byte"),
])
def test_try_what_no_request_can_have(explained, login, password, match):
    with pytest.raises(control.Refused, match=match):
        attempt(explained("password_max: 5000"), password, "smtp",
                login=login)


def test_try_is_past_limits_and_cache(explained):
    """Neither answers, and neither learns."""
    daemon = explained("cache: yes", "cache_negative_ttl: 60",
                       "limits: enforce", "limit_identity: 2",
                       "limit_compare: 0", foreground=True)

    def remembered():
        return [line for line in explain(daemon, "smtp")
                if line["kind"] in ("limits", "cache")]

    before = remembered()
    for password in ("of one", "wrong 1", "wrong 2", "wrong 3"):
        attempt(daemon, password, "smtp")
    assert remembered() == before
    assert control.one(daemon.rundir, "totals", "stats")["requests"] == 0
    assert daemon.ask("joe", "of one", service="smtp", realm=REALM) == OK
    for guess in range(3):
        daemon.ask("joe", f"guess {guess}", service="smtp", realm=REALM)
    assert daemon.ask("joe", "of one", service="smtp", realm=REALM) == OUTAGE
    told = attempt(daemon, "of one", "smtp")
    assert answers(told)[-1] == ("verdict", "ok", None)
    told = attempt(daemon, "guess 1", "smtp")
    assert "worker_ms" in told[0]	# it was asked
    assert control.one(daemon.rundir, "limits", "explain", "joe", REALM,
                       "smtp")["identity"] == 2


def test_try_is_logged_without_the_password(explained):
    daemon = explained("verbose: yes", foreground=True)
    attempt(daemon, "s3cret", "next")
    line = wait_until(lambda: re.search(r"uid \d+: try.*", daemon.output),
                      START_SEC, "a line about it")
    assert line[0].endswith(f": try joe {REALM}")
    assert "s3cret" not in daemon.output
    assert "do_auth" not in daemon.output


def test_try_shown(explained):
    daemon = explained()
    done = run("explain", "joe", REALM, "next", "--password",
               rundir=daemon.rundir, given="of two\n")
    assert done.returncode == 0
    shown = re.sub(r"\d+\.\d", "N", done.stdout.split("\n\n")[-1])
    assert shown == """\
Asked with this password, past limits and cache:
  step 1      one (sasldb): denied, bad_password
              N ms in the queue, N ms at a worker; then: the next step
  step 2      two (sasldb): ok
              N ms in the queue, N ms at a worker; then: stop
  verdict     ok
  reply       OK, after N ms
"""


# A backend that takes its time.

SLOW = """
workers: 1
workers_max: 1
log_format: extended
log_success: all
backend pam {
    mechanism: pam
}
"""


@pytest.fixture
def start_slow(start_daemon, open_dir, services, backends):
    """With a backend "pam" besides the stores."""
    assert services is None

    def start(text, *args, **keywords):
        file = open_dir / "site.conf"
        file.write_text(backends + SLOW + text)
        return start_daemon("--config", file, *args, **keywords)
    return start


def start_try(daemon, service, password):
    connection = control.connect(daemon.rundir)
    connection.sendall(control.encode("try", "joe", "", service, "", "",
                                      password))
    return connection


@needs_root
def test_try_holds_nobody_up(start_slow):
    daemon = start_slow("route all {\nstep: pam\n}\n")
    trying = start_try(daemon, "slow", PASSWORD)
    busy(daemon)
    assert control.one(daemon.rundir, "backend", "status",
                       name="pam")["workers_busy"] == 1
    step, verdict = control.read_lines(trying)
    assert 1000 <= step["worker_ms"] <= verdict["ms"]
    assert verdict["reply"] == "OK"


@needs_root
def test_try_tells_how_long_it_waited(start_slow):
    daemon = start_slow("route all {\nstep: pam\n}\n")
    asking = Asking(daemon, "slow")
    busy(daemon)
    step = attempt(daemon, PASSWORD, "quick")[0]
    assert asking.result() == OK
    assert 0 < step["queue_ms"] <= 1000 * (1 + MARGIN_SEC)
    assert step["worker_ms"] < step["queue_ms"]


@needs_root
def test_try_ends_by_its_deadline(start_slow):
    daemon = start_slow("request_timeout: 1\nroute all {\nstep: pam\n}\n")
    step, verdict = attempt(daemon, PASSWORD, "hang")
    assert answers([step, verdict]) == [("step", "tempfail", "deadline"),
                                        ("verdict", "tempfail", "deadline")]
    assert 1000 <= verdict["ms"] < 1000 * (1 + MARGIN_SEC)


@needs_root
def test_operator_leaves(start_slow):
    """Nobody else minds."""
    daemon = start_slow("route all {\nstep: pam\n}\n")
    for _ in range(20):		# more than are served at a time
        start_try(daemon, "slow", PASSWORD).close()
    busy(daemon)
    front = daemon.one("front")
    assert control.ask(daemon.rundir, "status")
    wait_until(lambda: daemon.ask("joe", PASSWORD, service="quick") == OK,
               START_SEC, "an answer")
    assert daemon.one("front") == front


# Who decided, who learns, what is counted.

def test_cached_answers_name_who_decided(explained):
    daemon = explained("cache: yes", "cache_negative_ttl: 60",
                       foreground=True)

    def cached(kind):
        return wait_until(lambda: re.search(
            rf"auth {kind}.*\[cached=yes\].*", daemon.output), START_SEC,
            "a line about it")[0]

    for _ in range(2):
        assert daemon.ask("joe", "of two", service="next", realm=REALM) == OK
    assert "[backend=two]" in cached("success")
    for _ in range(2):
        assert daemon.ask("joe", "wrong", service="next", realm=REALM) == NO
    assert "[backend=two]" in cached("failure")
    counted = run("metrics", rundir=daemon.rundir).stdout
    assert re.search(r'source="cached"', counted)
    assert not re.search(r'backend="one".*source="cached"', counted)


@needs_root
def test_each_chain_learns_of_a_joined_answer(start_slow, open_dir):
    inner = open_dir / "inner"
    daemon = start_slow(f"""
cache: yes
listener inner {{
    path: {inner}
}}
route inside {{
    listener: inner
    step: pam
    step: two
}}
route outside {{
    step: pam
}}
""", foreground=True)
    first = Asking(daemon, "slow")
    busy(daemon)
    second = wire.request(inner, "joe", PASSWORD, service="slow")
    assert (first.result(), second) == (OK, OK)
    wait_until(lambda: "[source=joined]" in daemon.output, START_SEC,
               "the second one's line")
    for path in (daemon.socket, inner):
        assert wire.request(path, "joe", PASSWORD, service="slow") == OK
    wait_until(lambda: len(re.findall(r"auth success \(cached\)",
                                      daemon.output)) == 2,
               START_SEC, "two cached answers")


@needs_root
def test_guess_is_counted_though_a_later_step_hangs(start_slow):
    daemon = start_slow("""
limits: enforce
request_timeout: 1
route all {
    step: one denied=next
    step: pam
}
""")
    assert daemon.ask("joe", "wrong", realm=REALM, service="hang") == OUTAGE
    told = control.one(daemon.rundir, "limits", "explain", "joe", REALM,
                       "hang")
    assert told["identity"] == 1
