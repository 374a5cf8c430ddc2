# SPDX-License-Identifier: BSD-2-Clause
"""saslauthctl: exit statuses and what it prints, against a scripted daemon,
since a real one cannot be brought into each of these states."""

import json
import os
import pty
import re
import socket
import subprocess
import termios
import time

import pytest

from control_server import END, STATUS, backend, part, status, text
from saslauthctl import (COMMANDS, CRITICAL, HOSTILE, OK, SASLAUTHCTL,
                         TIMEOUT_SEC, UNKNOWN, WARNING, control_characters,
                         run, serve)

assert serve	# a fixture

EX_CONFIG = 78


def spoken(value):
    """An id for a row of a table: what is said, not what leads to it."""
    return value if isinstance(value, str) else ""


# Status.

@pytest.mark.parametrize("lines, code, said", [
    (status(), OK, "sasldb is up"),
    (status(daemon={"state": "stopping"}), WARNING, "the daemon is stopping"),
    (status(front={"restarts": 1, "uptime_sec": 3599}), WARNING,
     "the front was restarted 59m 59s ago"),
    (status(front={"restarts": 1, "uptime_sec": 3600}), OK, ""),
    (status(pool={"pid": 0}), CRITICAL, "the pool is not running"),
    (status([backend("ldap", up=False, since_sec=130)]), CRITICAL,
     "backend ldap is down for 2m 10s"),
    (status([backend("ldap", up=False), backend()]), WARNING,
     "backend ldap is down"),
    (status([backend("ldap", up=False), backend(up=False)]), CRITICAL,
     "backend ldap is down for 3h 20m; backend sasldb is down"),
    (status([backend("ldap"), part("ldap://a/", "ldap"),
             part("ldap://b/", "ldap", up=False)]), WARNING,
     "ldap://b/ of backend ldap is down for 2m 10s"),
    (status([backend("ldap", up=False),
             part("ldap://a/", "ldap", up=False)]), CRITICAL,
     "backend ldap is down for 3h 20m |"),
    (status([backend(workers_busy=20, queued=1)]), WARNING,
     "all workers of backend sasldb are busy; requests that wait: 1"),
    (status([backend(workers_busy=20, queued=0)]), OK, ""),
    (status([backend(workers_busy=19, queued=1)]), OK, ""),
    (status(queue={"queued": 499}), OK, ""),
    (status(queue={"queued": 500}), WARNING, "requests that wait: 500 of 1000"),
    (status(queue={"queued": 1000}), CRITICAL,
     "requests that wait: 1000 of 1000"),
    (status(clients={"connected": 89, "max": 100}), OK, ""),
    (status(clients={"connected": 90, "max": 100}), WARNING,
     "connected clients: 90 of 100"),
    (status(clients={"connected": 100, "max": 100}), CRITICAL,
     "connected clients: 100 of 100"),
    (status(limits={"evicted": 5, "tries": 90, "tries_max": 100}), WARNING,
     "the table of wrong passwords is full"),
    (status(limits={"evicted": 5, "tries": 89, "tries_max": 100}), OK, ""),
    (status(limits={"evicted": 0, "tries": 100, "tries_max": 100}), OK, ""),
    (status(log={"lost": 3}), WARNING, "log lines lost: 3"),
    (status(log={"lost": 3}, pool={"pid": 0}), CRITICAL,
     "the pool is not running; log lines lost: 3"),
], ids=spoken)
def test_status_verdict(serve, open_dir, lines, code, said):
    server = serve(lines)
    done = run("status", rundir=open_dir)
    assert (done.returncode, done.stderr) == (code, "")
    word = ("OK", "WARNING", "CRITICAL", "UNKNOWN")[code]
    first = done.stdout.splitlines()[0]
    assert first.startswith(f"{word}: {said}"), first
    assert " | busy=" in first
    assert server.requests == [["status"]]
    shown = json.loads(run("status", "--json", rundir=open_dir).stdout)
    assert shown["verdict"][0]["status"] == word
    assert shown["verdict"][0]["exit"] == code
    assert code == OK or said.rstrip(" |") in shown["verdict"][0]["text"]


