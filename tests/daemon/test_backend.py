# SPDX-License-Identifier: BSD-2-Clause
"""Backends that hang, crash or are slow, and how many workers there are."""

import os
import shutil
import signal
import threading
import time

import pytest

from asking import Asking, busy
from daemon_users import PASSWORD, REALM, RIGHT, USER, WRONG, set_password
from lib import wait_until, wire
from lib.daemon import POOL, SASLAUTHD, running, stat_fields

OK, NO = wire.string("OK"), wire.string("NO")
SLOW_SEC = 1		# what the service "slow" takes
MARGIN_SEC = 0.8	# a busy machine

needs_root = pytest.mark.needs_root


def results(asking):
    return [a.result() for a in asking]


def crowd(daemon, count, service, password=PASSWORD):
    """So many different users at once."""
    return [Asking(daemon, service, password, login=f"user{n}")
            for n in range(count)]


# A database that comes after the daemon.

@needs_root
def test_database_made_later(start_daemon, open_dir, syslog):
    """In a directory that only root may enter, which nobody could know when
    it was decided who the workers are."""
    database = open_dir / "later" / "users.lmdb"
    daemon = start_daemon("-a", "sasldb", "-O", database, "-n", "1")
    assert wire.exchange(daemon.socket, RIGHT) == wire.string("")
    mark = syslog.mark()
    database.parent.mkdir(mode=0o700)
    set_password(database, USER, PASSWORD, REALM)
    wait_until(lambda: wire.exchange(daemon.socket, RIGHT) == OK, 15,
               "an answer from the new database")
    syslog.wait_for("workers of sasldb keep the starting identity", mark=mark)


# Hang and crash.

@needs_root
def test_hang_ends_at_its_deadline(pam_daemon, syslog):
    daemon = pam_daemon("-n", "2", "--set", "backend_timeout=1")
    mark = syslog.mark()
    asking = Asking(daemon, "hang")
    (worker,) = busy(daemon)
    assert asking.result() == wire.OUTAGE
    assert 1 <= asking.seconds < 1 + MARGIN_SEC
    syslog.wait_for(r"auth error: \[user=joe\] .*\[reason=deadline",
                    mark=mark)
    # The pool itself would look at it 2 s later only.
    wait_until(lambda: not running(worker), 1, "end of the worker")
    assert worker not in daemon.wait_workers(2)


@needs_root
@pytest.mark.parametrize("mechanism", ["sasldb", "shadow", "getpwent", "pam"])
def test_silence_ends_at_its_deadline(start_daemon, store, services,
                                      mechanism):
    """A worker that stands still, whatever keeps it: one outage, then
    another worker answers."""
    option = ["-O", store] if mechanism == "sasldb" else []
    daemon = start_daemon("-a", mechanism, *option, "-n", "1", "--set",
                          "backend_timeout=1", "--set", "workers_max=1")
    (worker,) = daemon.wait_workers(1)
    assert wire.request(daemon.socket, "nosuch", "x") == wire.NO
    os.kill(worker, signal.SIGSTOP)     # one that was ready
    asking = Asking(daemon, "quick")
    assert asking.result() == wire.OUTAGE
    assert 1 <= asking.seconds < 1 + MARGIN_SEC
    wait_until(lambda: not running(worker), 1, "end of the worker")
    assert wire.request(daemon.socket, "nosuch", "x") == wire.NO


@needs_root
def test_memory_waits_for_nobody(pam_daemon):
    """What the cache knows and what a limit refuses is answered while every
    worker hangs and others queue for it."""
    daemon = pam_daemon("-c", "-n", "1", "--set", "workers_max=1",
                        "--set", "backend_timeout=3", "--set",
                        "limits=enforce", "--set", "limit_identity=1",
                        "--set", "limit_compare=0")
    assert daemon.ask(USER, PASSWORD, service="quick") == wire.OK
    assert daemon.ask("eve", "wrong one", service="quick") == wire.NO
    hanging = [Asking(daemon, "hang", login=f"user{number}")
               for number in range(3)]
    busy(daemon)
    began = time.monotonic()
    assert daemon.ask(USER, PASSWORD, service="quick") == wire.OK
    assert daemon.ask("eve", "another", service="quick") == wire.OUTAGE
    assert time.monotonic() - began < 1
    for asking in hanging:
        assert asking.result() == wire.OUTAGE


@needs_root
def test_hang_disturbs_nobody_else(pam_daemon):
    daemon = pam_daemon("-n", "2", "--set", "backend_timeout=2")
    hanging = Asking(daemon, "hang")
    busy(daemon)
    for _ in range(5):
        quick = Asking(daemon, "quick")
        assert quick.result() == wire.OK
        assert quick.seconds < MARGIN_SEC
    assert hanging.result() == wire.OUTAGE


