# SPDX-License-Identifier: BSD-2-Clause
"""Which of several backends a request is for, in which order they are asked,
and what each answer leads to."""

import re

import pytest

from daemon_users import PASSWORD, REALM
from databases import STORES, accepts
from lib import control, users, wait_until, wire

OK, NO, OUTAGE = wire.OK, wire.NO, wire.OUTAGE

needs_root = pytest.mark.needs_root


# Which route.

ROUTES = """
listener inner {
    path: %s
}
route by_service {
    service: imap, imaps
    step: one
}
route exact {
    service: smtp
    realm: example.org
    step: one
}
route below {
    service: smtp
    realm: .example.org
    step: two
}
route without {
    service: smtp
    realm: -
    step: three
}
route office {
    service: pop
    client: 192.0.2.0/24, 2001:db8::/32
    step: one
}
route elsewhere {
    service: pop
    step: two
}
route inside {
    service: sieve
    listener: inner
    step: one
}
route outside {
    service: sieve
    listener: default
    step: two
}
"""


@pytest.fixture(scope="module")
def routed(start_shared_daemon, shared_dir, backends):
    file, inner = shared_dir / "routes.conf", shared_dir / "inner"
    file.write_text(backends + ROUTES % inner)
    daemon = start_shared_daemon("--config", file)
    daemon.inner = inner
    return daemon


@pytest.mark.parametrize("request_, store", [
    ({"service": "imap"}, ["one"]),
    ({"service": "imaps", "realm": "example.net"}, ["one"]),
    ({"service": "IMAP"}, []),
    ({"service": "smtp", "realm": REALM}, ["one"]),
    ({"service": "smtp", "realm": REALM.upper()}, ["one"]),
    ({"service": "smtp", "realm": "mail.example.org"}, ["two"]),
    ({"service": "smtp", "realm": "notexample.org"}, []),
    ({"service": "smtp", "realm": "example.net"}, []),
    ({"service": "smtp"}, ["three"]),
    ({"service": "pop", "address": "192.0.2.7"}, ["one"]),
    ({"service": "pop", "address": "192.0.2.7;4711"}, ["one"]),
    ({"service": "pop", "address": "2001:db8::1"}, ["one"]),
    ({"service": "pop", "address": "192.0.3.7"}, ["two"]),
    ({"service": "pop"}, ["two"]),
    ({"service": "sieve"}, ["two"]),
    ({"service": "nntp"}, []),
], ids=str)
def test_first_route_that_matches(routed, request_, store):
    assert accepts(routed.socket, **request_) == store


def test_route_of_a_listener(routed):
    assert accepts(routed.inner, service="sieve") == ["one"]
    assert accepts(routed.inner, service="imap") == ["one"]


def test_no_route_is_a_denial_with_its_reason(start_site):
    """And where no realm comes, the login may have a domain."""
    daemon = start_site("route all {\nrealm: example.org\nstep: one\n}\n",
                   foreground=True)
    for login, realm, reason in (
            ("joe", "example.net", "no_route"),
            ("joe", "", "no_route"),
            ("joe@example.net", "", "no_route"),
            ("joe@example.org@example.net", "", "no_route"),
            ("joe@example.org", "example.net", "no_route"),
            ("joe@example.net@Example.ORG", "", "no_such_user"),
            ("joe@example.net", "example.org", "no_such_user")):
        assert daemon.ask(login, "x", realm=realm) == NO
        line = wait_until(lambda: re.findall(
            rf"auth failure: \[user={login}\].*\[realm={realm}\].*$",
            daemon.output, re.M), 5, "a line about it")
        assert line[0].endswith(f"[reason={reason}]"), line


# Which steps.

CHAINS = """
route plain {
    service: plain
    step: one
    step: two
}
route denied {
    service: denied
    step: one denied=next
    step: two
}
route unknown {
    service: unknown
    step: one no_such_user=stop
    step: two
}
route outage {
    service: outage
    step: gone
    step: two
}
route around {
    service: around
    step: gone temporary=next
    step: two
}
route late {
    service: late
    step: one
    step: gone
}
"""