def test_status_page(serve, open_dir):
    serve(STATUS)
    done = run("status", rundir=open_dir)
    assert done.stdout == """\
OK: sasldb is up | busy=2;;;0;20 queue=0;;;0;1000 clients=12;;;0;16384 \
hits=2c misses=3c

saslauthd 1.1.0 in /run/saslauthd, pid 4711, up 3d 4h
settings: generation 3, in force for 2h 1m; older ones that end what runs: 1

  keeper     pid 4711    up 3d 4h
  front      pid 4713    up 3d 4h
  pool       pid 4715    up 2h 1m, 2 restarts

  backend    sasldb is up for 3h 20m
  workers    2 busy, 3 idle, 0 starting; 5 kept ready, 20 at most; 1 lost
  questions  0 waiting; half of them take less than 12.3 ms

  clients    12 of 16384 connected
  queue      0 of 1000 waiting
  cache      successes 2, refusals 0; 0.0 of 1.0 MiB; 40.0 % hits
             kept for 8h 0m; refusals: 1m 0s; grace: off
  limits     observe; over the limit: identities 1, addresses 0; refused 3
             wrong passwords: 7 of 65536 held, 0 evicted
  log        lines lost: 0
"""
    page = done.stdout.splitlines()[1:]
    assert max(map(len, page)) <= 80


def test_status_of_what_is_off(serve, open_dir):
    lines = status(cache={"enabled": False}, limits={"mode": "off"})
    del lines[4]["median_ms"]
    serve(lines)
    done = run("status", rundir=open_dir)
    assert done.returncode == OK
    assert "  cache      off\n  limits     off\n" in done.stdout
    assert "hits" not in done.stdout
    assert "  questions  0 waiting\n" in done.stdout


def test_status_of_servers(serve, open_dir):
    serve(status([backend("ldap"), backend("two"),
                  part("ldap://b/", "ldap", up=False, why="a" + HOSTILE),
                  part("ldap://a/", "ldap"), part("ldap://c/", "two")]))
    shown = run("status", rundir=open_dir).stdout
    assert not control_characters(shown)
    assert re.search(r"""
  backend    ldap is up for 3h 20m
  server     ldap://b/ is DOWN for 2m 10s: aevil.*
  server     ldap://a/ is up for 2m 10s
  workers    .*
(?s:.*)  backend    two is up for 3h 20m
  server     ldap://c/ is up for 2m 10s
  workers    """, shown)


def test_status_json(serve, open_dir):
    serve(STATUS)
    shown = json.loads(run("--json", "status", rundir=open_dir).stdout)
    assert [role["name"] for role in shown["role"]] == \
        ["keeper", "front", "pool"]
    assert shown["backend"] == [
        {k: v for k, v in backend().items() if k != "kind"}]
    assert set(shown) == {line["kind"] for line in STATUS} - {"end"} | \
        {"verdict"}


# What goes wrong. Every command says it on standard error, status where
# monitoring looks; each exit status is that of its cause.

def check_failure(open_dir, code, said):
    for command in COMMANDS:
        done = run(*command, rundir=open_dir)
        assert done.returncode == code, command
        assert said in (done.stdout if command == ["status"]
                        else done.stderr), command
        shown = json.loads(run(*command, "--json", rundir=open_dir).stdout)
        assert said in json.dumps(shown)


def test_no_directory(open_dir):
    check_failure(open_dir / "none", CRITICAL, "There is no directory")


def test_not_running(open_dir):
    check_failure(open_dir, CRITICAL, "saslauthd is not running in")


def test_killed(open_dir):
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(open_dir / "control"))
    check_failure(open_dir, CRITICAL, "Nothing listens on")


def test_daemon_without_control_socket(open_dir):
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(open_dir / "mux"))
        other.listen(20)
        check_failure(open_dir, UNKNOWN, "another saslauthd or an older one")


@pytest.mark.parametrize("reply, said", [
    (b"", "closed"),
    (text(STATUS[:3]), "it was cut short"),
    (text(STATUS)[:-9], "it was cut short"),
    (b"hello\n", "not an object"),
    (b"\0\2OK", "it was cut short"),
    (b'{"a":1}\n', "it has no kind"),
    (b'{"kind":"A b"}\n', "it has no kind"),
    (b'{"kind":"x","n":{}}\n', "not a value"),
    (b'{"kind":"end"}\n{"kind":"end"}\n', "behind the end"),
    (None, "Message too long"),
    (text([{"kind": "error", "text": "no " + HOSTILE}]),
     r"saslauthd says: no evil"),
], ids=spoken)
def test_replies_that_cannot_be_used(serve, open_dir, reply, said):
    # pytest puts parameters into the environment: a long one does not fit.
    serve(b"x" * 300_000 if reply is None else reply)
    check_failure(open_dir, UNKNOWN, said)
    done = run("list", rundir=open_dir)
    assert not control_characters(done.stderr)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_a_reply_of_something_else(serve, open_dir, command):
    """Nothing of what the command needs: an empty list is the exception."""
    serve([{"kind": "weather", "text": "fine"}, END])
    done = run(*command, rundir=open_dir)
    assert done.returncode == (OK if command == ["list"] else UNKNOWN)