@needs_root
def test_the_request_timeout_covers_the_queue(pam_daemon):
    """Three users and one worker: the third never reaches it."""
    daemon = pam_daemon("-n", "1", "--set", "workers_max=1",
                        "--set", "backend_timeout=1",
                        "--set", "request_timeout=2")
    asking = crowd(daemon, 4, "hang")
    assert results(asking) == [wire.OUTAGE] * 4
    assert max(a.seconds for a in asking) < 2 + MARGIN_SEC
    # The time they waited is not spent again on requests nobody awaits.
    quick = Asking(daemon, "quick")
    assert quick.result() == wire.OK
    assert quick.seconds < MARGIN_SEC


@needs_root
def test_crash_costs_one_request(pam_daemon, syslog):
    daemon = pam_daemon("-n", "2")
    slow = Asking(daemon, "slow")
    (other,) = busy(daemon)
    mark = syslog.mark()
    assert Asking(daemon, "crash").result() == wire.OUTAGE
    syslog.wait_for(r"auth error: .*\[reason=worker_died", mark=mark)
    assert slow.result() == wire.OK
    assert other in daemon.wait_workers(2)


@needs_root
def test_crash_after_crash(pam_daemon):
    """The next user's request does not pay for it."""
    daemon = pam_daemon("-n", "1", "--set", "workers_max=1")
    for _ in range(10):
        assert Asking(daemon, "crash").result() == wire.OUTAGE
        assert daemon.ask(USER, PASSWORD, service="quick") == wire.OK


def copied_programs(open_dir):
    """A saslauthd whose pool program a test may break."""
    for program in (SASLAUTHD, POOL, POOL.with_name("mech_sasldb.so")):
        shutil.copy2(program, open_dir / program.name)
    return open_dir / SASLAUTHD.name


def replace_pool(open_dir, source):
    new = open_dir / "new"
    if source is None:
        new.write_text("#!/bin/sh\nexit 70\n")
        new.chmod(0o755)
    else:
        shutil.copy2(source, new)
    new.rename(open_dir / POOL.name)


def test_pool_that_ends_at_every_start(start_daemon, store, open_dir,
                                       syslog):
    """It is tried again ever more rarely, every try is reported, clients
    get an outage in time, and a mended one serves."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1",
                          "--set", "request_timeout=1",
                          program=copied_programs(open_dir))
    daemon.wait_workers(1)
    replace_pool(open_dir, None)
    mark = syslog.mark()
    os.kill(daemon.one("pool"), signal.SIGKILL)
    assert wire.exchange(daemon.socket, RIGHT) == wire.string("")
    time.sleep(2)
    reported = syslog.find("pool of sasldb ended unexpectedly", mark)
    # 0, 100, 200, 400, 800, 1600 ms: not hundreds.
    assert 3 <= len(reported) <= 7
    replace_pool(open_dir, POOL)
    wait_until(lambda: wire.exchange(daemon.socket, RIGHT) == OK, 8,
               "service again")


def test_pool_that_cannot_start_at_all(store, open_dir):
    program = copied_programs(open_dir)
    replace_pool(open_dir, None)
    from subprocess import DEVNULL, PIPE, run
    done = run([program, "-a", "sasldb", "-O", store, "-m", open_dir / "run"],
               stdin=DEVNULL, stderr=PIPE, text=True, check=False)
    assert done.returncode not in (0, 2), done.stderr
    assert "pool" in done.stderr
    assert not (open_dir / "run" / "mux").exists()


# Clients that stall.

def cpu_ticks(pid):
    fields = stat_fields(pid)
    return int(fields[11]) + int(fields[12])


def test_stalled_clients_disturb_nobody(start_daemon, store):
    """Neither those that never end their request nor those that never
    close; each kind stopped the classic daemon with five."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "2")
    stalled = [wire.stalled(daemon.socket, RIGHT[:n % len(RIGHT)])
               for n in range(200)]
    unclosed = []
    for _ in range(20):
        sock = wire.stalled(daemon.socket, WRONG)
        assert sock.recv(100) == NO
        unclosed.append(sock)
    began = time.monotonic()
    assert wire.exchange(daemon.socket, RIGHT) == OK
    assert time.monotonic() - began < MARGIN_SEC
    for sock in stalled + unclosed:
        sock.close()


