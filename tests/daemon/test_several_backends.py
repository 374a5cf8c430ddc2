# SPDX-License-Identifier: BSD-2-Clause
"""Several backends in one daemon: each has its own pool, settings, time and
memory, and its own troubles."""

import os
import re
import shutil
import signal

import pytest

from asking import Asking
from daemon_users import REALM
from databases import accepts, password_of
from lib import control, wait_until, wire
from lib.daemon import START_SEC, Daemon, command_line

OK, NO, OUTAGE = wire.OK, wire.NO, wire.OUTAGE
CONFIGURATION = 78
MARGIN_SEC = 0.8	# a busy machine

needs_root = pytest.mark.needs_root


# A pool for each.

def pools(daemon):
    """{backend: pid}"""
    found = {}
    for pid in daemon.by_role("pool"):
        match = re.match(r"saslauthd-pool: (\w+) pool", command_line(pid))
        if match:
            found[match[1]] = pid
    return found


def workers(daemon, name):
    return [pid for pid in daemon.by_role("worker")
            if command_line(pid) == f"saslauthd-pool: {name} worker"]


EACH = """
route one {
    service: one
    step: one
}
route two {
    service: two
    step: two
}
"""


def test_backend_has_its_own_settings(start_daemon, open_dir, stores):
    file = open_dir / "site.conf"
    file.write_text(f"""
workers: 1
backend one {{
    mechanism: sasldb
    sasldb_path: {stores["one"]}
    workers: 3
}}
backend two {{
    mechanism: sasldb
    sasldb_path: {stores["two"]}
}}
{EACH}""")
    daemon = start_daemon("--config", file)
    daemon.wait_workers(4)
    assert sorted(pools(daemon)) == ["one", "two"]
    assert len(workers(daemon, "one")) == 3
    assert len(workers(daemon, "two")) == 1


def test_death_of_a_pool_is_its_own(start_site):
    daemon = start_site(EACH)
    two = pools(daemon)["two"]
    others = {name: pid for name, pid in pools(daemon).items()
              if name != "two"}
    os.kill(two, signal.SIGKILL)
    assert accepts(daemon.socket, service="one", realm=REALM) == ["one"]
    wait_until(lambda: pools(daemon).get("two") not in (None, two),
               START_SEC, "another pool")
    wait_until(lambda: accepts(daemon.socket, service="two", realm=REALM) ==
               ["two"], START_SEC, "its answers")
    assert {name: pid for name, pid in pools(daemon).items()
            if name != "two"} == others


@needs_root
def test_worker_user_of_a_backend(start_daemon, open_dir, stores):
    """Each database is readable to its own user only."""
    text = ""
    for name, user in (("one", "games"), ("two", "mail")):
        directory = open_dir / name
        directory.mkdir()
        for suffix in ("", "-lock"):
            shutil.copy(f"{stores[name]}{suffix}",
                        directory / f"users.lmdb{suffix}")
        for path in (directory, *directory.iterdir()):
            shutil.chown(path, user)
            path.chmod(0o700 if path.is_dir() else 0o600)
        text += (f"backend {name} {{\nmechanism: sasldb\n"
                 f"sasldb_path: {directory}/users.lmdb\n"
                 f"worker_user: {user}\nworkers: 1\n}}\n")
    file = open_dir / "site.conf"
    file.write_text(text + EACH)
    daemon = start_daemon("--config", file)
    for name in ("one", "two"):
        assert accepts(daemon.socket, service=name, realm=REALM) == [name]
    daemon.wait_workers(2)
    owners = {name: os.stat(f"/proc/{workers(daemon, name)[0]}").st_uid
              for name in ("one", "two")}
    assert 0 not in owners.values()
    assert owners["one"] != owners["two"]


# Time.

@needs_root
def test_a_hang_costs_its_backend_only(start_site, services):
    """The others' requests neither wait nor lose a worker."""
    daemon = start_site("""
backend modules {
    mechanism: pam
    workers: 1
    workers_max: 1
    backend_timeout: 2
}
route modules {
    service: hang
    step: modules temporary=next
    step: one
}
route rest {
    step: one
}
""")
    hanging = Asking(daemon, "hang", "of one", login="joe")
    quick = Asking(daemon, "quick", "of one", login="joe")
    assert quick.result() == OK
    assert quick.seconds < MARGIN_SEC
    # Then the next step is taken, within request_timeout.
    assert hanging.result() == OK
    assert 2 <= hanging.seconds < 2 + MARGIN_SEC


@needs_root
def test_request_timeout_covers_all_steps(start_site, services):
    steps = "step: modules temporary=next\n" * 4
    daemon = start_site(f"""
request_timeout: 2
backend modules {{
    mechanism: pam
    backend_timeout: 1
}}
route all {{
    {steps}
}}
""")
    asking = Asking(daemon, "hang")
    assert asking.result() == OUTAGE
    assert 2 - 0.05 <= asking.seconds < 2 + MARGIN_SEC


