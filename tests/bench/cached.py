# SPDX-License-Identifier: BSD-2-Clause
"""Answers from the cache: ours, stock and the floor, in turn."""
import statistics
import sys

from lib import users

from candidates import verdict

USER, SERVICE = "passwd-cached", "imap"
MANY = 512
# Enough that every worker of stock has been asked; its cache is shared.
WARM_UP_REQUESTS = 40

FIGURES = (("CPU us/answer", "cpu_usec"),
           ("answers/s", "requests_per_second"),
           ("p50 us", "p50_usec"), ("p99 us", "p99_usec"),
           ("EAGAIN", "refused"))

# What the figures ought to be: clients, figure, against whom, bound.
BOUNDS = ((64, "cpu_usec", "stock", "<=", 0.5),
          (64, "cpu_usec", "floor", "<=", 1.5),
          (64, "requests_per_second", "stock", ">=", 1.5),
          (64, "requests_per_second", "floor", ">=", 0.8),
          (1, "p50_usec", "stock", "<=", 0.9),
          (MANY, "p99_usec", "stock", "<=", 0.7))


def met(value, relation, bound):
    return value <= bound if relation == "<=" else value >= bound


def measure(bench, args, counts):
    """Median figures by (clients, candidate's name). The three run side by
    side, and each measurement of one is followed by the others'."""
    candidates = (bench.ours, bench.stock, bench.floor)
    for candidate in candidates:
        candidate.start("getpwent", ["-c", *args.flags])
        bench.load(candidate, [USER], SERVICE, "-n", str(WARM_UP_REQUESTS))
    collected = {}
    for at in range(args.rounds):
        candidates = candidates[::-1]   # nobody is always the first
        for count in counts:
            for candidate in candidates:
                collected.setdefault((count, candidate.name), []).append(
                    bench.timed_load(candidate, [USER], SERVICE, "-c",
                                     str(count), "-t", str(args.seconds)))
        print(f"round {at + 1} of {args.rounds} done", file=sys.stderr)
    for candidate in candidates:
        candidate.stop()
    return {key: {figure: statistics.median(f[figure] for f in figures)
                  for _, figure in FIGURES}
            for key, figures in collected.items()}


def print_figures(medians, counts):
    print(f"{'cached answers':16}{'clients':>8}{'ours':>10}{'stock':>10}"
          f"{'floor':>10}{'ours/stock':>12}{'ours/floor':>12}")
    for title, figure in FIGURES:
        for count in counts:
            ours, stock, floor = (medians[count, name][figure]
                                  for name in ("ours", "stock", "floor"))
            ratios = "".join(f"{ours / other:12.2f}" if other else f"{'':12}"
                             for other in (stock, floor))
            print(f"{title:16}{count:8}{ours:10.1f}{stock:10.1f}"
                  f"{floor:10.1f}{ratios}")


def print_verdicts(medians):
    print()
    for count, figure, other, relation, bound in BOUNDS:
        ratio = medians[count, "ours"][figure] / medians[count, other][figure]
        print(f"{figure} at {count} clients, ours / {other}: {ratio:.2f}, "
              f"{relation} {bound} wanted: "
              f"{verdict(met(ratio, relation, bound))}")
    refused = medians[MANY, "ours"]["refused"]
    print(f"EAGAIN on connect with {MANY} clients: {refused:.0f}, 0 wanted: "
          f"{verdict(refused == 0)}")


def run(bench, args):
    counts = sorted(set(args.clients) | {b[0] for b in BOUNDS})
    users.add(USER, bench.password, in_passwd=True)
    medians = measure(bench, args, counts)
    print_figures(medians, counts)
    print_verdicts(medians)