def test_silent_daemon(serve, open_dir):
    server = serve(lambda words: None)
    began = time.monotonic()
    done = run("status", rundir=open_dir)
    assert done.returncode == CRITICAL
    assert done.stdout.startswith("CRITICAL: saslauthd does not answer")
    assert 7 < time.monotonic() - began < TIMEOUT_SEC
    assert server.requests == [["status"]]


@pytest.mark.needs_root
def test_no_permission(serve, open_dir):
    serve(STATUS)
    (open_dir / "control").chmod(0o600)
    done = subprocess.run(
        ["setpriv", "--reuid", "nobody", "--clear-groups", SASLAUTHCTL,
         "-m", open_dir, "status"], check=False, capture_output=True,
        text=True)
    assert done.returncode == UNKNOWN
    assert done.stdout.startswith("UNKNOWN: No permission to use")
    assert "run this as root" in done.stdout


@pytest.mark.parametrize("args", [
    [], ["stat"], ["status", "x"], ["flush"], ["flush", ""],
    ["flush", "joe", "--all"], ["flush", "a", "b", "c"],
    ["status", "--all"], ["status", "-i", "1"], ["list", "-n", "1"],
    ["explain", "joe", "example.org"], ["explain", "a", "b", "c", "d", "e"],
    ["watch", "-i", "0"], ["watch", "-i", "x"], ["watch", "-n", "0"],
    ["log-level"], ["reload", "now"], ["drain", "now"],
    ["--nonsense", "status"],
])
def test_wrong_use(serve, open_dir, args):
    server = serve(STATUS)
    done = run(*args, rundir=open_dir)
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert done.stderr.startswith("saslauthctl: ") or \
        ": unrecognized option" in done.stderr
    assert server.requests == []


def test_help_and_version():
    done = run("--help")
    assert (done.returncode, done.stderr) == (OK, "")
    for command in COMMANDS:
        assert f"\n  {command[0]}" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert re.fullmatch(r"saslauthctl \S+\n", run("--version").stdout)


def test_unwritable_output(serve, open_dir):
    serve(STATUS)
    with open("/dev/full", "w") as full:
        done = subprocess.run([SASLAUTHCTL, "-m", open_dir, "status"],
                              check=False, stdout=full)
    assert done.returncode == UNKNOWN


# Flush, log level, reload, list.

@pytest.mark.parametrize("ok, said, code, out, err", [
    (True, "", OK, "reloaded: served by generation 3 now\n", ""),
    (True, "x is warned of", OK,
     "reloaded: served by generation 3 now; x is warned of\n", ""),
    (False, "x.conf:7: " + HOSTILE, EX_CONFIG, "",
     "saslauthctl: refused, nothing has changed: x.conf:7: evil"),
], ids=spoken)
def test_reload(serve, open_dir, ok, said, code, out, err):
    server = serve([{"kind": "reloaded", "ok": ok, "generation": 3,
                     "text": said}, END])
    done = run("reload", rundir=open_dir)
    assert (done.returncode, done.stdout) == (code, out)
    assert done.stderr.startswith(err) and bool(done.stderr) == bool(err)
    assert not control_characters(done.stderr)
    assert server.requests == [["reload"]]
    done = run("reload", "--json", rundir=open_dir)
    assert (done.returncode, done.stderr) == (code, "")
    assert json.loads(done.stdout) == {"reloaded": [
        {"ok": ok, "generation": 3, "text": said}]}