@pytest.fixture(scope="module")
def chained(start_shared_daemon, shared_dir, backends):
    file = shared_dir / "chains.conf"
    file.write_text(backends + CHAINS)
    return start_shared_daemon("--config", file)


@pytest.mark.parametrize("service, login, password, reply", [
    # Unknown at the first: the next one is asked; a wrong password stays.
    ("plain", "joe", "of one", OK),
    ("plain", "joe", "of two", NO),
    ("plain", "ann", "of two", OK),
    ("plain", "ann", "wrong", NO),
    ("plain", "nobody", "wrong", NO),
    ("denied", "joe", "of one", OK),
    ("denied", "joe", "of two", OK),
    ("denied", "joe", "wrong", NO),
    ("denied", "ann", "of two", OK),
    ("unknown", "joe", "of one", OK),
    ("unknown", "ann", "of two", NO),
    # An outage is one for the whole.
    ("outage", "joe", "of two", OUTAGE),
    ("outage", "nobody", "wrong", OUTAGE),
    ("around", "joe", "of two", OK),
    ("around", "joe", "wrong", NO),
    # The one that could not be asked might know him.
    ("around", "nobody", "wrong", OUTAGE),
    ("late", "joe", "of one", OK),
    ("late", "joe", "wrong", NO),
    ("late", "ann", "of two", OUTAGE),
])
def test_steps(chained, service, login, password, reply):
    assert chained.ask(login, password, service=service,
                       realm=REALM) == reply


@needs_root
def test_a_locked_account_stays_locked(start_site, syslog):
    """Whatever the next backend would say."""
    users.add("joe", hashed="!")
    mark = syslog.mark()
    daemon = start_site("""
backend local {
    mechanism: shadow
}
route all {
    step: local
    step: one
}
""")
    assert daemon.ask("joe", "of one", realm=REALM) == NO
    line = syslog.wait_for(r"auth failure: \[user=joe\]", mark=mark)
    assert "[reason=no_such_user]" not in line.text


def test_every_step_has_its_chance(start_site):
    """One route may be as long as there are backends, and repeat them."""
    steps = "\n".join("step: one denied=next" for _ in range(20))
    daemon = start_site(f"route all {{\n{steps}\nstep: two\n}}")
    assert daemon.ask("joe", "of two", realm=REALM) == OK
    assert daemon.ask("joe", "wrong", realm=REALM) == NO


# Chains in short.

@pytest.mark.parametrize("chain", ["two,one", "two, one"])
def test_chain_of_backends(start_site, chain):
    daemon = start_site("", "-a", chain)
    assert daemon.ask("ann", "of two", realm=REALM) == OK
    assert accepts(daemon.socket, realm=REALM) == ["two"]


@needs_root
@pytest.mark.parametrize("how", ["-a", "mechanism"])
def test_chain_of_mechanisms(start_daemon, open_dir, stores, how):
    """Without a named part: each mechanism with the keys of all."""
    users.add("pwann", PASSWORD, in_passwd=True)
    file = open_dir / "flat.conf"
    lines = [f"sasldb_path: {stores['one']}"]
    args = ["-a", "sasldb,getpwent"]
    if how == "mechanism":
        lines.append("mechanism: sasldb,getpwent")
        args = []
    file.write_text("\n".join(lines) + "\n")
    daemon = start_daemon("--config", file, *args, "-n", "1",
                          foreground=True)
    assert accepts(daemon.socket, realm=REALM) == ["one"]
    assert daemon.ask("pwann", PASSWORD) == OK
    assert daemon.ask("pwann", "wrong one") == NO
    assert "belongs to mechanism" not in daemon.output


def test_one_backend_needs_no_route(start_daemon, open_dir, stores):
    file = open_dir / "site.conf"
    file.write_text("backend only {\nmechanism: sasldb\n"
                    f"sasldb_path: {stores['three']}\n}}\n")
    daemon = start_daemon("--config", file)
    assert accepts(daemon.socket, realm=REALM) == ["three"]