# The cache.

def test_what_one_chain_knows_is_no_answer_of_another(start_site):
    daemon = start_site("cache: yes\ncache_negative_ttl: 60\n" + EACH.replace(
        "service: two", "realm: example.net").replace(
        "service: one", "realm: example.org"))
    for _ in range(2):
        assert accepts(daemon.socket, realm="example.org") == ["one"]
        assert accepts(daemon.socket, realm="example.net") == ["two"]


def test_same_request_on_two_listeners(start_site, open_dir):
    """Equal in everything but the way it came in."""
    inner = open_dir / "inner"
    daemon = start_site(f"""
cache: yes
cache_negative_ttl: 60
listener inner {{
    path: {inner}
}}
route inner {{
    listener: inner
    step: one
}}
route outer {{
    step: two
}}
""")
    for _ in range(2):
        assert accepts(inner, realm=REALM) == ["one"]
        assert accepts(daemon.socket, realm=REALM) == ["two"]


def test_same_backends_on_two_listeners(start_site, open_dir):
    """What one route lets pass the other one does not."""
    inner = open_dir / "inner"
    daemon = start_site(f"""
cache: yes
listener inner {{
    path: {inner}
}}
route inner {{
    listener: inner
    step: one denied=next
    step: two
}}
route outer {{
    step: one
    step: two
}}
""")
    for _ in range(2):
        assert wire.request(inner, "joe", "of two", realm=REALM) == OK
        assert daemon.ask("joe", "of two", realm=REALM) == NO


@needs_root
def test_cache_of_a_backend(start_daemon, open_dir, stores, syslog):
    """Its successes are remembered, the other's are not."""
    file = open_dir / "site.conf"
    file.write_text(f"""
log_success: all
backend one {{
    mechanism: sasldb
    sasldb_path: {stores["one"]}
    cache: yes
}}
backend two {{
    mechanism: sasldb
    sasldb_path: {stores["two"]}
}}
{EACH}""")
    daemon = start_daemon("--config", file)
    mark = syslog.mark()
    for name in ("one", "two"):
        for _ in range(2):
            assert daemon.ask("joe", password_of(name), service=name,
                              realm=REALM) == OK
    syslog.wait_for(r"auth success \(cached\): .*\[service=one\]", mark=mark)
    wait_until(lambda: len(syslog.find(r"auth success:.*\[service=two\]",
                                       mark)) == 2, 5, "two successes")
    assert not syslog.find(r"\(cached\): .*\[service=two\]", mark)


# A backend that does not open.

def test_backend_that_does_not_open_yet(start_site, open_dir, breakable):
    broken = open_dir / "broken"
    broken.touch()
    daemon = start_site(EACH, program=breakable, foreground=True)
    assert accepts(daemon.socket, service="one", realm=REALM) == ["one"]
    assert daemon.ask("joe", "of two", service="two", realm=REALM) == OUTAGE
    wait_until(lambda: "the key is unreadable" in daemon.output, START_SEC,
               "a word in the log")
    assert re.search(r"auth error: .*\[reason=config", daemon.output)
    said = control.one(daemon.rundir, "backend", "status", name="two")
    assert (said["up"], said["trouble"]) == (False, "the key is unreadable")
    assert control.one(daemon.rundir, "backend", "status", name="one")["up"]
    assert control.one(daemon.rundir, "unopened", "config") == {
        "kind": "unopened", "part": "backend", "name": "two",
        "trouble": "the key is unreadable"}
    assert control.one(daemon.rundir, "setting", "config", name="two",
                       key="workers")["value"] == "1"
    broken.unlink()
    wait_until(lambda: "backend two is open" in daemon.output, START_SEC,
               "the backend")
    assert accepts(daemon.socket, service="two", realm=REALM) == ["two"]
    assert accepts(daemon.socket, service="one", realm=REALM) == ["one"]
    said = control.one(daemon.rundir, "backend", "status", name="two")
    assert said["up"] and "trouble" not in said
    said = control.one(daemon.rundir, "setting", "config", name="two",
                       key="sasldb_path")
    assert said["value"].endswith("/two.lmdb")


def test_no_backend_opens(open_dir, stores, breakable):
    (open_dir / "broken").touch()
    file = open_dir / "site.conf"
    file.write_text("backend two {\nmechanism: sasldb\n"
                    f"sasldb_path: {stores['two']}\n}}\n")
    daemon = Daemon("--config", file, program=breakable)
    daemon.spawn()
    assert daemon.process.wait(START_SEC) == CONFIGURATION, daemon.report()
    assert "the key is unreadable" in daemon.output
    wait_until(lambda: not daemon.socket.exists(), 1, "no socket")
    daemon.remove()