def test_flush(serve, open_dir):
    server = serve([{"kind": "flushed", "entries": 1}, END])
    assert run("flush", "joe", rundir=open_dir).stdout == \
        "flushed 1 entry, 0 refusals, 0 wrong passwords\n"
    run("flush", "joe", "example.org", rundir=open_dir)
    run("flush", "--all", rundir=open_dir)
    run("flush", "joe", "", rundir=open_dir)
    run("flush", "--", "--all", rundir=open_dir)
    assert server.requests == [
        ["flush", "joe"], ["flush", "joe", "example.org"], ["flush"],
        ["flush", "joe", ""], ["flush", "--all"]]
    shown = run("flush", "joe", "--json", rundir=open_dir).stdout
    assert json.loads(shown) == {"flushed": [{"entries": 1}]}


def test_names_too_long(serve, open_dir):
    server = serve(STATUS)
    done = run("flush", "j" * 9000, rundir=open_dir)
    assert done.returncode == UNKNOWN
    assert "longer than 8192 bytes" in done.stderr
    assert server.requests == []


def entry(user, realm="", remote="", age_sec=17):
    return {"kind": "entry", "user": user, "realm": realm,
            "service": "smtp", "remote": remote, "backend": "sasldb",
            "age_sec": age_sec, "created": 1795354066}


def test_list(serve, open_dir):
    serve([entry("alice"), entry("joe", "example.org", "192.0.2.1", 4000),
           END])
    assert run("list", rundir=open_dir).stdout == (
        "AGE      USER @ REALM                   SERVICE    BACKEND    "
        "ADDRESS\n"
        "17s      alice                          smtp       sasldb\n"
        "1h 6m    joe @ example.org              smtp       sasldb     "
        "192.0.2.1\n")


def test_list_is_empty(serve, open_dir):
    serve([END])
    assert run("list", rundir=open_dir).stdout == ""
    assert json.loads(run("list", "--json", rundir=open_dir).stdout) == \
        {"entry": []}


def test_list_is_long(serve, open_dir):
    serve([entry(f"user{i}") for i in range(20000)] + [END])
    done = run("list", "--json", rundir=open_dir)
    assert len(json.loads(done.stdout)["entry"]) == 20000


def test_list_breaks_off(serve, open_dir):
    serve(text([entry("alice")]))
    done = run("list", "--json", rundir=open_dir)
    assert done.returncode == UNKNOWN
    shown = json.loads(done.stdout)
    assert len(shown["entry"]) == len(shown["error"]) == 1


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_hostile_names(serve, open_dir, locale):
    serve([entry(HOSTILE + "ü", HOSTILE, HOSTILE), END])
    done = subprocess.run([SASLAUTHCTL, "-m", open_dir, "list"],
                          env={"LC_ALL": locale}, capture_output=True,
                          check=True)
    shown = done.stdout.decode()
    assert not control_characters(shown)
    assert shown.count("\n") == 2
    assert r'evil"\x1b[2J\xc2\x9b\x5cn\x0a\xe2\x80\xae[x]\x7f' in shown
    assert ("ü" in shown) == (locale != "C")
    out = run("list", "--json", rundir=open_dir).stdout
    assert json.loads(out)["entry"][0]["user"] == HOSTILE + "ü"
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)


# Explain.

EXPLAIN = [
    {"kind": "canonical", "login": "joe@example.org", "realm": "example.org",
     "service": "smtp", "address": "", "identity": "joe@example.org"},
    {"kind": "listener", "name": "default", "services": "", "serves": True,
     "allow_uids": "postfix, 0", "allow_gids": ""},
    {"kind": "limits", "mode": "enforce", "identity": 3, "identity_max": 20,
     "address": 0, "address_max": 50, "pair": 0, "known": True,
     "exempt": False, "verdict": "pass"},
    {"kind": "cache", "enabled": True, "state": "valid", "age_sec": 725,
     "expires_sec": 2875},
    {"kind": "passed", "name": "office", "condition": "client",
     "text": "client (none) is in none of its networks"},
    {"kind": "route", "name": "default", "chain": "ldap",
     "timeout_sec": 30},
    {"kind": "because", "name": "default", "condition": "none",
     "text": "it has no conditions"},
    {**backend("ldap"), "step": 1, "sees_address": False,
     "sees_realm": True, "denied": "stop", "no_such_user": "next",
     "temporary": "stop"},
    {"kind": "advice", "text": "ldap is asked."}, END]