# What the operator is told.

def test_explain_shows_route_and_steps(chained):
    told = control.ask(chained.rundir, "explain", "joe", REALM, "around")
    route = [line for line in told if line["kind"] == "route"]
    assert [(line["name"], line["chain"]) for line in route] == \
        [("around", "gone temporary=next,two")]
    steps = [line for line in told if line["kind"] == "backend"]
    assert [(line["step"], line["name"], line["denied"],
             line["no_such_user"], line["temporary"]) for line in steps] == \
        [(1, "gone", "stop", "next", "next"),
         (2, "two", "stop", "next", "stop")]


def test_explain_without_a_route(chained):
    told = control.ask(chained.rundir, "explain", "joe", REALM, "other")
    assert not [line for line in told if line["kind"] in ("route", "backend")]
    assert "no_route" in told[-1]["text"]


def test_status_has_every_backend_and_its_pool(chained):
    told = control.ask(chained.rundir, "status")
    names = [line["name"] for line in told if line["kind"] == "backend"]
    assert names == [*STORES, "gone"]
    assert [line["backend"] for line in told if line["kind"] == "role" and
            line["name"] == "pool"] == names


# One form of a name.

def test_names_are_taken_as_they_come(start_site):
    daemon = start_site("route all {\nstep: one\n}\n")
    assert daemon.ask("JOE", "of one", realm=REALM) == NO
    assert daemon.ask(" joe", "of one", realm=REALM) == NO
    assert daemon.ask("joe", "of one") == OK	# HOST
    assert daemon.ask("joe", "of one", realm="Example.Org") == NO


@pytest.mark.parametrize("setting, sent, seen", [
    ("fold_case: yes", ("JoE", "Example.ORG"), ("joe", REALM)),
    ("trim_blanks: yes", (" \tjoe ", REALM), ("joe", REALM)),
    ("default_realm: example.net", ("joe", ""), ("joe", "example.net")),
    ("default_realm: example.net", ("joe", REALM), ("joe", REALM)),
    ("default_realm: example.net", ("joe@there", ""), ("joe@there", "")),
    ("login_template: %U", ("joe@elsewhere", REALM), ("joe", REALM)),
    ("login_template: %u@%r", ("joe", REALM), (f"joe@{REALM}", REALM)),
    ("login_template: %u@%r", (f"joe@{REALM}", REALM),
     (f"joe@{REALM}", REALM)),
    ("login_template: %u@%r", ("joe", ""), ("joe", "")),
    ("login_template: %d+%U%%", ("joe@there", ""), ("there+joe%", "")),
    ("append_realm: yes", ("joe", REALM), (f"joe@{REALM}", REALM)),
    ("append_realm: yes", ("joe", ""), ("joe", "")),
])
def test_canonical_form(start_site, setting, sent, seen):
    daemon = start_site(f"{setting}\nroute all {{\nstep: one\n}}\n",
                   foreground=True)
    daemon.ask(sent[0], "wrong one", realm=sent[1])
    line = wait_until(lambda: re.search("auth failure: .*", daemon.output),
                      5, "a line about it")[0]
    assert (f"[user={seen[0]}]" in line, f"[realm={seen[1]}]" in line) == \
        (True, True), line


@needs_root
def test_canonical_form_comes_first(start_site, syslog):
    """Before routes, backends, cache and log."""
    daemon = start_site("""
fold_case: yes
cache: yes
log_success: all
default_realm: Example.ORG
route all {
    realm: example.org
    step: one
}
""")
    mark = syslog.mark()
    assert daemon.ask("JOE", "of one") == OK
    assert daemon.ask("joe", "of one", realm="EXAMPLE.org") == OK
    first = syslog.wait_for("auth success:", mark=mark)
    second = syslog.wait_for(r"auth success \(cached\):", mark=mark)
    for line in (first, second):
        assert "[user=joe]" in line.text
        assert "[realm=example.org]" in line.text
