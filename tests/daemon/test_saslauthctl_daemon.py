# SPDX-License-Identifier: BSD-2-Clause
"""saslauthctl against a real daemon."""

import json
import os
import signal
import subprocess

import pytest

from asking import Asking, busy
from daemon_users import PASSWORD, REALM, USER
from lib import wait_until, wire
from lib.daemon import START_SEC
from saslauthctl import (COMMANDS, CRITICAL, OK, SASLAUTHCTL, TIMEOUT_SEC,
                         UNKNOWN, WARNING, run)


@pytest.fixture
def daemon(start_daemon, store):
    return start_daemon("-a", "sasldb", "-c", "--set", f"sasldb_path={store}")


def test_status(daemon):
    done = run("status", rundir=daemon.rundir)
    assert done.returncode == OK, done.stdout
    assert done.stdout.startswith("OK: sasldb is up |")
    assert f"in {daemon.rundir}, pid {daemon.pid}," in done.stdout
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80
    shown = json.loads(run("status", "--json", rundir=daemon.rundir).stdout)
    assert {role["name"]: role["pid"] for role in shown["role"]} == \
        {role: daemon.one(role) for role in ("keeper", "front", "pool")}


def test_cache(daemon):
    assert daemon.ask(USER, PASSWORD, service="smtp", realm=REALM) == b"OK"
    shown = json.loads(run("list", "--json", rundir=daemon.rundir).stdout)
    assert [(e["user"], e["realm"], e["service"]) for e in shown["entry"]] \
        == [(USER, REALM, "smtp")]
    explained = run("explain", USER, REALM, "smtp", rundir=daemon.rundir)
    assert explained.returncode == OK
    assert "  cache       valid, stored " in explained.stdout
    assert "step 1      backend sasldb, up for" in explained.stdout
    assert run("flush", "nobody", rundir=daemon.rundir).stdout == \
        "flushed 0 entries, 0 refusals, 0 wrong passwords\n"
    assert run("flush", USER, REALM, rundir=daemon.rundir).stdout == \
        "flushed 1 entry, 0 refusals, 0 wrong passwords\n"
    assert run("list", rundir=daemon.rundir).stdout == ""


def test_json(daemon):
    """Every command that does not end the daemon."""
    for command in COMMANDS[:-1]:
        done = run(*command, "--json", rundir=daemon.rundir)
        assert done.returncode == OK, done.stderr
        assert json.loads(done.stdout)


def test_metrics(daemon):
    daemon.ask(USER, PASSWORD, service="smtp", realm=REALM)
    assert run("metrics", rundir=daemon.rundir).stdout.endswith("# EOF\n")
    shown = json.loads(run("metrics", "--json", rundir=daemon.rundir).stdout)
    counted = [s for s in shown["sample"]
               if s["name"] == "saslauthd_requests_total" and
               s["labels"].get("service") == "smtp"]
    assert sum(s["value"] for s in counted) == 1


def test_log_level(daemon):
    assert run("log-level", "debug", rundir=daemon.rundir).stdout == \
        "log level: debug\n"
    assert ", log level debug\n" in run("status",
                                        rundir=daemon.rundir).stdout
    assert run("log-level", "info", rundir=daemon.rundir).stdout == \
        "log level: info\n"
    assert run("log-level", "loud", rundir=daemon.rundir).returncode == \
        UNKNOWN


def test_watch(daemon):
    process = subprocess.Popen(
        [SASLAUTHCTL, "-m", daemon.rundir, "watch", "-n", "2", "--json"],
        stdout=subprocess.PIPE, text=True)
    json.loads(process.stdout.readline())
    for _ in range(5):
        daemon.ask(USER, PASSWORD, service="smtp", realm=REALM)
    shown = json.loads(process.stdout.readline())
    process.communicate(timeout=TIMEOUT_SEC)
    assert 1 < shown["requests_per_sec"] < 20
    assert shown["latency_ms"] > 0


def test_drain(daemon):
    """The command returns when the daemon is gone, not before."""
    done = run("drain", rundir=daemon.rundir)
    assert (done.returncode, done.stdout) == \
        (OK, "saslauthd has finished and ended\n")
    daemon.wait_gone(2)
    assert not (daemon.rundir / "control").exists()
    assert run("status", rundir=daemon.rundir).returncode == CRITICAL


@pytest.mark.needs_root
def test_drain_waits_for_requests(pam_daemon):
    daemon = pam_daemon("-n", "1")
    asking = Asking(daemon, "slow")
    busy(daemon)
    assert run("drain", rundir=daemon.rundir).returncode == OK
    daemon.wait_gone(2)
    assert asking.result() == wire.OK


def test_outage(start_daemon, store):
    daemon = start_daemon(
        "-a", "sasldb", "--set", f"sasldb_path={store}", "-n", "1", "--set",
        "workers_max=1", "--set", "backend_timeout=1")
    (worker,) = daemon.wait_workers(1)
    os.kill(worker, signal.SIGSTOP)
    assert daemon.ask(USER, PASSWORD, realm=REALM) == wire.OUTAGE
    done = run("status", rundir=daemon.rundir)
    assert done.returncode == CRITICAL
    assert done.stdout.startswith("CRITICAL: backend sasldb is down for ")
    assert wire.OK == daemon.ask(USER, PASSWORD, realm=REALM)
    assert run("status", rundir=daemon.rundir).returncode == OK


def test_restart(daemon):
    """A front that was replaced is told about for an hour."""
    front = daemon.one("front")
    os.kill(front, signal.SIGKILL)
    wait_until(lambda: daemon.by_role("front") not in ([], [front]),
               START_SEC, "another front")
    done = wait_until(
        lambda: (r := run("status", rundir=daemon.rundir)).returncode !=
        CRITICAL and r, START_SEC, "an answer")
    assert done.returncode == WARNING
    assert "the front was restarted" in done.stdout


@pytest.mark.needs_root
def test_permission(daemon):
    done = subprocess.run(
        ["setpriv", "--reuid", "nobody", "--clear-groups", SASLAUTHCTL,
         "-m", daemon.rundir, "drain"], check=False, capture_output=True,
        text=True)
    assert done.returncode == UNKNOWN
    assert "No permission" in done.stderr
    assert run("status", rundir=daemon.rundir).returncode == OK