def test_full_of_stalled_clients(start_daemon, store):
    """At clients_max the longest idle is closed for the newcomer, and
    nothing spins meanwhile."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1",
                          "--set", "clients_max=16")
    stalled = [wire.stalled(daemon.socket, RIGHT[:5], 2) for _ in range(24)]
    front = daemon.one("front")
    before = cpu_ticks(front)
    time.sleep(0.5)
    assert cpu_ticks(front) - before < 0.2 * os.sysconf("SC_CLK_TCK")
    began = time.monotonic()
    assert wire.exchange(daemon.socket, RIGHT) == OK
    assert time.monotonic() - began < MARGIN_SEC
    # The first to come was the first to go; the last one is still heard.
    assert stalled[0].recv(1) == b""
    stalled[-1].sendall(RIGHT[5:])
    assert wire.read_to_end(stalled[-1]) == OK
    for sock in stalled:
        sock.close()


@needs_root
def test_full_of_waiting_clients(pam_daemon):
    """None of them may be closed; the newcomer waits for his turn and
    nothing spins."""
    daemon = pam_daemon("-n", "2", "--set", "clients_max=8",
                        "--set", "backend_timeout=2")
    asking = crowd(daemon, 8, "hang")
    busy(daemon, 8)
    front = daemon.one("front")
    before = cpu_ticks(front)
    newcomer = Asking(daemon, "quick")
    time.sleep(0.5)
    assert newcomer.is_alive()
    assert cpu_ticks(front) - before < 0.2 * os.sysconf("SC_CLK_TCK")
    assert results(asking) == [wire.OUTAGE] * 8
    assert newcomer.result() == wire.OK


@needs_root
def test_full_queue(pam_daemon, syslog):
    daemon = pam_daemon("-n", "1", "--set", "workers_max=1",
                        "--set", "queue_max=2", "--set", "backend_timeout=2")
    first = Asking(daemon, "slow")
    busy(daemon)
    mark = syslog.mark()
    asking = crowd(daemon, 3, "quick")
    assert sorted(results(asking)) == [wire.OUTAGE, wire.OK, wire.OK]
    assert first.result() == wire.OK
    syslog.wait_for(r"\[reason=queue_full", mark=mark)


@pytest.mark.parametrize("flags", [[], ["-r"]], ids=["", "-r"])
def test_largest_request(start_daemon, store, flags):
    """Every field at the highest limit there is fits between our own
    processes."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1", *flags,
                          "--set", "name_max=4096",
                          "--set", "password_max=16384")
    (worker,) = daemon.wait_workers(1)
    data = wire.encode("u" * 4096, "p" * 16384, "s" * 4096, "r" * 4096)
    assert wire.exchange(daemon.socket, data) == NO
    assert running(worker)


# How many workers.

@needs_root
def test_growth_and_shrinking(pam_daemon, syslog):
    daemon = pam_daemon("-n", "2", "--set", "workers_max=6",
                        "--set", "worker_idle=1")
    daemon.wait_workers(2)
    mark = syslog.mark()
    began = time.monotonic()
    asking = crowd(daemon, 6, "slow")
    busy(daemon, 6)
    assert results(asking) == [wire.OK] * 6
    # At once, and not two after two.
    assert time.monotonic() - began < 2 * SLOW_SEC
    assert len(daemon.by_role("worker")) == 6
    syslog.wait_for("more than 2 workers are started", mark=mark)
    syslog.wait_for("pam has reached workers_max, 6", mark=mark)
    daemon.wait_workers(2, 5)
    syslog.wait_for("pam is back at 2 workers", mark=mark)
    assert Asking(daemon, "quick").result() == wire.OK


@needs_root
def test_growth_ends_at_workers_max(pam_daemon):
    daemon = pam_daemon("-n", "2", "--set", "workers_max=3")
    most = 0
    began = time.monotonic()
    asking = crowd(daemon, 6, "slow")
    while any(a.is_alive() for a in asking):
        most = max(most, len(daemon.by_role("worker")))
        time.sleep(0.02)
    assert results(asking) == [wire.OK] * 6
    assert most == 3
    assert time.monotonic() - began >= 2 * SLOW_SEC


@needs_root
def test_no_growth_while_nothing_waits(pam_daemon):
    daemon = pam_daemon("-n", "2")
    daemon.wait_workers(2)
    for n in range(50):
        assert daemon.ask(f"user{n}", PASSWORD, service="quick") == wire.OK
    assert len(daemon.by_role("worker")) == 2