def test_explain(serve, open_dir):
    serve(EXPLAIN)
    assert run("explain", "joe", "", "smtp", rundir=open_dir).stdout == """\
  asked as    login joe@example.org, realm example.org
              service smtp, client address (none)
  counted as  joe@example.org
  listener    default
              services: all
              who may connect to it: users (postfix, 0), groups ()
  not route   office: client (none) is in none of its networks
  route       default: ldap
              because it has no conditions
  limits      enforce: pass
              wrong passwords: identity 3 of 20, address 0 of 50, pair 0
              it has succeeded from this address before
  cache       valid, stored 12m 5s ago, expires in 47m 55s
  step 1      backend ldap, up for 3h 20m
              2 of 20 workers busy, 0 questions waiting
              it looks at the realm and does not look at the client address
              then: denied stop, no such user next, temporary stop

ldap is asked.
"""


def test_explain_no_route(serve, open_dir):
    serve([*EXPLAIN[:2], {"kind": "advice", "text": "No route."}, END])
    shown = run("explain", "joe", "", "smtp", rundir=open_dir)
    assert shown.returncode == 0
    assert "route       (none)\n\nNo route.\n" in shown.stdout


def test_explain_words(serve, open_dir):
    server = serve(EXPLAIN)
    run("explain", "joe", "", "smtp", rundir=open_dir)
    run("explain", "joe", "r", "smtp", "192.0.2.1", "--listener", "inner",
        rundir=open_dir)
    assert server.requests == [
        ["explain", "joe", "", "smtp", "", ""],
        ["explain", "joe", "r", "smtp", "192.0.2.1", "inner"]]
    shown = json.loads(run("explain", "joe", "", "smtp", "--json",
                           rundir=open_dir).stdout)
    assert [line["step"] for line in shown["backend"]] == [1]
    assert shown["advice"] == [{"text": "ldap is asked."}]


TRIED = [
    {"kind": "step", "step": 1, "name": "ldap", "mech": "ldap",
     "result": "tempfail", "reason": "queue_full", "detail": "too many",
     "queue_ms": 0.04, "then": "next"},
    {"kind": "step", "step": 2, "name": "old", "mech": "sasldb",
     "result": "denied", "reason": "bad_password", "queue_ms": 1.26,
     "worker_ms": 12.5, "then": "stop"},
    {"kind": "verdict", "result": "denied", "reason": "bad_password",
     "reply": "NO", "ms": 13.8}, END]


def serve_tries(serve):
    return serve(lambda words: EXPLAIN if words[0] == "explain" else TRIED)


@pytest.mark.parametrize("given, sent", [
    ("s3cret\nmore\n", "s3cret"), ("s3 cret", "s3 cret"), ("\n", ""),
])
def test_explain_with_a_password(serve, open_dir, given, sent):
    server = serve_tries(serve)
    done = run("explain", "joe", "", "smtp", "--password", rundir=open_dir,
               given=given)
    assert done.stdout.endswith("""
ldap is asked.

Asked with this password, past limits and cache:
  step 1      ldap (ldap): tempfail, queue_full: too many
              0.0 ms in the queue, at no worker; then: the next step
  step 2      old (sasldb): denied, bad_password
              1.3 ms in the queue, 12.5 ms at a worker; then: stop
  verdict     denied, bad_password
  reply       NO, after 13.8 ms
""")
    assert (done.returncode, done.stderr) == (OK, "")
    assert server.requests == [
        ["explain", "joe", "", "smtp", "", ""],
        ["try", "joe", "", "smtp", "", "", sent]]


def test_explain_with_a_password_as_json(serve, open_dir):
    serve_tries(serve)
    done = run("explain", "joe", "", "smtp", "--password", "--json",
               rundir=open_dir, given="s3cret\n")
    shown = json.loads(done.stdout)
    assert list(shown) == ["canonical", "listener", "limits", "cache",
                           "passed", "route", "because", "backend",
                           "advice", "step", "verdict"]
    assert [line["then"] for line in shown["step"]] == ["next", "stop"]


@pytest.mark.parametrize("given, said", [
    ("s3\0cret\n", "a NUL byte is in the password"),
    ("x" * 8192, "longer than 8192 bytes"),
    ("x" * 70000, "password: longer than 65535 bytes"),
])
def test_explain_with_no_password(serve, open_dir, given, said):
    server = serve_tries(serve)
    done = run("explain", "joe", "", "smtp", "--password", rundir=open_dir,
               given=given)
    assert done.returncode == UNKNOWN
    assert said in done.stderr
    assert [words[0] for words in server.requests] == ["explain"]


