# SPDX-License-Identifier: BSD-2-Clause
"""Answers while others hang, stall, or ask the same."""
import contextlib
import os
import pathlib
import resource
import socket
import statistics
import struct
import subprocess
import time

from lib import users

from candidates import verdict

USER = "anyone"                 # PAM services of ours ask no account
CACHED, HANGING, COUNTED = "bench-permit", "bench-hang", "bench-count"
CALLS = "/run/bench-calls"
BACKEND_MSEC = 200
HANG_COUNTS = (5, 50, 500)
HANG_FACTOR = 2                 # p99 may grow so much
WARM_UP_REQUESTS = 40
PROBE_WAIT_SEC = 5              # stock may not come to it at all
PAM_AUTH_ERR = 7
STALLED = 1000
STALLED_PROBES, STALLED_CLIENTS, STALLED_WAIT_SEC = 80, 8, 1
STALLED_KB = 1024               # memory may grow so much
JOINED = 64


def make_services(bench):
    slow = f"{bench.slow_module} ms={BACKEND_MSEC}"
    account = "account required pam_permit.so"
    users.pam_service(CACHED, "auth required pam_permit.so", account)
    users.pam_service(HANGING, f"auth required {slow} code={PAM_AUTH_ERR}",
                      account)
    users.pam_service(COUNTED, f"auth required {slow} count={CALLS}", account)


@contextlib.contextmanager
def running(bench, candidate, args):
    """The daemon with something in its cache."""
    make_services(bench)
    candidate.start("pam", ["-c", *args.flags])
    bench.load(candidate, [USER], CACHED, "-n", str(WARM_UP_REQUESTS))
    try:
        yield
    finally:
        candidate.stop()


@contextlib.contextmanager
def hanging(bench, candidate, count):
    """So many clients, each with a name of its own, whose requests are
    refused after a while, never cached, and asked anew."""
    names = [f"slow-{i}" for i in range(count)]
    load = subprocess.Popen(
        bench.command(candidate, names, HANGING, "-c", str(count), "-t",
                      "3600", "-e", "NO"),
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    load.stdin.write(bench.password)
    load.stdin.close()
    time.sleep(2 * BACKEND_MSEC / 1000)     # all of them have asked
    try:
        yield
    finally:
        load.kill()
        load.wait()


def probe(bench, candidate, args):
    """One client's cached answers; p99 in us, or None if some stayed out."""
    figures = bench.load(candidate, [USER], CACHED, "-t", str(args.seconds),
                         "-w", str(PROBE_WAIT_SEC), strict=False)
    good = figures["failed"] == 0 and figures["unexpected"] == 0
    return figures["p99_usec"] if good and figures["requests"] else None


def hang_round(bench, candidate, args):
    """p99 idle, then under each count; a fresh daemon, or what one round
    left in its queue would be measured in the next."""
    with running(bench, candidate, args):
        row = [probe(bench, candidate, args)]
        for count in HANG_COUNTS:
            with hanging(bench, candidate, count):
                row.append(probe(bench, candidate, args))
    return row


def run_hang(bench, args):
    rows = {"ours": [], "stock": []}
    for _ in range(args.rounds):
        for candidate in (bench.ours, bench.stock):
            rows[candidate.name].append(hang_round(bench, candidate, args))
    print(f"cached p99 in us while requests hang in a {BACKEND_MSEC} ms "
          "backend")
    print(f"{'':8}{'idle':>10}" + "".join(f"{n:>18}" for n in HANG_COUNTS))
    for name, rounds in rows.items():
        medians = [None if None in column else statistics.median(column)
                   for column in zip(*rounds)]
        cells = ["no answer" if m is None or medians[0] is None else
                 f"{m:.0f} ({m / medians[0]:.1f}x)" for m in medians[1:]]
        idle = "no answer" if medians[0] is None else f"{medians[0]:.0f}"
        print(f"{name:8}{idle:>10}" + "".join(f"{c:>18}" for c in cells))
        if name == "ours":
            good = None not in medians and \
                max(medians[1:]) <= HANG_FACTOR * medians[0]
    print(f"ours at most {HANG_FACTOR} times its idle value: {verdict(good)}")


@contextlib.contextmanager
def stalled(candidate):
    """Half of them send nothing, half of them half a request."""
    half = struct.pack(">H", len(USER)) + USER.encode() + b"\0\xffpass"
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        for i in range(STALLED):
            s = stack.enter_context(socket.socket(socket.AF_UNIX))
            s.setblocking(False)
            if s.connect_ex(candidate.socket) == 0 and i % 2:
                s.send(half)
        yield


def run_stalled(bench, args):
    print(f"{STALLED} clients that say nothing, or half of it")
    for candidate in (bench.ours, bench.stock):
        with running(bench, candidate, args):
            before = candidate.pss_kb()
            with stalled(candidate):
                # Ours closes them after client_timeout, 10 s.
                figures = bench.load(
                    candidate, [USER], CACHED, "-n", str(STALLED_PROBES),
                    "-c", str(STALLED_CLIENTS), "-w", str(STALLED_WAIT_SEC),
                    strict=False)
                growth = candidate.pss_kb() - before
        print(f"{candidate.name}: {figures['requests']:.0f} probes answered, "
              f"{figures['failed']:.0f} not; {growth} kB more memory")
        if candidate is bench.ours:
            print(f"every probe answered: {verdict(figures['failed'] == 0)}; "
                  f"below {STALLED_KB} kB: {verdict(growth < STALLED_KB)}")


def run_joined(bench, args):
    print(f"{JOINED} clients ask the same at once; backend calls, and ms "
          "until all are answered")
    calls = pathlib.Path(CALLS)
    for candidate in (bench.ours, bench.stock):
        with running(bench, candidate, args):
            calls.write_text("")
            os.chmod(CALLS, 0o666)
            figures = bench.load(candidate, [USER], COUNTED, "-c",
                                 str(JOINED), "-n", str(JOINED))
            count = len(calls.read_text())
            print(f"{candidate.name}: {count} calls, "
                  f"{figures['max_usec'] / 1000:.0f} ms")
            if candidate is bench.ours:
                print(f"asked once: {verdict(count == 1)}")
