# SPDX-License-Identifier: BSD-2-Clause
"""A directory that is far away, needs many workers, or hangs."""
import statistics
import sys
import time

from lib import slapd, wire

import ldap
from candidates import verdict

FAR_MSEC = 200
FAR_CLIENTS, FAR_WORKERS = 200, 256
FAR_LOGINS_PER_SEC = 900        # of 1000 that such a server can give
FAR_KB = 150 * 1000
WORKER_COUNTS = (64, 256)
OTHER_ADDRESS = "127.0.0.3"
FIRST_SEC, NEXT_SEC = 3, 0.1    # the request that finds it out; the next
DOWN_REQUESTS, DOWN_CLIENTS = 20, 8


def run_far(bench, args):
    """Stock has as many workers from the start."""
    bench.password = slapd.PASSWORD
    flags = {"ours": ["--set", f"workers_max={FAR_WORKERS}"],
             "stock": ["-n", str(FAR_WORKERS)]}
    print(f"{FAR_CLIENTS} clients, a server that answers after {FAR_MSEC} "
          "ms: logins/s, p99 ms, refused or not answered, PSS MB")
    with ldap.directory(delay_msec=FAR_MSEC) as server:
        for method in ldap.METHODS:
            for name in ("ours", "stock"):
                candidate = getattr(bench, name)
                with ldap.running(candidate, method, [server.uri],
                                  flags[name]):
                    far(bench, args, method, candidate)


def far(bench, args, method, candidate):
    figures, pss = [], 0
    # Until all workers are there.
    ldap.log_in(bench, candidate, "-c", str(FAR_CLIENTS), "-t", "3",
                strict=False)
    for _ in range(args.rounds):
        figures.append(ldap.log_in(
            bench, candidate, "-c", str(FAR_CLIENTS), "-t",
            str(args.seconds), strict=False))
        pss = max(pss, candidate.pss_kb())
    speed = statistics.median(f["requests_per_second"] for f in figures)
    late = statistics.median(f["p99_usec"] for f in figures) / 1000
    bad = sum(f["unexpected"] + f["failed"] for f in figures)
    print(f"{method:9}{candidate.name:6}{speed:8.0f}{late:8.0f}{bad:8.0f}"
          f"{pss / 1000:8.1f}  ({candidate.workers()} workers)")
    if candidate.name == "ours" and method == "fastbind":
        print(f"at least {FAR_LOGINS_PER_SEC}/s: "
              f"{verdict(speed >= FAR_LOGINS_PER_SEC and bad == 0)}; below "
              f"{FAR_KB / 1000:.0f} MB: {verdict(pss < FAR_KB)}")


def run_memory(bench, args):
    bench.password = slapd.PASSWORD
    print("memory, kB PSS: idle (just started), and after every worker has "
          "been asked")
    with ldap.directory(delay_msec=FAR_MSEC) as server:
        for count in WORKER_COUNTS:
            for name in ("ours", "stock"):
                candidate = getattr(bench, name)
                with ldap.running(candidate, "bind", [server.uri],
                                  ["-n", str(count), *args.flags]):
                    memory(bench, candidate, count)


def memory(bench, candidate, count):
    # Theirs connect at once, and that takes a while.
    time.sleep(2)
    idle = candidate.pss_kb()
    ldap.log_in(bench, candidate, "-c", str(count), "-n", str(4 * count))
    roles = candidate.memory_kb()
    loaded = sum(sums[1] for sums in roles.values())
    print(f"{candidate.name:6}{candidate.workers():4} workers: "
          f"{idle:7} idle, {loaded:7} loaded, "
          f"{loaded / candidate.workers():6.0f} per worker; " +
          ", ".join(f"{role} {sums[1]}" for role, sums in
                    sorted(roles.items())))


def ask(candidate, number):
    """Seconds, and whether it was OK."""
    begin = time.monotonic()
    reply = wire.request(candidate.socket, slapd.crowd_uid(number),
                         slapd.PASSWORD)
    return time.monotonic() - begin, reply == b"OK"


def run_down(bench, args):
    """One request after the other, and then many at once, at two servers of
    which the first is stopped meanwhile: it accepts, and does not answer."""
    bench.password = slapd.PASSWORD
    firsts, nexts, together = [], [], []
    with ldap.directory() as one, \
            ldap.directory(address=OTHER_ADDRESS) as other:
        for at in range(args.rounds):
            with ldap.running(bench.ours, "bind", [one.uri, other.uri],
                              args.flags):
                first, rest = down(bench, one)
                firsts.append(first)
                nexts += rest
            with ldap.running(bench.ours, "bind", [one.uri, other.uri],
                              args.flags):
                together.append(down_together(bench, one))
            print(f"round {at + 1} of {args.rounds} done", file=sys.stderr)
    print(f"first of two servers hangs, {args.rounds} times: the next "
          f"request took {max(firsts):.2f} s at most, the {len(nexts)} "
          f"after it {max(nexts):.3f} s at most, "
          f"{statistics.median(nexts) * 1000:.1f} ms in the middle")
    print(f"at most {FIRST_SEC} s: {verdict(max(firsts) <= FIRST_SEC)}; "
          f"the next below {NEXT_SEC} s: {verdict(max(nexts) < NEXT_SEC)}")
    print(f"under {DOWN_CLIENTS} clients: the slowest took "
          f"{max(f['max_usec'] for f in together) / 1e6:.2f} s, "
          f"{sum(f['unexpected'] + f['failed'] for f in together):.0f} of "
          f"{sum(f['requests'] for f in together):.0f} not accepted")


def warm(bench):
    ldap.log_in(bench, bench.ours, "-c", "8", "-n",
                str(ldap.WARM_UP_REQUESTS))


def down(bench, server):
    warm(bench)
    server.pause()
    try:
        answers = [ask(bench.ours, i) for i in range(DOWN_REQUESTS)]
    finally:
        server.resume()
    if not all(good for _, good in answers):
        sys.exit("ours: wrong answers while a server hangs")
    return answers[0][0], [sec for sec, _ in answers[1:]]


def down_together(bench, server):
    warm(bench)
    server.pause()
    try:
        return ldap.log_in(bench, bench.ours, "-c", str(DOWN_CLIENTS), "-t",
                           "5", strict=False)
    finally:
        server.resume()