def test_password_is_prompted_for(serve, open_dir):
    """Where it is not in the way of the answer, and without echo."""
    server = serve_tries(serve)
    primary, secondary = pty.openpty()
    with subprocess.Popen([SASLAUTHCTL, "-m", open_dir, "explain", "joe", "",
                           "smtp", "--password", "--json"],
                          stdin=secondary, stdout=subprocess.PIPE,
                          stderr=secondary) as process:
        os.close(secondary)
        shown = b""
        while b"Password: " not in shown:
            shown += os.read(primary, 4096)
        assert not termios.tcgetattr(primary)[3] & termios.ECHO
        os.write(primary, b"s3cret\n")
        answer = json.load(process.stdout)
    os.close(primary)
    assert answer["verdict"][0]["reply"] == "NO"
    assert server.requests[-1] == ["try", "joe", "", "smtp", "", "",
                                   "s3cret"]


@pytest.mark.parametrize("cache, said", [
    ({"enabled": False}, "off"),
    ({"enabled": True, "state": "none"},
     "no success of it is remembered"),
    ({"enabled": True, "state": "stale", "age_sec": 60,
      "expires_sec": -5}, "stale, stored 1m 0s ago"),
])
def test_explain_cache(serve, open_dir, cache, said):
    serve([{"kind": "cache", **cache} if line["kind"] == "cache" else line
           for line in EXPLAIN])
    assert f"\n  cache       {said}\n" in \
        run("explain", "joe", "", "smtp", rundir=open_dir).stdout


def test_explain_hostile_names(serve, open_dir):
    serve([{**line, **{k: HOSTILE for k, v in line.items()
                       if isinstance(v, str) and k != "kind"}}
           for line in EXPLAIN[:-1]] + [END])
    done = run("explain", HOSTILE, HOSTILE, HOSTILE, rundir=open_dir)
    assert done.returncode == OK
    assert not control_characters(done.stdout)


# Metrics.

METRICS = r"""# TYPE saslauthd_requests counter
saslauthd_requests_total{service="a\"b\\c\nd,}=",result="ok"} 12
saslauthd_requests_total{} 0.5 1795354066
# TYPE saslauthd_up gauge
saslauthd_up 1
saslauthd_small 1.5e-05
saslauthd_latency_seconds_bucket{le="+Inf"} 7 # {id="x"} 0.1
saslauthd_unknown NaN
# EOF
"""


def chunks(whole, size):
    return [{"kind": "text", "text": whole[i:i + size]}
            for i in range(0, len(whole), size)] + [END]


def test_metrics(serve, open_dir):
    serve(chunks(METRICS, 7))
    assert run("metrics", rundir=open_dir).stdout == METRICS
    assert json.loads(run("metrics", "--json", rundir=open_dir).stdout) == {
        "sample": [
            {"name": "saslauthd_requests_total", "value": 12,
             "labels": {"service": 'a"b\\c\nd,}=', "result": "ok"}},
            {"name": "saslauthd_requests_total", "value": 0.5,
             "labels": {}},
            {"name": "saslauthd_up", "value": 1, "labels": {}},
            {"name": "saslauthd_small", "value": 1.5e-05, "labels": {}},
            {"name": "saslauthd_latency_seconds_bucket", "value": 7,
             "labels": {"le": "+Inf"}},
            {"name": "saslauthd_unknown", "value": None, "labels": {}}]}


def test_metrics_cut(serve, open_dir):
    serve(chunks(METRICS[:-1], 100))
    done = run("metrics", rundir=open_dir)
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert "cut short" in done.stderr


@pytest.mark.parametrize("line", [
    "1abc 2", "name", "name ", 'name{a="b} 1', 'name{a="b"', 'name{a=b} 1',
    'name{a="b"}1', 'name{="b"} 1', 'name{a="b",} 1', 'name{a="\\'])
def test_metrics_that_are_none(serve, open_dir, line):
    serve(chunks(f"good 1\n{line}\n# EOF\n", 100))
    done = run("metrics", "--json", rundir=open_dir)
    assert done.returncode == UNKNOWN
    shown = json.loads(done.stdout)
    assert shown["sample"] == [{"name": "good", "value": 1, "labels": {}}]
    assert len(shown["error"]) == 1