@needs_root
def test_fresh_worker_for_each_request(pam_daemon):
    """-n 0: one is kept ahead, none is used twice."""
    daemon = pam_daemon("-n", "0")
    seen = set()
    for n in range(5):
        (worker,) = daemon.wait_workers(1)
        assert worker not in seen
        seen.add(worker)
        assert daemon.ask(f"user{n}", PASSWORD, service="quick") == wire.OK
        wait_until(lambda: not running(worker), 5, "its end")
    asking = crowd(daemon, 4, "slow")
    busy(daemon, 4)
    assert results(asking) == [wire.OK] * 4
    assert max(a.seconds for a in asking) < SLOW_SEC + MARGIN_SEC


@pytest.mark.parametrize("requests", [1, 3])
def test_worker_retires(start_daemon, store, requests):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "1", "--set",
                          "workers_max=1", "--set",
                          f"worker_requests={requests}")
    (worker,) = daemon.wait_workers(1)
    for _ in range(requests):
        assert running(worker)
        assert wire.exchange(daemon.socket, RIGHT) == OK
    wait_until(lambda: not running(worker), 5, "its retirement")
    assert wire.exchange(daemon.socket, WRONG) == NO
    daemon.wait_workers(1)


def test_retirement_costs_no_request(start_daemon, store):
    daemon = start_daemon("-a", "sasldb", "-O", store, "-n", "2",
                          "--set", "worker_requests=1")
    replies = []

    def client():
        for n in range(15):
            data, reply = ((RIGHT, OK), (WRONG, NO))[n % 2]
            replies.append(wire.exchange(daemon.socket, data) == reply)

    clients = [threading.Thread(target=client) for _ in range(4)]
    for c in clients:
        c.start()
    for c in clients:
        c.join()
    assert replies == [True] * 60


# Requests that look alike.

@needs_root
@pytest.mark.parametrize("other", [
    {"password": "wrong one"}, {"login": "jim"}, {"address": "192.0.2.9"}],
    ids=["password", "login", "address"])
def test_each_request_gets_its_own_answer(pam_daemon, other):
    daemon = pam_daemon("-n", "1", "--set", "workers_max=1")
    one = Asking(daemon, "slow", address="192.0.2.8")
    busy(daemon)
    two = Asking(daemon, "slow", **{"address": "192.0.2.8", **other})
    assert one.result() == wire.OK
    assert two.result() == (wire.NO if "password" in other else wire.OK)
    assert two.seconds > one.seconds


# What a mechanism may ask of the daemon.

@needs_root
def test_failure_delay_occupies_no_worker(pam_daemon, pam_test):
    pam_test("delayed", "delay=1500000")
    daemon = pam_daemon("-n", "1", "--set", "workers_max=1")
    denied = Asking(daemon, "delayed", "wrong one")
    time.sleep(0.2)
    quick = Asking(daemon, "quick")
    assert quick.result() == wire.OK
    assert quick.seconds < MARGIN_SEC
    assert denied.result() == wire.NO
    # pam_fail_delay(3) may vary it by half.
    assert denied.seconds > 0.7
    # Whoever is right does not wait.
    right = Asking(daemon, "delayed")
    assert right.result() == wire.OK
    assert right.seconds < 0.7


@needs_root
def test_client_address_reaches_the_module(pam_daemon, pam_test):
    pam_test("from-client", "rhost=192.0.2.7")
    pam_test("from-nowhere", "rhost=-")
    daemon = pam_daemon("-n", "1")

    def ask(service, address):
        return daemon.ask(USER, PASSWORD, service=service, address=address)

    assert ask("from-client", "192.0.2.7;4711") == wire.OK
    assert ask("from-client", "192.0.2.8;4711") == wire.NO
    assert ask("from-nowhere", None) == wire.OK
    assert ask("from-nowhere", "") == wire.OK


@needs_root
@pytest.mark.ordinary_build  # ASan keeps what is freed
def test_nothing_grows(start_daemon, store):
    """Neither descriptors nor memory of the processes that stay."""
    daemon = start_daemon("-a", "sasldb", "-O", store, "-c", "-n", "1")
    daemon.wait_workers(1)
    stay = [daemon.pid, daemon.one("front"), daemon.one("pool")]

    def ask(count):
        for _ in range(count):
            assert wire.exchange(daemon.socket, RIGHT) == OK

    def sizes():
        return [(len(os.listdir(f"/proc/{pid}/fd")),
                 int(open(f"/proc/{pid}/statm").read().split()[1]))
                for pid in stay]

    ask(500)
    before = sizes()
    ask(5000)
    for (fds, pages), (fds_now, pages_now) in zip(before, sizes()):
        assert fds_now == fds
        assert pages_now - pages < 64
